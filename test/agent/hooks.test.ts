import { expect, it } from '@jest/globals';
import { describeHooksSuite } from './hooks-suite.js';
import { openSimulated } from './open-simulated.js';
import { rigOn } from './rig.js';
import { job } from './samples.js';

describeHooksSuite('a simulated cluster', openSimulated, [2, 3, 4, 5, 6, 8, 9, 10]);

it(
  'tells a hook whose pod never starts, while it is still waited for',
  () =>
    rigOn(openSimulated)(async (rig) => {
      await rig.start();
      const hook = job('migrate', { 'helm.sh/hook': 'pre-install' }, 'registry.example/job:bad');
      await rig.assign([job('after'), hook]);
      const report = await rig.hub.until(rig.application, ({ phase }) => phase === 'failed', 90_000);
      expect(report.message).toMatch(/^Job \S+migrate: it does not come to its end: (ErrImagePull|ImagePullBackOff)/);
    }),
  180_000,
);
