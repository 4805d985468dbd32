import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { hostileDatabaseAttempts } from './hostile-database.attempts.js';
import { HostileDatabaseScene } from './hostile-database.scene.js';

describe('who writes to the database and the bus, and holds no key file', () => {
  let scene: HostileDatabaseScene;

  beforeAll(async () => {
    scene = await HostileDatabaseScene.open();
  }, 180_000);
  afterAll(() => scene?.close(), 60_000);

  it.each(hostileDatabaseAttempts.attempts)(
    '$name: $stoppedBy',
    async ({ run }) => {
      await run(scene);
      await scene.honestRelease();
    },
    180_000,
  );
});
