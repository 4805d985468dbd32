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

  /** Shorter limits than any absence, and a soak that is longer than it takes the release to break. */
  const strict = { ackTimeout: '3s', progressDeadline: '4s', healthyFor: '500ms', soak: '18s' };
  const tag = '1.1.0-crash-after-14s';
  const ABSENCE_MS = 4500;

  it(
    'a hub that is away opens nothing when it is back, and fails nobody for its own absence',
    async () => {
      const shop = await fleet.shop('hub-restart');
      await shop.strategy({ wave: strict });
      const first = fleet.ring('first');
      const release = await shop.release(tag);
      await shop.reaches(tag, first);
      await fleet.test.restart(() => sleep(ABSENCE_MS));
      // Nobody was judged by a clock that ran while nobody listened.
      const soaking = await shop.until(
        'the first wave soaks',
        ({ waves, paused }) => paused || waves[0]?.phase === 'soaking',
      );
      expect(soaking).toMatchObject({ counts: { passed: 3, failed: 0, deferred: 0 }, holds: [{ code: 'soak' }] });
      await shop.heldInFirstWave(release);
      shop.confinedTo(first, tag);
      const why = await shop.whyRollout();
      expect(why.sentence).toMatch(/release 2 is paused: \d clusters? failed in wave first, 0 may/);
      expect(why.evidence.join('\n')).toMatch(/Cluster first-\d failed \(regressed\)/);
    },
    SCENARIO_MS,
  );

  it(
    'a bus that is away opens nothing when it is back, and fails nobody for its own absence',
    async () => {
      const shop = await fleet.shop('bus-restart');
      await shop.strategy({ wave: strict });
      const first = fleet.ring('first');
      const release = await shop.release(tag);
      await shop.reaches(tag, first);
      await broker.restart(() => sleep(ABSENCE_MS));
      const soaking = await shop.until(
        'the first wave soaks',
        ({ waves, paused }) => paused || waves[0]?.phase === 'soaking',
      );
      expect(soaking).toMatchObject({ counts: { passed: 3, failed: 0, deferred: 0 }, holds: [{ code: 'soak' }] });
      await shop.heldInFirstWave(release);
      shop.confinedTo(first, tag);
      const why = await shop.whyRollout();
      expect(why.sentence).toMatch(/release 2 is paused: \d clusters? failed in wave first, 0 may/);
      expect(why.evidence.join('\n')).toMatch(/Cluster first-\d failed \(regressed\)/);
    },
    SCENARIO_MS,
  );

  it(
    'clocks that jump end no soak and no healthyFor: neither the hub’s nor the agents’',
    async () => {
      const shop = await fleet.shop('clock-jump');
      await shop.strategy({ wave: { ...strict, progressDeadline: '60s', ackTimeout: '30s' } });
      const first = fleet.ring('first');
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
