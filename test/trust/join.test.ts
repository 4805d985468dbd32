import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { joinAttempts } from './join.attempts.js';
import { JoinScene } from './join.scene.js';

describe('at the doors by which agents come in', () => {
  let scene: JoinScene;

  beforeAll(async () => {
    scene = await JoinScene.open();
  }, 120_000);
  afterAll(() => scene?.close(), 60_000);

  it.each(joinAttempts.attempts)('$name: $stoppedBy', ({ run }) => run(scene), 120_000);
});
