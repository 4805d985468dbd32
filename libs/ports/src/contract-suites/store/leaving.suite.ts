import { expect, it } from '@jest/globals';
import { type StoreTest, signalled } from './opened-store.js';
import { addCluster, addOnline } from './samples.js';

const leaving = { since: 60, by: 'token:ada' };
const told = { done: false, left: 3, kept: 1, names: ['PersistentVolumeClaim shop/data'], message: 'it waits' };

export function leavings(test: StoreTest): void {
  it('takes a cluster that joined from joined over leaving to revoked, and never back', () =>
    test(async ({ store }) => {
      const { read } = store;
      await addCluster(store, 'new');
      await addOnline(store, 'u1', 50);
      expect(await read.clusters.leave('new', leaving)).toBe(false);
      expect(await read.clusters.leave('none', leaving)).toBe(false);
      expect(await read.clusters.leave('u1', leaving)).toBe(true);
      expect(await read.clusters.leave('u1', { since: 70, by: 'token:bob' })).toBe(false);
      expect(await read.clusters.get('u1')).toMatchObject({ state: 'leaving', leaving: { ...leaving, told: null } });
      expect((await read.clusters.joined()).map(({ uid }) => uid)).not.toContain('u1');
      expect((await read.clusters.list({ state: 'leaving' })).items.map(({ uid }) => uid)).toEqual(['u1']);
      expect(await read.clusters.summary()).toMatchObject({ total: 2, ready: 0, offline: 0, waiting: 1, leaving: 1 });
      // Its name is not free yet, and its heartbeats still count.
      await expect(read.clusters.register({ uid: 'u2', name: 'u1', labels: {}, now: 61 })).rejects.toMatchObject({
        code: 'name-taken',
      });
      await read.clusters.seen([{ uid: 'u1', sequence: 9, version: '0.1.0', protocol: 1 }], 80);
      expect(await read.clusters.get('u1')).toMatchObject({ online: true, seenAt: 80, heldSequence: 9 });
      expect(await read.clusters.revoke('u1', 90)).toBe(true);
      expect(await read.clusters.revoke('u1', 91)).toBe(false);
      expect(await read.clusters.get('u1')).toMatchObject({ state: 'revoked', leaving: null });
      expect(await read.clusters.leave('u1', leaving)).toBe(false);
    }));

  it('keeps what the agent of a leaving cluster says, and of no other', () =>
    test(async ({ store }) => {
      const { read } = store;
      await addOnline(store, 'u1', 50);
      await read.clusters.tellLeaving('u1', told);
      expect((await read.clusters.get('u1'))?.leaving).toBeNull();
      await read.clusters.leave('u1', leaving);
      await read.clusters.tellLeaving('u1', told);
      expect((await read.clusters.get('u1'))?.leaving).toEqual({ ...leaving, told });
      const { message: _message, ...better } = { ...told, left: 1 };
      await read.clusters.tellLeaving('u1', better);
      expect((await read.clusters.get('u1'))?.leaving).toEqual({ ...leaving, told: better });
    }));

  it('lets a leaving cluster join again without making it stay', () =>
    test(async ({ store }) => {
      const { read } = store;
      await addOnline(store, 'u1', 50);
      await read.clusters.leave('u1', leaving);
      await read.clusters.markJoined('u1', { publicKey: 'UOTHER', version: '0.1.0', protocol: 1, now: 70 });
      expect(await read.clusters.get('u1')).toMatchObject({ state: 'leaving', publicKey: 'UOTHER', joinedAt: 70 });
    }));

  it('tells whoever claims a manifest in which state its cluster is', () =>
    test(async ({ store }) => {
      await addOnline(store, 'u1', 50);
      await addOnline(store, 'u2', 50);
      await addOnline(store, 'u3', 50);
      await store.read.clusters.leave('u2', leaving);
      await store.read.clusters.revoke('u3', 70);
      await store.read.outbox.mark(['u1', 'u2', 'u3']);
      const claimed = await store.transact((unit) => unit.outbox.claim(10));
      expect(claimed.map(({ uid, state }) => `${uid} ${state}`)).toEqual(['u1 joined', 'u2 leaving', 'u3 revoked']);
    }));

  it('keeps a revocation until it was pushed, and the key for ever', () =>
    test(async ({ store }) => {
      const { read } = store;
      await read.revocations.add({ publicKey: 'UB', at: 2 });
      await read.revocations.add({ publicKey: 'UA', at: 2 });
      await read.revocations.add({ publicKey: 'UC', at: 1 });
      await read.revocations.add({ publicKey: 'UA', at: 9 });
      expect(await read.revocations.pending(10)).toEqual([
        { publicKey: 'UC', at: 1 },
        { publicKey: 'UA', at: 2 },
        { publicKey: 'UB', at: 2 },
      ]);
      expect(await read.revocations.pending(1)).toEqual([{ publicKey: 'UC', at: 1 }]);
      await read.revocations.pushed(['UC', 'UB', 'none'], 5);
      await read.revocations.pushed([], 5);
      expect(await read.revocations.pending(10)).toEqual([{ publicKey: 'UA', at: 2 }]);
      expect(await read.revocations.since(2)).toEqual([{ publicKey: 'UB', at: 2 }]);
      await read.revocations.pushed(['UA'], 6);
      expect((await read.revocations.since(1)).map(({ publicKey }) => publicKey)).toEqual(['UC', 'UA', 'UB']);
      expect(await read.revocations.since(3)).toEqual([]);
      await read.revocations.add({ publicKey: 'UA', at: 10 });
      expect(await read.revocations.pending(10)).toEqual([]);
      expect(await read.revocations.has('UA')).toBe(true);
      expect(await read.revocations.has('UD')).toBe(false);
    }));

  it('writes a revocation with what ended the key, or not at all, and tells every hub', () =>
    test(async ({ store, another }) => {
      const other = await another();
      await addOnline(store, 'u1', 50);
      const heard = signalled();
      await expect(
        store.transact(async (unit) => {
          await unit.clusters.revoke('u1', 60);
          await unit.revocations.add({ publicKey: 'UA', at: 60 });
          throw new Error('on purpose');
        }),
      ).rejects.toThrow('on purpose');
      expect(await other.read.revocations.pending(10)).toEqual([]);
      other.onSignal((signal) => {
        if (signal === 'dirty') heard.give();
      });
      await store.transact((unit) => unit.revocations.add({ publicKey: 'UA', at: 60 }));
      await heard.promise;
      expect(await other.read.revocations.pending(10)).toEqual([{ publicKey: 'UA', at: 60 }]);
    }));
}
