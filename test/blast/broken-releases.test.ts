import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BlastFleet, SCENARIO_MS } from './blast-fleet.js';
import { keepKillingPods } from './mishaps.js';

describe('a release that does not work', () => {
  let fleet: BlastFleet;
  beforeAll(async () => void (fleet = await BlastFleet.start()), SCENARIO_MS);
  afterAll(() => fleet?.stop(), SCENARIO_MS);

  it(
    'whose image cannot be pulled stays in the first wave',
    async () => {
      const shop = await fleet.shop('bad-image');
      const release = await shop.release('1.1.0-bad');
      await shop.heldInFirstWave(release);
      shop.confinedTo(fleet.ring('first'), '1.1.0-bad');
      // What ran before goes on beside the Pods that can't start, everywhere else untouched.
      await shop.runs('1.0.0', fleet.ring('second', 'third'));
      const why = await shop.whyRollout();
      expect(why.sentence).toMatch(/release 2 is paused: \d clusters? failed in wave first, 0 may/);
      expect(why.evidence.join('\n')).toMatch(/Cluster first-\d failed .*web.*pull/i);
      expect((await shop.rollBack()).state).toBe('succeeded');
      await shop.runs('1.0.0');
    },
    SCENARIO_MS,
  );

  it(
    'and crashes long after it was ready is caught by the soak of the first wave',
    async () => {
      const shop = await fleet.shop('late-crash');
      // A minute's soak against a crash after thirty seconds, in a fifth of the time.
      await shop.strategy({ wave: { soak: '12s' } });
      const release = await shop.release('1.1.0-crash-after-6s');
      await shop.until('the first wave soaks', ({ waves }) => waves[0]?.phase === 'soaking');
      await shop.heldInFirstWave(release);
      // All of them had passed by then: but for the soak, the next wave would have it.
      for (const name of fleet.ring('first')) {
        expect(fleet.clusters.truth.steadyMs(name, shop.name, '1.1.0-crash-after-6s')).toBeGreaterThan(500);
      }
      shop.confinedTo(fleet.ring('first'), '1.1.0-crash-after-6s');
      expect((await shop.whyRollout()).sentence).toMatch(
        /release 2 is paused: \d clusters? failed in wave first, 0 may/,
      );
      expect((await shop.whyRollout()).evidence.join('\n')).toMatch(/Cluster first-\d failed \(regressed\)/);
    },
    SCENARIO_MS,
  );

  it(
    'that an admission webhook denies in the first wave reaches nobody who would let it in',
    async () => {
      const shop = await fleet.shop('denied');
      // What is tried beforehand has a test of its own: here the agents are to find out.
      await shop.apply(shop.application({ validation: { schema: 'off', dryRun: false } }));
      const heal = fleet.ring('first').map((name) =>
        fleet.clusters.cluster(name).cluster.setFault({
          methods: ['PATCH', 'POST'],
          path: `/namespaces/${shop.name}/deployments/web$`,
          status: 403,
          message: 'admission webhook "signed.example" denied the request: the image is not signed',
        }),
      );
      try {
        const release = await shop.release('1.1.0');
        await shop.heldInFirstWave(release);
        // Not even there: it is dry-run as a whole before anything of it is written.
        expect(shop.touched('1.1.0')).toEqual([]);
        // Once the policy is gone, the agents that have it assigned may go on with it, and they alone.
        shop.staysIn(fleet.ring('first'), '1.1.0');
        await shop.runs('1.0.0');
        const why = await shop.whyRollout();
        expect(why.sentence).toMatch(/release 2 is paused: \d clusters? failed in wave first, 0 may/);
        expect(why.evidence.join('\n')).toMatch(/Cluster first-\d failed \(sync\).*denied the request/);
      } finally {
        for (const stop of heal) stop();
      }
    },
    SCENARIO_MS,
  );

  it(
    'for long enough at a time, flapping, never passes',
    async () => {
      const shop = await fleet.shop('flapping');
      await shop.strategy({ wave: { healthyFor: '3s', progressDeadline: '10s' } });
      const tag = '1.1.0-slow-200ms';
      const stop = keepKillingPods(fleet, shop.name, tag, fleet.ring('first'), 900);
      try {
        await shop.heldInFirstWave(await shop.release(tag));
      } finally {
        stop();
      }
      for (const name of fleet.ring('first')) {
        const steady = fleet.clusters.truth.steadyMs(name, shop.name, tag);
        // Ready it was, again and again, and not once for as long as the strategy asks.
        expect(
          fleet.clusters.truth.sights(name, shop.name).filter((each) => each.tag === tag && each.ready).length,
        ).toBeGreaterThan(2);
        expect(steady).toBeGreaterThan(100);
        expect(steady).toBeLessThan(3000);
      }
      shop.confinedTo(fleet.ring('first'), tag);
      expect((await shop.whyRollout()).sentence).toMatch(
        /release 2 is paused: \d clusters? failed in wave first, 0 may/,
      );
      expect((await shop.whyRollout()).evidence.join('\n')).toMatch(/Cluster first-\d failed \((deadline|health)\)/);
    },
    SCENARIO_MS,
  );
});
