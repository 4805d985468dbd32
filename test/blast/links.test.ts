import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClusterView } from '#contract';
import { eventually } from '../helpers/test-hub.js';
import { BlastFleet, clusterPlan, SCENARIO_MS } from './blast-fleet.js';

describe('when clusters come, go, or cannot be reached', () => {
  let fleet: BlastFleet;
  beforeAll(async () => void (fleet = await BlastFleet.start({ env: { FLOTILLA_HEARTBEAT: '2s' } })), SCENARIO_MS);
  afterAll(() => fleet?.stop(), SCENARIO_MS);

  const show = (names: readonly string[], status: ClusterView['status']): Promise<unknown> =>
    eventually(
      `${names.join(', ')} show as ${status}`,
      () => Promise.all(names.map((name) => fleet.test.api.get<ClusterView>(`/api/v1/clusters/${name}`))),
      (views) => views.every((view) => view.status === status),
      60_000,
    );
  const label = (name: string, ring: string): Promise<unknown> =>
    fleet.test.api
      .get<ClusterView>(`/api/v1/clusters/${name}`)
      .then(({ labels }) => fleet.test.api.patch(`/api/v1/clusters/${name}`, { labels: { ...labels, ring } }));

  it(
    'a fifth of the fleet being offline neither opens the next wave nor gets the bad release when it is back',
    async () => {
      const shop = await fleet.shop('fifth-offline');
      await shop.strategy({ byRing: { first: { maxUnreachable: 1 }, third: { maxUnreachable: 1 } } });
      const away = ['first-3', 'third-4'];
      await fleet.cutOff(away);
      await show(away, 'offline');
      const release = await shop.release('1.1.0-crash');
      await shop.heldInFirstWave(release);
      expect((await shop.targets()).get('first-3')).toMatchObject({ state: 'deferred' });
      await fleet.bringBack(away);
      await show(away, 'ready');
      await sleep(1500);
      shop.confinedTo(['first-1', 'first-2'], '1.1.0-crash');
      expect((await shop.whyRollout()).sentence).toMatch(
        /release 2 is paused: \d clusters? failed in wave first, 0 may/,
      );
      await shop.rollBack();
      await shop.runs('1.0.0');
    },
    SCENARIO_MS,
  );

  it(
    'a release that cuts the links of its clusters counts as failed there, however many may be unreachable',
    async () => {
      const shop = await fleet.shop('link-cut');
      // A careless budget for the unreachable: what is silent after it has begun is no such cluster.
      const wave = { maxUnreachable: '100%', ackTimeout: '9s', progressDeadline: '9s', healthyFor: '6s' };
      await shop.strategy({ wave });
      const first = fleet.ring('first');
      const release = await shop.release('1.1.0');
      await shop.reaches('1.1.0', first);
      await fleet.cutOff(first);
      await shop.heldInFirstWave(release);
      const why = await shop.whyRollout();
      expect(why.sentence).toMatch(/release 2 is paused: \d clusters? failed in wave first, 0 may/);
      expect(why.evidence.join('\n')).toMatch(/Cluster first-\d failed \(lost\)/);
      // In the clusters themselves all is well by now, and nobody hears of it: silence is not health.
      await shop.runs('1.1.0', first);
      await sleep(3000);
      await shop.command('rollback', { reason: 'it cuts links' });
      await fleet.bringBack(first);
      await shop.runs('1.0.0');
      shop.confinedTo(first, '1.1.0');
    },
    SCENARIO_MS,
  );

  it(
    'a rollback while half of the fleet is offline keeps the bad release from those that come back',
    async () => {
      const shop = await fleet.shop('half-offline');
      const selector = { matchExpressions: [{ key: 'ring', operator: 'In', values: ['first', 'second'] }] };
      await shop.strategy({ wave: { maxUnreachable: '100%', ackTimeout: '5s' }, byRing: { first: { selector } } });
      const away = ['first-2', 'first-3', 'second-1', 'third-1', 'third-2'];
      const reached = ['first-1', 'second-2', 'second-3'];
      // So suddenly that the hub does not know yet: the release is assigned to them, and waits for them on the bus.
      await fleet.cutOff(away);
      await shop.release('1.1.0-unready');
      await shop.until('it is assigned', ({ counts }) => (counts.assigned ?? 0) >= 3);
      await shop.reaches('1.1.0-unready', reached);
      await shop.until('they are given up', ({ counts }) => counts.deferred === 3);
      const { rollout } = await shop.command('rollback', { reason: 'it never gets ready' });
      expect(rollout).toMatchObject({ kind: 'rollback', release: 2 });
      expect((await shop.whyRollout()).sentence).toMatch(/Rollback half-offline-3 of release 2/);
      await shop.runs('1.0.0', reached);
      await fleet.bringBack(away);
      await show(away, 'ready');
      await shop.ended(rollout.id);
      await shop.runs('1.0.0');
      shop.confinedTo(reached, '1.1.0-unready');
      expect((await shop.whyRollout(rollout.id)).sentence).toMatch(/Rollback half-offline-3 of release 2 succeeded/);
    },
    SCENARIO_MS,
  );

  it(
    'clusters that are relabelled in the middle of a wave stay in the waves that they were planned in',
    async () => {
      const shop = await fleet.shop('relabel');
      await shop.strategy({ wave: { progressDeadline: '8s' } });
      const first = fleet.ring('first');
      const release = await shop.release('1.1.0-unready');
      await shop.reaches('1.1.0-unready', first);
      try {
        await label('second-1', 'first');
        await label('third-1', 'first');
        await label('first-3', 'third');
        const held = await shop.heldInFirstWave(release);
        expect(held.waves.map(({ total }) => total)).toEqual([3, 3, 4]);
        await sleep(1500);
      } finally {
        await label('second-1', 'second');
        await label('third-1', 'third');
        await label('first-3', 'first');
      }
      shop.confinedTo(first, '1.1.0-unready');
      expect((await shop.whyRollout()).sentence).toMatch(
        /release 2 is paused: \d clusters? failed in wave first, 0 may/,
      );
    },
    SCENARIO_MS,
  );

  it(
    'a cluster that joins in the middle of a wave gets what the fleet is sure of, not what it tries',
    async () => {
      const shop = await fleet.shop('join');
      await shop.strategy({ wave: { progressDeadline: '8s' } });
      const first = fleet.ring('first');
      const release = await shop.release('1.1.0-unready');
      await shop.reaches('1.1.0-unready', first);
      await fleet.clusters.add(clusterPlan('first-9', 'first', 0));
      await show(['first-9'], 'ready');
      await shop.heldInFirstWave(release);
      expect((await shop.whyRollout()).sentence).toMatch(
        /release 2 is paused: \d clusters? failed in wave first, 0 may/,
      );
      expect((await shop.targets()).has('first-9')).toBe(false);
      await shop.rollBack();
      await shop.runs('1.0.0', [...fleet.ring('first', 'second', 'third'), 'first-9']);
      shop.confinedTo(first, '1.1.0-unready');
    },
    SCENARIO_MS,
  );
});
