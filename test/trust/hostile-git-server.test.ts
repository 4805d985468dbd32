import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { hostileGitServerAttempts } from './hostile-git-server.attempts.js';
import { HostileGitServerScene } from './hostile-git-server.scene.js';

describe('who names a source, or holds the server behind it', () => {
  let scene: HostileGitServerScene;

  beforeAll(async () => {
    scene = await HostileGitServerScene.open();
  }, 60_000);
  afterAll(() => scene?.close());

  it.each(hostileGitServerAttempts.attempts)(
    '$name: $stoppedBy',
    async ({ run }) => {
      await run(scene);
      await scene.isUnharmed();
    },
    60_000,
  );
});
