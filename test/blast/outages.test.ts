import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JumpingClock } from '../helpers/jumping-clock.js';
import { OutsideBroker } from '../helpers/outside-broker.js';
import { BlastFleet, SCENARIO_MS } from './blast-fleet.js';

const HOUR_MS = 3_600_000;

describe('in the middle of a wave', () => {
  const broker = new OutsideBroker();
  const hubClock = new JumpingClock();
  const agentClock = new JumpingClock();
  let fleet: BlastFleet;
  beforeAll(async () => {
    const prepare = (folder: string): Promise<Record<string, string>> => broker.start(folder);
    fleet = await BlastFleet.start({ clock: hubClock, agentClock, prepare });
  }, SCENARIO_MS);
  afterAll(async () => {
    await fleet?.stop();
    await broker.stop();
  }, SCENARIO_MS);

  /** Shorter limits than the absence, and a soak that the release survives at first. */
  const strict = { ackTimeout: '3s', progressDeadline: '4s', healthyFor: '500ms', soak: '10s' };
  const tag = '1.1.0-crash-after-19s';
  const ABSENCE_MS = 11_000;

  it(
    'a hub that is away for a whole soak goes on with it when it is back: it was not watching',
    async () => {
      const shop = await fleet.shop('hub-restart');
      await shop.strategy({ wave: strict });
      const first = fleet.ring('first');
      const release = await shop.release(tag);
      await shop.until('the first wave soaks', ({ waves }) => waves[0]?.phase === 'soaking');
      await fleet.test.restart(() => sleep(ABSENCE_MS));
      const back = await shop.rollout();
      expect(back).toMatchObject({ wave: 0, paused: false, counts: { passed: 3, failed: 0, deferred: 0 } });
      expect((await shop.whyRollout()).sentence).toMatch(/release 2 runs: wave first soaks for another \d+s/);
      await shop.heldInFirstWave(release);
      shop.confinedTo(first, tag);
      const why = await shop.whyRollout();
      expect(why.sentence).toMatch(/release 2 is paused: \d clusters? failed in wave first, 0 may/);
      expect(why.evidence.join('\n')).toMatch(/Cluster first-\d failed \(regressed\)/);
    },
    SCENARIO_MS,
  );

  it(
    'a bus that is away for longer than every deadline fails nobody and opens nothing',
    async () => {
      const shop = await fleet.shop('bus-restart');
      await shop.strategy({ wave: strict });
      const first = fleet.ring('first');
      const release = await shop.release(tag);
      await shop.reaches(tag, first);
      await broker.restart(async () => {
        await sleep(ABSENCE_MS);
        // It is ready everywhere by now, and nobody could say so.
        for (const name of first) expect(shop.isReady(name, tag)).toBe(true);
        expect(await shop.rollout()).toMatchObject({ wave: 0, paused: false, counts: { failed: 0, deferred: 0 } });
      });
      const soaking = await shop.until(
        'the first wave soaks',
        ({ waves, paused }) => paused || waves[0]?.phase === 'soaking',
      );
      expect(soaking).toMatchObject({ paused: false, counts: { passed: 3, failed: 0, deferred: 0 } });
      await shop.heldInFirstWave(release);
      shop.confinedTo(first, tag);
      const why = await shop.whyRollout();
      expect(why.sentence).toMatch(/release 2 is paused: \d clusters? failed in wave first, 0 may/);
      expect(why.evidence.join('\n')).toMatch(/Cluster first-\d failed \(regressed\)/);
    },
    SCENARIO_MS,
  );

  it(
    'a bus that comes back without its disk is given everything again, and the later waves find the bundles of their release',
    async () => {
      const shop = await fleet.shop('bus-lost');
      const gate = { after: [{ name: 'look', approval: {} }] };
      await shop.strategy({ byRing: { first: gate } });
      const first = fleet.ring('first');
      const good = '1.1.0';
      await shop.release(good);
      await shop.until('the first wave waits for a yes', ({ waves }) => waves[0]?.phase === 'gateAfter');
      await broker.restart(() => broker.loseDisk());
      await shop.runs(good, first);
      expect(await shop.rollout()).toMatchObject({ wave: 0, counts: { failed: 0, deferred: 0 } });
      const ada = await fleet.person('ada', 'approver', 'ada@flotilla.example');
      await ada.post(`/api/v1/rollouts/${shop.name}/approve`, {});
      await shop.runs(good);
      await shop.until('it is done', ({ state }) => state === 'succeeded');
    },
    SCENARIO_MS,
  );

  it(
    'clocks that jump end no soak and no healthyFor: neither the hub’s nor the agents’',
    async () => {
      const shop = await fleet.shop('clock-jump');
      await shop.strategy({ wave: { ...strict, progressDeadline: '60s', ackTimeout: '30s' } });
      const first = fleet.ring('first');
      const tag = '1.1.0-crash-after-7s';
      const release = await shop.release(tag);
      await shop.reaches(tag, first);
      agentClock.jump(HOUR_MS);
      hubClock.jump(HOUR_MS);
      await shop.until('the first wave soaks', ({ waves }) => waves[0]?.phase === 'soaking');
      hubClock.jump(HOUR_MS);
      agentClock.jump(-2 * HOUR_MS);
      await sleep(1000);
      hubClock.jump(-2 * HOUR_MS);
      await shop.heldInFirstWave(release);
      shop.confinedTo(first, tag);
      for (const name of first) expect(fleet.clusters.truth.steadyMs(name, shop.name, tag)).toBeGreaterThan(500);
      const why = await shop.whyRollout();
      expect(why.sentence).toMatch(/release 2 is paused: \d clusters? failed in wave first, 0 may/);
      expect(why.evidence.join('\n')).toMatch(/Cluster first-\d failed \(regressed\)/);
    },
    SCENARIO_MS,
  );
});
