import { expect, it } from '@jest/globals';
import type { StoreTest } from './opened-store.js';
import { addOnline, beatOf, reportOf } from './samples.js';

export function presence(test: StoreTest): void {
  it('tells who came back with a batch of heartbeats, and only then', () =>
    test(async ({ store }) => {
      for (const uid of ['c', 'a', 'b']) await addOnline(store, uid, 100);
      expect(await store.read.clusters.markSilent(100)).toEqual([]);
      await store.read.clusters.seen([beatOf('b')], 150);
      expect(await store.read.clusters.markSilent(120)).toEqual(['a', 'c']);
      expect(await store.read.clusters.markSilent(120)).toEqual([]);
      const beats = ['c', 'b', 'a', 'unknown'].map(beatOf);
      expect(await store.read.clusters.seen(beats, 200)).toEqual(['a', 'c']);
      expect(await store.read.clusters.seen(beats, 210)).toEqual([]);
      expect(await store.read.clusters.seen([], 220)).toEqual([]);
    }));

  it('keeps what a heartbeat says, and its facts where it says some', () =>
    test(async ({ store }) => {
      await addOnline(store, 'u1', 100);
      await store.read.clusters.setFacts('u1', { kubernetes: '1.35' });
      await store.read.clusters.seen([{ uid: 'u1', sequence: 8, version: '0.2.0', protocol: 2 }], 110);
      expect(await store.read.clusters.get('u1')).toMatchObject({
        ...{
          online: true,
          seenAt: 110,
          heldSequence: 8,
          agentVersion: '0.2.0',
          protocol: 2,
          facts: { kubernetes: '1.35' },
        },
      });
      // Of two in one batch the later one counts, with the last facts told.
      await store.read.clusters.seen(
        [
          { ...beatOf('u1'), sequence: 9, facts: { kubernetes: '1.36' } },
          { ...beatOf('u1'), sequence: 10 },
        ],
        120,
      );
      expect(await store.read.clusters.get('u1')).toMatchObject({ heldSequence: 10, facts: { kubernetes: '1.36' } });
    }));

  it('counts manifests on from what an agent says it holds, and not to the end of counting where it lies', () =>
    test(async ({ store }) => {
      const next = async (sequence: number): Promise<number | undefined> => {
        await store.read.clusters.seen([{ ...beatOf('u1'), sequence }], 110);
        await store.read.outbox.mark(['u1']);
        return (await store.transact((unit) => unit.outbox.claim(1)))[0]?.sequence;
      };
      await addOnline(store, 'u1', 100);
      // A database that was restored from a backup knows less than its agents.
      expect(await next(70_000)).toBe(70_000);
      expect(await next(Number.MAX_SAFE_INTEGER)).toBe(1_000_000);
    }));

  it('never lets the time of the last sign of life go back', () =>
    test(async ({ store }) => {
      await addOnline(store, 'u1', 100);
      await store.read.clusters.seen([beatOf('u1')], 90);
      expect((await store.read.clusters.get('u1'))?.seenAt).toBe(100);
    }));

  it('counts a report that is news as a sign of life, which does not bring a silent cluster back by itself', () =>
    test(async ({ store }) => {
      await addOnline(store, 'u1', 100);
      await store.read.clusters.markSilent(150);
      await store.read.reports.upsert([reportOf('u1', 1, 1)], 160);
      expect(await store.read.clusters.get('u1')).toMatchObject({ seenAt: 160, online: false });
      await store.read.reports.upsert([reportOf('u1', 1, 1)], 170);
      expect((await store.read.clusters.get('u1'))?.seenAt).toBe(160);
      expect(await store.read.clusters.seen([beatOf('u1')], 180)).toEqual(['u1']);
    }));
}
