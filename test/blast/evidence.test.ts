import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AgentReport } from '#domain';
import { BlastFleet, SCENARIO_MS } from './blast-fleet.js';
import { apiShowsTheVerdictOfBefore, repeat } from './mishaps.js';

const read = (body: Uint8Array): AgentReport => JSON.parse(Buffer.from(body).toString('utf8')) as AgentReport;

describe('what counts as evidence', () => {
  let fleet: BlastFleet;
  beforeAll(async () => void (fleet = await BlastFleet.start()), SCENARIO_MS);
  afterAll(() => fleet?.stop(), SCENARIO_MS);

  it(
    'is no status of the release before: neither from an API server that lags nor from a network that repeats it',
    async () => {
      const shop = await fleet.shop('stale-status');
      await shop.strategy({ wave: { progressDeadline: '5s' } });
      const first = fleet.ring('first');
      const { truth } = fleet.clusters;
      const words = first.map((name) => fleet.clusters.said(name, shop.name).at(-1) ?? new Uint8Array());
      expect(words.map(read)).toEqual(first.map(() => expect.objectContaining({ phase: 'healthy' })));
      for (const name of first) fleet.clusters.cluster(name).cluster.pauseControllers(true);
      const stop = repeat(250, () =>
        Promise.all(
          first.map((name, index) => fleet.clusters.sayAgain(name, shop.name, words[index] ?? new Uint8Array())),
        ),
      );
      try {
        const release = await shop.release('1.1.0-crash');
        await shop.reaches('1.1.0-crash', first);
        // The trap itself: the new image is in the spec, and the status says that all is well, of the old one.
        for (const name of first) expect(apiShowsTheVerdictOfBefore(fleet, name, shop.name)).toBe(true);
        await shop.heldInFirstWave(release);
        for (const name of first) expect(truth.steadyMs(name, shop.name, '1.1.0-crash')).toBe(0);
      } finally {
        stop();
        for (const name of first) fleet.clusters.cluster(name).cluster.pauseControllers(false);
      }
      shop.confinedTo(first, '1.1.0-crash');
      const why = await shop.whyRollout();
      expect(why.sentence).toMatch(/release 2 is paused: \d clusters? failed in wave first, 0 may/);
      expect(why.evidence.join('\n')).toMatch(/Cluster first-\d failed \(deadline\)/);
    },
    SCENARIO_MS,
  );

  it(
    'is nothing that an agent says which was stopped in the middle of applying, before it has made sure',
    async () => {
      const shop = await fleet.shop('agent-restart');
      await shop.apply(shop.application({ validation: { schema: 'off', dryRun: false } }));
      const first = fleet.ring('first');
      const heal = first.map((name) =>
        fleet.clusters.cluster(name).cluster.setFault({
          methods: ['PATCH'],
          path: `/namespaces/${shop.name}/deployments/web$`,
          latencyMs: 4_000,
        }),
      );
      const tag = '1.1.0-crash';
      const release = await shop.release(tag);
      await shop.reaches(tag, first);
      // The settings are there, and the workload is still that of before, healthy.
      for (const name of first) expect(shop.isReady(name, '1.0.0')).toBe(true);
      await Promise.all(first.map((name) => fleet.clusters.stopAgent(name)));
      for (const name of first) expect(shop.isReady(name, '1.0.0')).toBe(true);
      for (const stop of heal) stop();
      await Promise.all(first.map((name) => fleet.clusters.startAgent(name)));
      await shop.heldInFirstWave(release);
      shop.confinedTo(first, tag);
      const why = await shop.whyRollout();
      expect(why.sentence).toMatch(/release 2 is paused: \d clusters? failed in wave first, 0 may/);
      expect(why.evidence.join('\n')).toMatch(/Cluster first-\d failed \(health\)/);
    },
    SCENARIO_MS,
  );
});
