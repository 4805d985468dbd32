import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { hostileHubAttempts } from './hostile-hub.attempts.js';
import { HostileHubScene } from './hostile-hub.scene.js';

describe('who owns the bus, but not the key that signs manifests', () => {
  let scene: HostileHubScene;

  beforeAll(async () => {
    scene = await HostileHubScene.open();
  }, 120_000);
  afterAll(() => scene.close());

  it.each(hostileHubAttempts.attempts)(
    '$name: $stoppedBy',
    async ({ run }) => {
      await run(scene);
      await scene.isUnharmed();
    },
    120_000,
  );
});
