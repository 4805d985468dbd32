import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { hostileRepositoryAttempts } from './hostile-repository.attempts.js';
import { HostileRepositoryScene } from './hostile-repository/scene.js';

describe('who may push to a repository', () => {
  let scene: HostileRepositoryScene;

  beforeAll(async () => {
    scene = await HostileRepositoryScene.open();
  }, 600_000);
  afterAll(() => scene?.close());

  it.each(hostileRepositoryAttempts.attempts)(
    '$name: $stoppedBy',
    async ({ run }) => {
      await run(scene);
      await scene.isUnharmed();
    },
    120_000,
  );
});
