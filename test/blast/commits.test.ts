import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BlastFleet, SCENARIO_MS } from './blast-fleet.js';

describe('what a commit does', () => {
  let fleet: BlastFleet;
  beforeAll(async () => void (fleet = await BlastFleet.start()), SCENARIO_MS);
  afterAll(() => fleet?.stop(), SCENARIO_MS);

  it(
    'together with a placement whose selector matches nobody, is nothing: an empty list deletes nothing and opens nothing',
    async () => {
      const shop = await fleet.shop('empty-selector');
      await shop.apply(shop.application({ placement: { selector: { matchLabels: { ring: 'nowhere' } } } }));
      const answer = await shop.commit({ tag: '1.1.0-crash' });
      expect(answer.errors).toEqual([
        expect.objectContaining({ message: expect.stringMatching(/No joined cluster matches/) }),
      ]);
      expect((await shop.whyApplication()).sentence).toMatch(
        /No joined cluster matches spec.placement.*what runs stays as it is/,
      );
      expect(shop.touched('1.1.0-crash')).toEqual([]);
      await shop.runs('1.0.0');
      // Mended, the same commit begins where every commit begins.
      await shop.apply(shop.application());
      await shop.heldInFirstWave(2);
      shop.confinedTo(fleet.ring('first'), '1.1.0-crash');
      expect((await shop.whyRollout()).sentence).toMatch(
        /release 2 is paused: \d clusters? failed in wave first, 0 may/,
      );
      shop.nothingVanished();
    },
    SCENARIO_MS,
  );

  it(
    'that lost an environment and its overlay is an error: what runs there stays, and nobody gets the rest of it',
    async () => {
      const shop = await fleet.shop('lost-overlay');
      const answer = await shop.commit({ tag: '1.1.0-crash', regions: ['eu'] });
      expect(answer.errors).toEqual([expect.objectContaining({ application: 'lost-overlay' })]);
      const why = await shop.whyApplication();
      expect(why.sentence).toMatch(
        /Overlay "overlays\/us" \(run by cluster "\w+-\d" and \d more\).*what runs stays as it is/,
      );
      shop.confinedTo([], '1.1.0-crash');
      shop.nothingVanished();
      await shop.runs('1.0.0');
      // With the overlay back the release is whole, and begins with the first wave.
      const release = await shop.release('1.2.0-crash', { regions: ['eu', 'us'] });
      await shop.heldInFirstWave(release);
      shop.confinedTo(fleet.ring('first'), '1.2.0-crash');
      shop.nothingVanished();
    },
    SCENARIO_MS,
  );

  it(
    'in the middle of a wave ends that release where it is, and begins its own with the first wave',
    async () => {
      const shop = await fleet.shop('superseding');
      await shop.strategy({ byRing: { second: { healthyFor: '20s' } } });
      await shop.release('1.1.0');
      await shop.reaches('1.1.0', fleet.ring('second'));
      const release = await shop.release('1.2.0-crash');
      await shop.heldInFirstWave(release);
      shop.wasGated('1.1.0', 500);
      shop.confinedTo(fleet.ring('first', 'second'), '1.1.0');
      shop.confinedTo(fleet.ring('first'), '1.2.0-crash');
      expect((await shop.whyRollout()).sentence).toMatch(
        /release 3 is paused: \d clusters? failed in wave first, 0 may/,
      );
      expect((await shop.whyRollout('superseding-2')).sentence).toMatch(/release 2 was superseded by .*superseding-3/);
    },
    SCENARIO_MS,
  );

  it(
    'that was rolled back stays rolled back, whenever it is seen again, until a person lifts that',
    async () => {
      const shop = await fleet.shop('seen-again');
      const release = await shop.release('1.1.0-crash');
      await shop.heldInFirstWave(release);
      expect((await shop.rollBack()).state).toBe('succeeded');
      await shop.runs('1.0.0');
      const ready = fleet.ring('first').map((name) => fleet.clusters.truth.sights(name, shop.name).length);
      await shop.sync();
      // Another commit with the same in it, and another look at everything.
      await shop.commit({});
      await shop.apply(shop.application({ drift: 'report' }));
      await shop.sync();
      const { sentence } = await shop.whyRollout();
      expect(sentence).toMatch(/release 2 .*barred/i);
      expect(fleet.ring('first').map((name) => fleet.clusters.truth.sights(name, shop.name).length)).toEqual(ready);
      await shop.runs('1.0.0');
      shop.confinedTo(fleet.ring('first'), '1.1.0-crash');
    },
    SCENARIO_MS,
  );

  it(
    'that drops nearly everything is held before the first cluster, and lists what it would delete',
    async () => {
      const shop = await fleet.shop('mass-prune');
      const release = await shop.release('1.1.0', { pages: 1 });
      await shop.heldInFirstWave(release, 'deletions');
      const { sentence, holds } = await shop.whyRollout();
      expect(sentence).toMatch(/release 2 is paused: .*11 of 16 objects.*page-\d\d/);
      expect(holds.map(({ code }) => code)).toContain('deletions');
      await expect(shop.command('resume')).rejects.toThrow(/deletions/);
      expect(shop.touched('1.1.0')).toEqual([]);
      await shop.command('cancel', { reason: 'that was not meant' });
      shop.confinedTo([], '1.1.0');
      shop.nothingVanished();
      await shop.runs('1.0.0');
    },
    SCENARIO_MS,
  );

  it(
    'needs the yes of somebody else than its author before it goes on',
    async () => {
      const shop = await fleet.shop('approval');
      await shop.strategy({ byRing: { second: { before: [{ name: 'sign-off', approval: { approvers: 1 } }] } } });
      const author = await fleet.person('author', 'approver', shop.authorEmail);
      const other = await fleet.person('other', 'approver', 'other@flotilla.example');
      const release = await shop.release('1.1.0');
      await shop.until('it waits', ({ waves }) => waves[1]?.phase === 'gateBefore');
      expect((await shop.whyRollout()).sentence).toMatch(/release 2 waits: wave second waits for an approval/);
      await expect(author.post('/api/v1/rollouts/approval/approve')).rejects.toThrow(/own-release/);
      expect((await shop.whyRollout()).sentence).toMatch(/release 2 waits: wave second waits for an approval/);
      expect(shop.touched('1.1.0')).toEqual(fleet.ring('first'));
      await other.post('/api/v1/rollouts/approval/approve', { reason: 'looks good' });
      const opened = performance.now();
      expect(await shop.settled(release)).toMatchObject({ state: 'succeeded' });
      shop.wasGated('1.1.0', 500);
      await shop.runs('1.1.0');
      for (const name of fleet.ring('second', 'third')) {
        expect(fleet.clusters.truth.touchedAt(name, shop.name, '1.1.0')).toBeGreaterThan(opened - 2000);
      }
    },
    SCENARIO_MS,
  );
});
