import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { hostileChartServerAttempts } from './hostile-chart-server.attempts.js';
import { HostileChartServerScene } from './hostile-chart-server.scene.js';

describe('who names a chart, or holds the server behind it', () => {
  let scene: HostileChartServerScene;

  beforeAll(async () => {
    scene = await HostileChartServerScene.open();
  }, 60_000);
  afterAll(() => scene?.close());

  it.each(hostileChartServerAttempts.attempts)(
    '$name: $stoppedBy',
    async ({ run }) => {
      await run(scene);
      await scene.isUnharmed();
    },
    60_000,
  );
});
