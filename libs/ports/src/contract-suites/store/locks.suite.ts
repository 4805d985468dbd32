import { expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { type StoreTest, signalled } from './opened-store.js';
import { save } from './samples.js';

export function locks(test: StoreTest): void {
  it.each([
    ['that is there', true],
    ['that both of them make', false],
  ])('lets the second transaction wait for the first on a header %s', (_case, exists) =>
    test(async ({ store, another }) => {
      const other = await another();
      if (exists) await save(store, 'web', () => ({}));
      const order: string[] = [];
      const taken = signalled();
      const release = signalled();
      const first = store.transact(async (unit) => {
        const header = await unit.rollouts.lock('web');
        order.push('first has it');
        taken.give();
        await release.promise;
        order.push('first ends');
        await unit.rollouts.commit('web', {
          ...{ changed: true, rows: [], effects: [], history: [], again: false },
          header: { ...header, version: header.version + 1, baseline: 7 },
        });
      });
      await taken.promise;
      const second = other.transact(async (unit) => {
        const header = await unit.rollouts.lock('web');
        order.push('second has it');
        return header.baseline;
      });
      await sleep(60);
      expect(order).toEqual(['first has it']);
      release.give();
      await first;
      expect(await second).toBe(7);
      expect(order).toEqual(['first has it', 'first ends', 'second has it']);
    }),
  );

  it('makes a header the first time, empty and at version 0', () =>
    test(async ({ store }) => {
      expect(await store.read.rollouts.header('web')).toBeNull();
      const header = await store.transact((unit) => unit.rollouts.lock('web'));
      expect(header).toMatchObject({
        application: 'web',
        version: 0,
        rollout: null,
        rolloutNumber: 0,
        seq: 0,
        wakeAt: null,
      });
      expect(await store.read.rollouts.header('web')).toEqual(header);
    }));

  it('locks due headers, earliest first, and skips those that another hub holds', () =>
    test(async ({ store, another }) => {
      const other = await another();
      for (const [name, wakeAt] of Object.entries({ a: 30, b: 10, c: 20, later: 31, never: null })) {
        await save(store, name, () => ({ wakeAt }));
      }
      const taken = signalled();
      const release = signalled();
      const first = store.transact(async (unit) => {
        const due = await unit.rollouts.lockDue(30, 2);
        taken.give();
        await release.promise;
        return due;
      });
      await taken.promise;
      const second = await other.transact((unit) => unit.rollouts.lockDue(30, 2));
      release.give();
      expect(await first).toEqual(['b', 'c']);
      expect(second).toEqual(['a']);
      expect(await store.transact((unit) => unit.rollouts.lockDue(30, 10))).toEqual(['b', 'c', 'a']);
      expect(await store.read.rollouts.nextWake()).toBe(10);
    }));

  it('knows no next wake-up while nothing runs', () =>
    test(async ({ store }) => {
      await save(store, 'web', () => ({ wakeAt: null }));
      expect(await store.read.rollouts.nextWake()).toBeNull();
    }));

  it('refuses, outside of a transaction, what only locks', () =>
    test(async ({ store }) => {
      const bug = { kind: 'bug', code: 'no-transaction' };
      await expect(store.read.rollouts.lock('web')).rejects.toMatchObject(bug);
      await expect(store.read.rollouts.lockDue(1, 1)).rejects.toMatchObject(bug);
      await expect(store.read.outbox.claim(1)).rejects.toMatchObject(bug);
    }));
}
