import { expect, it } from '@jest/globals';
import type { Trust } from '#domain';
import { type StoreTest, signalled } from './opened-store.js';
import { addCluster, addOnline } from './samples.js';

const trust: Trust = {
  generation: 2,
  keys: [
    { id: 'k1', state: 'current', since: 1 },
    { id: 'k2', state: 'next', since: 2 },
  ],
  authorities: [{ id: 'a1', state: 'current', since: 1 }],
  outside: '',
  without: ['u9'],
};

export function trusts(test: StoreTest): void {
  it('keeps whom agents are to believe', () =>
    test(async ({ store }) => {
      expect(await store.read.trust.get()).toBeNull();
      await store.transact(async (unit) => {
        expect(await unit.trust.lock()).toBeNull();
        await unit.trust.put(trust);
      });
      expect(await store.read.trust.get()).toEqual(trust);
      await store.read.trust.put({ ...trust, generation: 3 });
      expect(await store.read.trust.get()).toEqual({ ...trust, generation: 3 });
    }));

  it('lets one hub at a time decide, even before there is anything to decide upon', () =>
    test(async ({ store, another }) => {
      const other = await another();
      const [held, go] = [signalled(), signalled()];
      const first = store.transact(async (unit) => {
        await unit.trust.lock();
        held.give();
        await go.promise;
        await unit.trust.put(trust);
      });
      await held.promise;
      const second = other.transact((unit) => unit.trust.lock());
      go.give();
      await first;
      expect(await second).toEqual(trust);
    }));

  it('refuses a lock outside of a transaction', () =>
    test(async ({ store }) => {
      // A fake may throw at once, a database a moment later.
      await expect((async () => store.read.trust.lock())()).rejects.toMatchObject({ code: 'no-transaction' });
    }));

  it('remembers what each agent said it holds, and tells it of those that joined alone', () =>
    test(async ({ store }) => {
      const { read } = store;
      await addCluster(store, 'new');
      await addOnline(store, 'u2', 50);
      await addOnline(store, 'u1', 40);
      await addOnline(store, 'gone', 40);
      await read.clusters.revoke('gone', 45);
      await read.trust.setHeld([]);
      await read.trust.setHeld([
        { uid: 'u1', generation: 7 },
        { uid: 'none', generation: 7 },
        { uid: 'u1', generation: 2 },
      ]);
      expect(await read.trust.holders()).toMatchObject([
        { uid: 'u1', name: 'u1', online: true, held: 2 },
        { uid: 'u2', name: 'u2', held: 0 },
      ]);
      await read.trust.setHeld([{ uid: 'u1', generation: 0 }]);
      expect((await read.trust.holders())[0]).toMatchObject({ uid: 'u1', held: 0 });
    }));
}
