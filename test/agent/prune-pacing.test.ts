import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { openSimulated } from './open-simulated.js';
import { Rig } from './rig.js';
import { configMap } from './samples.js';

const opened: Rig[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((rig) => rig.close()));
});

describe('an application of which something can not be removed', () => {
  it('says so once, waits longer from try to try, and removes it when it may', async () => {
    const rig = await Rig.open(await openSimulated());
    opened.push(rig);
    await rig.start({ timing: { retryMs: 50, retryMaxMs: 2_000 } });
    await rig.healthy(await rig.assign([configMap('a'), configMap('b')]));
    let isForbidden = true;
    let looks = 0;
    rig.kube.intercept = ({ method, path }) => {
      if (!isForbidden || method !== 'GET' || !path.endsWith('/configmaps/b')) return null;
      looks += 1;
      const message = 'configmaps "b" is forbidden: cannot get resource';
      return { status: 403, body: { kind: 'Status', reason: 'Forbidden', code: 403, message } };
    };
    const next = await rig.assign([configMap('a')]);
    await rig.hub.until(
      rig.application,
      (report) => report.generation === next.generation && report.phase === 'failed',
    );
    const [reports, began] = [rig.hub.reports.length, looks];
    await sleep(3_000);
    // Doubled from 50 ms, there are seven tries in three seconds at most; each looks before it applies and before it deletes.
    expect(looks - began).toBeLessThan(20);
    expect(rig.hub.reports.length - reports).toBeLessThan(3);
    isForbidden = false;
    await rig.healthy(next);
    expect(await rig.get(`/api/v1/namespaces/${rig.cluster.namespace}/configmaps/b`)).toBeNull();
  });
});
