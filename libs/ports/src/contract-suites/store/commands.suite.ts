import { expect, it } from '@jest/globals';
import type { StoredAnswer } from '../../store/answer-store.js';
import { type StoreTest, signalled } from './opened-store.js';
import { addCluster, addOnline, rowOf, save } from './samples.js';

const DAY = 24 * 60 * 60 * 1000;
const hold = { reason: 'its disks are changed', by: 'token:ada', since: 50 };

function answerOf(overrides: Partial<StoredAnswer> = {}): StoredAnswer {
  const body = '{"changed": true,  "message":"ünï"}';
  return { actor: 'token:ada', key: 'k1', request: 'a'.repeat(64), status: 200, body, at: 2 * DAY, ...overrides };
}

export function commands(test: StoreTest): void {
  it('keeps the hold of a cluster until it is let go, the first one where two people hold it', () =>
    test(async ({ store }) => {
      const { read } = store;
      await addCluster(store, 'u1');
      expect(await read.clusters.hold('u1', hold)).toBe(true);
      expect(await read.clusters.hold('u1', { ...hold, by: 'token:bob' })).toBe(false);
      expect((await read.clusters.get('u1'))?.hold).toEqual(hold);
      expect((await read.clusters.byName('u1'))?.hold).toEqual(hold);
      expect(await read.clusters.unhold('u1')).toBe(true);
      expect(await read.clusters.unhold('u1')).toBe(false);
      expect((await read.clusters.get('u1'))?.hold).toBeNull();
      expect(await read.clusters.hold('unknown', hold)).toBe(false);
    }));

  it('holds no cluster that is revoked, and keeps a hold through heartbeats and labels', () =>
    test(async ({ store }) => {
      const { read } = store;
      await addOnline(store, 'u1');
      await addOnline(store, 'gone');
      await read.clusters.revoke('gone', 9);
      expect(await read.clusters.hold('gone', hold)).toBe(false);
      await read.clusters.hold('u1', hold);
      await read.clusters.seen([{ uid: 'u1', sequence: 1, version: '0.2.0', protocol: 1 }], 99);
      await read.clusters.setLabels('u1', { env: 'dev' });
      await read.clusters.markSilent(1000);
      expect((await read.clusters.get('u1'))?.hold).toEqual(hold);
    }));

  it('loads with each row whether its cluster is held', () =>
    test(async ({ store }) => {
      for (const uid of ['free', 'kept']) await addCluster(store, uid);
      await store.read.clusters.hold('kept', hold);
      await save(store, 'web', () => ({}), {
        rows: [rowOf('free'), rowOf('kept', { position: 1 }), rowOf('unknown', { position: 2 })],
      });
      for (const need of [{ all: true }, { uids: ['free', 'kept', 'unknown'] }]) {
        const rows = await store.read.rollouts.rows('web', need);
        expect(rows.map(({ row, held }) => [row.uid, held])).toEqual([
          ['free', undefined],
          ['kept', true],
          ['unknown', undefined],
        ]);
      }
    }));

  it('keeps one freeze, the last one, until it is cleared', () =>
    test(async ({ store, another }) => {
      const other = await another();
      expect(await other.read.freeze.get()).toBeNull();
      const freeze = { by: 'token:ada', reason: 'the end of the year', since: 5 };
      await store.read.freeze.set(freeze);
      expect(await other.read.freeze.get()).toEqual(freeze);
      await store.read.freeze.set({ ...freeze, until: 99 });
      expect(await other.read.freeze.get()).toEqual({ ...freeze, until: 99 });
      expect(await store.read.freeze.clear()).toBe(true);
      expect(await store.read.freeze.clear()).toBe(false);
      expect(await other.read.freeze.get()).toBeNull();
    }));

  it('keeps an answer byte for byte, by actor and key, and never a second one', () =>
    test(async ({ store }) => {
      const { read } = store;
      const answer = answerOf();
      expect(await read.answers.put(answer)).toBe(true);
      expect(await read.answers.put(answerOf({ status: 409, body: '{}' }))).toBe(false);
      expect(await read.answers.put(answerOf({ actor: 'token:bob' }))).toBe(true);
      expect(await read.answers.get('token:ada', 'k1', answer.at + 1)).toEqual(answer);
      expect(await read.answers.get('token:ada', 'k2', answer.at + 1)).toBeNull();
    }));

  it('takes an answer of more than a day ago for none', () =>
    test(async ({ store }) => {
      const { read } = store;
      const old = answerOf({ at: DAY });
      await read.answers.put(old);
      expect(await read.answers.get(old.actor, old.key, 2 * DAY - 1)).toEqual(old);
      expect(await read.answers.get(old.actor, old.key, 2 * DAY)).toBeNull();
      expect(await read.answers.put(answerOf({ at: 2 * DAY - 1 }))).toBe(false);
      expect(await read.answers.put(answerOf({ at: 2 * DAY, body: '{"new":1}' }))).toBe(true);
      expect((await read.answers.get(old.actor, old.key, 2 * DAY))?.body).toBe('{"new":1}');
    }));

  it('drops the answers of more than a day ago and no others', () =>
    test(async ({ store }) => {
      const { read } = store;
      for (const at of [1, DAY, DAY + 1]) await read.answers.put(answerOf({ key: `at ${at}`, at }));
      expect(await read.answers.prune(2 * DAY)).toBe(2);
      expect(await read.answers.prune(2 * DAY)).toBe(0);
      expect(await read.answers.get('token:ada', `at ${DAY + 1}`, 2 * DAY)).not.toBeNull();
    }));

  it('lets one of two equal commands at once be carried out, and frees the key of one that failed', () =>
    test(async ({ store, another }) => {
      const other = await another();
      const first = signalled();
      const end = signalled();
      const work = store.transact(async (unit) => {
        const put = await unit.answers.put(answerOf({ body: 'first' }));
        first.give();
        await end.promise;
        if (put) throw new Error('on purpose');
      });
      await first.promise;
      const second = other.transact((unit) => unit.answers.put(answerOf({ body: 'second' })));
      end.give();
      await expect(work).rejects.toThrow('on purpose');
      expect(await second).toBe(true);
      const third = await Promise.all(
        [store, other].map((each) => each.transact((unit) => unit.answers.put(answerOf({ key: 'k3' })))),
      );
      expect([...third].sort()).toEqual([false, true]);
    }));
}
