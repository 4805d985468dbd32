import { expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoreSignal } from '../../store/store.js';
import { type StoreTest, signalled } from './opened-store.js';
import { addCluster, rowOf, save } from './samples.js';

export function transactions(test: StoreTest): void {
  it('keeps all of what a transaction wrote', () =>
    test(async ({ store }) => {
      const answer = await store.transact(async (unit) => {
        await unit.settings.set('a', '1');
        await unit.audit.append({ at: 1, actor: 'system', act: 'apply', object: 'Source/shop' });
        return 'done';
      });
      expect(answer).toBe('done');
      expect(await store.read.settings.get('a')).toBe('1');
      expect((await store.read.audit.list({})).items).toHaveLength(1);
    }));

  it('keeps nothing of a transaction whose work rejects, and rejects with the same error', () =>
    test(async ({ store }) => {
      await store.read.settings.set('kept', 'before');
      const failure = new Error('on purpose');
      const work = store.transact(async (unit) => {
        await unit.settings.set('kept', 'after');
        await unit.resources.put('Source', 'shop', { url: 'https://example.com/shop.git' }, 1);
        await unit.clusters.register({ uid: 'u1', name: 'eu-1', labels: {}, now: 1 });
        await unit.releases.putBundle('d', { gzipped: new Uint8Array([1]), bytes: 1, objects: 1 });
        await unit.outbox.mark(['u1']);
        await unit.audit.append({ at: 1, actor: 'system', act: 'apply', object: 'Source/shop' });
        throw failure;
      });
      await expect(work).rejects.toBe(failure);
      expect(await store.read.settings.get('kept')).toBe('before');
      expect(await store.read.resources.list('Source')).toEqual([]);
      expect(await store.read.clusters.get('u1')).toBeNull();
      expect(await store.read.releases.getBundle('d')).toBeNull();
      expect(await store.read.outbox.pending()).toBe(0);
      expect((await store.read.audit.list({})).items).toEqual([]);
    }));

  it('keeps nothing of a decision when what follows it in the transaction fails', () =>
    test(async ({ store }) => {
      await save(store, 'web', () => ({ baseline: 1 }), { rows: [rowOf('u1')] });
      const work = store.transact(async (unit) => {
        const header = await unit.rollouts.lock('web');
        await unit.rollouts.commit('web', {
          ...{ changed: true, effects: [{ type: 'dirty', cluster: 'u1' }], again: false },
          header: { ...header, version: header.version + 1, seq: 1, baseline: 2 },
          rows: [rowOf('u1', { state: 'assigned' })],
          history: [{ rollout: 'web-1', event: 'assigned', message: 'assigned' }],
        });
        throw new Error('the process lost its mind');
      });
      await expect(work).rejects.toThrow('lost its mind');
      expect(await store.read.rollouts.header('web')).toMatchObject({ baseline: 1, version: 1, seq: 0 });
      expect((await store.read.rollouts.rows('web', { all: true }))[0]?.row.state).toBe('pending');
      expect(await store.read.rollouts.eventsAfter(0, 10)).toEqual([]);
      expect(await store.read.outbox.pending()).toBe(0);
    }));

  it('shows a transaction its own writes, and nobody else before it ends', () =>
    test(async ({ store, another }) => {
      const other = await another();
      const written = signalled();
      const looked = signalled();
      const work = store.transact(async (unit) => {
        await unit.settings.set('a', '1');
        expect(await unit.settings.get('a')).toBe('1');
        written.give();
        await looked.promise;
      });
      await written.promise;
      expect(await other.read.settings.get('a')).toBeNull();
      looked.give();
      await work;
      expect(await other.read.settings.get('a')).toBe('1');
    }));

  it('takes several operations of one transaction at once', () =>
    test(async ({ store }) => {
      const names = ['a', 'b', 'c', 'd'];
      await store.transact(
        async (unit) => void (await Promise.all(names.map((name) => unit.settings.set(name, name)))),
      );
      expect(await Promise.all(names.map((name) => store.read.settings.get(name)))).toEqual(names);
    }));

  it('tells of a change after its commit, here and at other hubs, and tells nothing of a rollback', () =>
    test(async ({ store, another }) => {
      const other = await another();
      const here: StoreSignal[] = [];
      const there: StoreSignal[] = [];
      store.onSignal((signal) => here.push(signal));
      other.onSignal((signal) => there.push(signal));
      await store
        .transact(async (unit) => {
          await unit.outbox.mark(['u1']);
          throw new Error('on purpose');
        })
        .catch(() => undefined);
      await sleep(60);
      expect([...here, ...there]).toEqual([]);

      await store.transact(async (unit) => {
        await unit.outbox.mark(['u1']);
        await sleep(30);
        expect(here).toEqual([]);
      });
      await store.read.resources.put('Source', 'shop', {}, 1);
      await save(store, 'web', () => ({ wakeAt: 5 }), {
        history: [{ rollout: null, event: 'planned', message: 'planned' }],
      });
      await waitFor(() => new Set(there).size === 4);
      expect(new Set(here)).toEqual(new Set(['dirty', 'resource', 'wake', 'event']));
      expect(new Set(there)).toEqual(new Set(['dirty', 'resource', 'wake', 'event']));
    }));

  it('does not tell of what changed nothing', () =>
    test(async ({ store }) => {
      await store.read.resources.put('Source', 'shop', { url: 'x' }, 1);
      await addCluster(store, 'u1', { env: 'dev' });
      const told: StoreSignal[] = [];
      store.onSignal((signal) => told.push(signal));
      await store.read.resources.put('Source', 'shop', { url: 'x' }, 2);
      await store.read.resources.setStatus('Source', 'shop', {});
      await store.read.resources.delete('Source', 'other');
      await store.read.clusters.setLabels('u1', { env: 'dev' });
      await store.read.outbox.mark([]);
      await sleep(30);
      expect(told).toEqual([]);
    }));

  it('goes on when a handler of signals throws', () =>
    test(async ({ store }) => {
      let told = 0;
      store.onSignal(() => {
        throw new Error('on purpose');
      });
      store.onSignal(() => (told += 1));
      await store.read.outbox.mark(['u1']);
      await waitFor(() => told === 1);
      await store.ping();
    }));
}

async function waitFor(condition: () => boolean): Promise<void> {
  const since = performance.now();
  while (!condition()) {
    if (performance.now() - since > 15_000) throw new Error('It did not come to pass within 15 s.');
    await sleep(5);
  }
}
