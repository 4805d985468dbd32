import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ControlPlane, startControlPlane } from '#control-plane';
import { Unruly, version, WAIT_MS } from './unruly-cluster.js';

/** Twenty seconds unless told; a night's run may take the minute. */
const OUTAGE_MS = Number(process.env['FLOTILLA_ETCD_OUTAGE_SECONDS'] ?? '20') * 1000;
/** After so long without its heartbeat a node counts as lost, and its pods as not ready. */
const NODE_LOST_MS = 30_000;

describe('a control plane', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-etcd-outage-'));
  let plane: ControlPlane;
  let unruly: Unruly;

  beforeAll(async () => {
    plane = await startControlPlane({ folder, name: 'outage' });
    unruly = await Unruly.open(plane);
    // Verified all the time, so that the outage meets a verification under way.
    await unruly.start({ timing: { verifyMs: 2_000, retryMs: 500, retryMaxMs: 10_000 } });
  }, 120_000);

  afterAll(async () => {
    await unruly.close();
    await plane.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);

  it(
    'whose etcd is gone for a while changes no verdict and is not stormed; then all goes on as before',
    async () => {
      const { rig, proxy } = unruly;
      await rig.healthy(await rig.assign(version('1')), WAIT_MS);
      await sleep(1_000);
      const before = rig.hub.reports.length;
      await plane.programs.etcd.kill();
      const from = performance.now();
      await sleep(OUTAGE_MS / 2);
      // Somebody asks for more in the middle of it.
      const assigned = await rig.assign(version('2'));
      await sleep(OUTAGE_MS / 2);
      const asked = proxy.count(({ at }) => at >= from);
      const told = unruly.phases(before);
      await plane.programs.etcd.start();
      await plane.ready();
      if (OUTAGE_MS > NODE_LOST_MS) {
        // A kubelet would say of its pods that they are ready again; the one that is played here does so of new ones alone.
        await plane.kubectl(['delete', 'pods', '--all', '-n', rig.cluster.namespace]);
      }
      // The one report is that the new generation is being worked on.
      expect(told).toEqual(['progressing']);
      expect(asked).toBeLessThan(50 + (OUTAGE_MS / 1000) * 15);
      await rig.healthy(assigned, WAIT_MS);
      await unruly.changeByHand('a');
      await unruly.hasValue('a', '2');
      expect(unruly.phases(before)).not.toContain('failed');
    },
    OUTAGE_MS + 180_000,
  );

  it('whose API server is killed and comes back has its drift put back, and nothing called failed', async () => {
    const { rig } = unruly;
    const before = rig.hub.reports.length;
    await plane.programs.apiServer.kill();
    await sleep(3_000);
    await plane.programs.apiServer.start();
    await plane.ready();
    await unruly.changeByHand('b');
    await unruly.hasValue('b', '2');
    // What it says while it starts must not be taken for the last word either.
    await sleep(3_000);
    expect(unruly.phases(before).filter((phase) => phase !== 'healthy')).toEqual([]);
  }, 180_000);
});
