import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { fuzzAttempts } from './fuzz.attempts.js';
import { FuzzScene, SEED } from './fuzz.scene.js';

describe(`a hub that is sent what nobody expects (FLOTILLA_SEED=${SEED})`, () => {
  let scene: FuzzScene;

  beforeAll(async () => {
    scene = await FuzzScene.open();
  }, 120_000);
  afterAll(() => scene?.close(), 60_000);

  it.each(fuzzAttempts.attempts)(
    '$name: $stoppedBy',
    async ({ run }) => {
      await run(scene);
      await scene.isUnharmed();
    },
    180_000,
  );
});
