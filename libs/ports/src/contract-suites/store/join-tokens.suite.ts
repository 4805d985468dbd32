import { expect, it } from '@jest/globals';
import type { StoreTest } from './opened-store.js';
import { addCluster } from './samples.js';

export function joinTokens(test: StoreTest): void {
  it('lets the key that spent a token repeat itself, and nobody else', () =>
    test(async ({ store }) => {
      const { clusters } = store.read;
      await addCluster(store, 'u1');
      await clusters.addJoinToken({ hash: 'h', uid: 'u1', expiresAt: 100 });
      expect(await clusters.findJoinToken('h')).toEqual({ uid: 'u1', expiresAt: 100, spentBy: null });
      expect(await clusters.spendJoinToken('h', 'key-1', 50)).toEqual({ ok: true, uid: 'u1' });
      expect(await clusters.spendJoinToken('h', 'key-2', 51)).toEqual({ ok: false, why: 'spent' });
      // The first answer may have been lost on the way, and the hour over.
      expect(await clusters.spendJoinToken('h', 'key-1', 500)).toEqual({ ok: true, uid: 'u1' });
      expect((await clusters.findJoinToken('h'))?.spentBy).toBe('key-1');
    }));

  it('knows an expired token from one that never was', () =>
    test(async ({ store }) => {
      const { clusters } = store.read;
      await addCluster(store, 'u1');
      await clusters.addJoinToken({ hash: 'h', uid: 'u1', expiresAt: 100 });
      expect(await clusters.spendJoinToken('h', 'key-1', 100)).toEqual({ ok: false, why: 'expired' });
      expect(await clusters.spendJoinToken('other', 'key-1', 1)).toEqual({ ok: false, why: 'unknown' });
      expect(await clusters.findJoinToken('other')).toBeNull();
    }));

  it('ends earlier tokens of a cluster with a new one, spent or not, and those of no other', () =>
    test(async ({ store }) => {
      const { clusters } = store.read;
      await addCluster(store, 'u1');
      await addCluster(store, 'u2');
      await clusters.addJoinToken({ hash: 'a', uid: 'u1', expiresAt: 100 });
      await clusters.addJoinToken({ hash: 'other', uid: 'u2', expiresAt: 100 });
      await clusters.spendJoinToken('a', 'key-1', 10);
      await clusters.addJoinToken({ hash: 'b', uid: 'u1', expiresAt: 100 });
      expect(await clusters.spendJoinToken('a', 'key-1', 20)).toEqual({ ok: false, why: 'expired' });
      expect(await clusters.spendJoinToken('b', 'key-2', 20)).toEqual({ ok: true, uid: 'u1' });
      expect(await clusters.spendJoinToken('other', 'key-3', 20)).toEqual({ ok: true, uid: 'u2' });
    }));

  it('ends the tokens of a revoked cluster', () =>
    test(async ({ store }) => {
      await addCluster(store, 'u1');
      await store.read.clusters.addJoinToken({ hash: 'h', uid: 'u1', expiresAt: 100 });
      await store.read.clusters.revoke('u1', 5);
      expect(await store.read.clusters.spendJoinToken('h', 'key-1', 6)).toEqual({ ok: false, why: 'expired' });
    }));

  it('gives a token to exactly one of many keys that race for it', () =>
    test(async ({ store, another }) => {
      const other = await another();
      await addCluster(store, 'u1');
      await store.read.clusters.addJoinToken({ hash: 'h', uid: 'u1', expiresAt: 100 });
      const spent = await Promise.all(
        Array.from({ length: 12 }, (_, index) => {
          const hub = index % 2 === 0 ? store : other;
          const key = `key-${index}`;
          if (index % 3 === 0) return hub.read.clusters.spendJoinToken('h', key, 50);
          return hub.transact((unit) => unit.clusters.spendJoinToken('h', key, 50));
        }),
      );
      expect(spent.filter((each) => each.ok)).toEqual([{ ok: true, uid: 'u1' }]);
      expect(spent.filter((each) => !each.ok && each.why === 'spent')).toHaveLength(11);
    }));

  it('gives a spent token back when the transaction is rolled back', () =>
    test(async ({ store }) => {
      await addCluster(store, 'u1');
      await store.read.clusters.addJoinToken({ hash: 'h', uid: 'u1', expiresAt: 100 });
      const work = store.transact(async (unit) => {
        await unit.clusters.spendJoinToken('h', 'key-1', 50);
        throw new Error('on purpose');
      });
      await expect(work).rejects.toThrow('on purpose');
      expect(await store.read.clusters.spendJoinToken('h', 'key-2', 51)).toEqual({ ok: true, uid: 'u1' });
    }));
}
