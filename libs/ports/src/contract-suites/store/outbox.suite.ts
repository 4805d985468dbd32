import { expect, it } from '@jest/globals';
import type { Store } from '../../store/store.js';
import { type StoreTest, signalled } from './opened-store.js';
import { addCluster, assignmentOf, rowOf, save } from './samples.js';

const uids = Array.from({ length: 10 }, (_, index) => `u${index}`);

async function addClusters(store: Store): Promise<void> {
  for (const uid of uids) await addCluster(store, uid);
}

export function outbox(test: StoreTest): void {
  it('clears a mark that was written, and remembers sequence and revision', () =>
    test(async ({ store }) => {
      await addClusters(store);
      await store.read.outbox.mark(['u1', 'u1', 'u2']);
      expect(await store.read.outbox.pending()).toBe(2);
      await store.transact(async (unit) => {
        const [first, second] = await unit.outbox.claim(10);
        expect(first).toMatchObject({ uid: 'u1', sequence: 0, busRevision: 0 });
        expect(second).toMatchObject({ uid: 'u2', sequence: 0, busRevision: 0 });
        await unit.outbox.written([{ uid: 'u1', counter: first?.counter ?? 0, sequence: 1, busRevision: 41 }]);
      });
      expect(await store.read.outbox.pending()).toBe(1);
      await store.read.outbox.mark(['u1']);
      const claimed = await store.transact((unit) => unit.outbox.claim(10));
      expect(claimed.find((each) => each.uid === 'u1')).toMatchObject({ sequence: 1, busRevision: 41 });
    }));

  it('keeps a mark that was claimed and not written', () =>
    test(async ({ store }) => {
      await addClusters(store);
      await store.read.outbox.mark(['u1']);
      await store.transact((unit) => unit.outbox.claim(10));
      expect(await store.read.outbox.pending()).toBe(1);
    }));

  it('takes back what was written when the transaction is rolled back', () =>
    test(async ({ store }) => {
      await addClusters(store);
      await store.read.outbox.mark(['u1']);
      const work = store.transact(async (unit) => {
        const [first] = await unit.outbox.claim(1);
        await unit.outbox.written([{ uid: 'u1', counter: first?.counter ?? 0, sequence: 5, busRevision: 6 }]);
        throw new Error('on purpose');
      });
      await expect(work).rejects.toThrow('on purpose');
      const [again] = await store.transact((unit) => unit.outbox.claim(1));
      expect(again).toMatchObject({ uid: 'u1', sequence: 0, busRevision: 0 });
    }));

  it('keeps a mark that is set while a write is under way, and lets it wait for nobody', () =>
    test(async ({ store, another }) => {
      const other = await another();
      await addClusters(store);
      await store.read.outbox.mark(['u1']);
      await store.transact(async (unit) => {
        const [first] = await unit.outbox.claim(1);
        // Were it to wait for the relay, this would never come back.
        await other.transact((theirs) => theirs.outbox.mark(['u1']));
        await unit.outbox.written([{ uid: 'u1', counter: first?.counter ?? 0, sequence: 1, busRevision: 1 }]);
      });
      expect(await store.read.outbox.pending()).toBe(1);
      const [again] = await store.transact((unit) => unit.outbox.claim(1));
      expect(again).toMatchObject({ uid: 'u1', sequence: 1, busRevision: 1 });
    }));

  it('keeps a mark that comes at the very moment at which a write is noted', () =>
    test(async ({ store, another }) => {
      const other = await another();
      await addClusters(store);
      for (let turn = 0; turn < 10; turn += 1) {
        await store.read.outbox.mark(uids);
        let marked: Promise<void> = Promise.resolve();
        await store.transact(async (unit) => {
          const claimed = await unit.outbox.claim(20);
          marked = other.transact((theirs) => theirs.outbox.mark([...uids].reverse()));
          await unit.outbox.written(
            claimed.map(({ uid, counter }) => ({ uid, counter, sequence: turn, busRevision: 1 })),
          );
        });
        await marked;
        expect(await store.read.outbox.pending()).toBe(10);
      }
    }));

  it('keeps the mark of a decision that is committed while a write is under way', () =>
    test(async ({ store, another }) => {
      const other = await another();
      await addClusters(store);
      await store.read.outbox.mark(['u1']);
      await store.transact(async (unit) => {
        const [first] = await unit.outbox.claim(1);
        await save(other, 'web', () => ({}), { effects: [{ type: 'dirty', cluster: 'u1' }] });
        await unit.outbox.written([{ uid: 'u1', counter: first?.counter ?? 0, sequence: 1, busRevision: 1 }]);
      });
      expect(await store.read.outbox.pending()).toBe(1);
    }));

  it('keeps a mark whose transaction began before and ended after another one was cleared', () =>
    test(async ({ store, another }) => {
      const other = await another();
      await addClusters(store);
      await store.read.outbox.mark(['u2']);
      const marked = signalled();
      const release = signalled();
      const slow = other.transact(async (unit) => {
        await unit.outbox.mark(['u1']);
        marked.give();
        await release.promise;
      });
      await marked.promise;
      await store.transact(async (unit) => {
        const claimed = await unit.outbox.claim(10);
        await unit.outbox.written(claimed.map(({ uid, counter }) => ({ uid, counter, sequence: 1, busRevision: 1 })));
      });
      release.give();
      await slow;
      expect((await store.transact((unit) => unit.outbox.claim(10))).map((each) => each.uid)).toEqual(['u1']);
    }));

  it('gives two hubs disjoint clusters, and the next one what they left', () =>
    test(async ({ store, another }) => {
      const other = await another();
      await addClusters(store);
      await store.read.outbox.mark(uids);
      const taken = signalled();
      const release = signalled();
      const first = store.transact(async (unit) => {
        const claimed = await unit.outbox.claim(6);
        taken.give();
        await release.promise;
        return claimed.map((each) => each.uid);
      });
      await taken.promise;
      const second = (await other.transact((unit) => unit.outbox.claim(6))).map((each) => each.uid);
      release.give();
      expect(await first).toHaveLength(6);
      expect([...(await first), ...second].sort()).toEqual(uids);
      expect(await other.transact((unit) => unit.outbox.claim(20))).toHaveLength(10);
    }));

  it('reads the assignments in force of the claimed clusters, withdrawals with them', () =>
    test(async ({ store }) => {
      const assigned = rowOf('u1', { assignment: assignmentOf(), state: 'assigned' });
      const withdrawn = rowOf('u2', { assignment: assignmentOf({ release: null, digest: '' }) });
      await save(store, 'web', () => ({}), { rows: [assigned, withdrawn, rowOf('u3')] });
      await save(store, 'api', () => ({}), { rows: [assigned] });
      const found = await store.read.outbox.assignments(['u2', 'u1', 'u3', 'u4']);
      expect(found).toEqual([
        { uid: 'u1', application: 'api', row: assigned },
        { uid: 'u1', application: 'web', row: assigned },
        { uid: 'u2', application: 'web', row: withdrawn },
      ]);
      expect(await store.read.outbox.assignments([])).toEqual([]);
      // Whoever asks what was ever placed hears of all three.
      expect(await store.read.rollouts.placed(['u1', 'u3', 'u4'])).toEqual([
        { uid: 'u1', application: 'api' },
        { uid: 'u1', application: 'web' },
        { uid: 'u3', application: 'web' },
      ]);
    }));
}
