import { expect, it } from '@jest/globals';
import { canonicalJson } from '#domain';
import type { StoreTest } from './opened-store.js';
import { addOnline, assignmentOf, decisionOf, lastReport, reportOf, rolloutOf, rowOf, save } from './samples.js';

export function commits(test: StoreTest): void {
  it('keeps header and rows byte for byte', () =>
    test(async ({ store }) => {
      const row = rowOf('u1', {
        ...{ message: 'ünï "quoted" \\ {curly,} null', assignment: assignmentOf(), report: lastReport(), dueAt: 77 },
        ...{ desired: 'withdraw', requeued: true, carried: true, wave: 2, position: 9 },
      });
      const header = await save(store, 'web', () => ({ rollout: rolloutOf(1), barred: [3, 1], wakeAt: 9, now: 1.5 }), {
        rows: [row],
      });
      const loaded = await store.read.rollouts.rows('web', { all: true });
      expect(loaded.map((each) => canonicalJson(each.row))).toEqual([canonicalJson(row)]);
      expect(canonicalJson(await store.read.rollouts.header('web'))).toBe(canonicalJson(header));
      expect(await store.read.rollouts.headers()).toEqual([header]);
    }));

  it('refuses a version that is not the next one, and writes nothing of it', () =>
    test(async ({ store }) => {
      const header = await save(store, 'web', () => ({}));
      for (const version of [header.version, header.version + 2]) {
        const late = store.read.rollouts.commit('web', decisionOf({ ...header, version }, { rows: [rowOf('u1')] }));
        await expect(late).rejects.toMatchObject({ kind: 'retryable', code: 'version-conflict' });
      }
      const unknown = store.read.rollouts.commit('api', decisionOf({ ...header, application: 'api', version: 1 }));
      await expect(unknown).rejects.toMatchObject({ code: 'version-conflict' });
      expect(await store.read.rollouts.rows('web', { all: true })).toEqual([]);
      expect((await store.read.rollouts.header('web'))?.version).toBe(header.version);
    }));

  it('lets one of two hubs that decided on the same version through', () =>
    test(async ({ store, another }) => {
      const other = await another();
      const header = await save(store, 'web', () => ({}));
      const next = decisionOf({ ...header, version: header.version + 1 });
      const results = await Promise.allSettled([
        store.transact((unit) => unit.rollouts.commit('web', next)),
        other.transact((unit) => unit.rollouts.commit('web', next)),
      ]);
      expect(results.map((each) => each.status).sort()).toEqual(['fulfilled', 'rejected']);
    }));

  it('writes nothing of a decision that changed nothing', () =>
    test(async ({ store }) => {
      const header = await save(store, 'web', () => ({ baseline: 1 }));
      await store.read.rollouts.commit('web', decisionOf({ ...header, baseline: 2 }, { changed: false }));
      expect(await store.read.rollouts.header('web')).toEqual(header);
    }));

  it('changes the rows it names and leaves the others', () =>
    test(async ({ store }) => {
      await save(store, 'web', () => ({}), { rows: [rowOf('u1'), rowOf('u2', { position: 1 })] });
      await save(store, 'api', () => ({}), { rows: [rowOf('u1', { rollout: 'api-1' })] });
      await save(store, 'web', () => ({}), {
        rows: [rowOf('u2', { position: 1, state: 'assigned' }), rowOf('u3', { position: 2 })],
      });
      const rows = await store.read.rollouts.rows('web', { all: true });
      expect(rows.map(({ row }) => [row.uid, row.state])).toEqual([
        ['u1', 'pending'],
        ['u2', 'assigned'],
        ['u3', 'pending'],
      ]);
      expect((await store.read.rollouts.ofCluster('u1')).map((each) => each.application)).toEqual(['api', 'web']);
    }));

  it('takes a plan of a thousand rows in one go', () =>
    test(async ({ store }) => {
      const rows = Array.from({ length: 1000 }, (_, index) => rowOf(`u${index}`, { position: index }));
      const effects = rows.map((row) => ({ type: 'dirty' as const, cluster: row.uid }));
      await save(store, 'web', () => ({ rollout: rolloutOf(1) }), { rows, effects: [...effects, ...effects] });
      const loaded = await store.read.rollouts.rows('web', { all: true });
      expect(loaded.map(({ row }) => row)).toEqual(rows);
      expect(await store.read.outbox.pending()).toBe(1000);
    }));

  it('archives the targets of a rollout that ends, while its rows go on to the next one', () =>
    test(async ({ store }) => {
      const first = rolloutOf(1);
      await save(store, 'web', () => ({ rollout: first, rolloutNumber: 1 }), {
        rows: [rowOf('u1', { position: 1 }), rowOf('u2', { position: 0 }), rowOf('stays', { rollout: 'web-0' })],
      });
      const final = rolloutOf(1, { state: 'superseded', endedAt: 500, endedBy: 'web-2' });
      await save(store, 'web', () => ({ rollout: rolloutOf(2), rolloutNumber: 2 }), {
        effects: [{ type: 'ended', rollout: 'web-1', final }],
        rows: [
          // One row says its last word in the old rollout, the other one is in the new one already.
          rowOf('u2', { position: 0, state: 'removed' }),
          rowOf('u1', { rollout: 'web-2', position: 5, state: 'assigned' }),
        ],
      });
      expect(await store.read.rollouts.rollout('web', 1)).toEqual(final);
      const archived = await store.read.rollouts.targets('web', 1, {});
      expect(archived.items.map((row) => [row.uid, row.position, row.state])).toEqual([
        ['u2', 0, 'removed'],
        ['u1', 1, 'pending'],
      ]);
      const live = await store.read.rollouts.targets('web', 2, {});
      expect(live.items.map((row) => [row.uid, row.position, row.state])).toEqual([['u1', 5, 'assigned']]);
      expect((await store.read.rollouts.rows('web', { uids: ['u2'] }))[0]?.row.state).toBe('removed');
    }));

  it('archives an ended rollout anew when its last evidence changes', () =>
    test(async ({ store }) => {
      await save(store, 'web', () => ({ rollout: rolloutOf(1) }), {
        rows: [rowOf('u1'), rowOf('u2', { position: 1 })],
      });
      const final = rolloutOf(1, { state: 'succeededWithExceptions', endedAt: 500 });
      const end = { type: 'ended' as const, rollout: 'web-1', final };
      await save(store, 'web', () => ({ rollout: final }), {
        effects: [end],
        rows: [rowOf('u1', { state: 'deferred' })],
      });
      expect((await store.read.rollouts.targets('web', 1, {})).items.map((row) => row.state)).toEqual([
        'deferred',
        'pending',
      ]);
      await save(store, 'web', () => ({ rollout: final }), {
        effects: [end],
        rows: [rowOf('u1', { state: 'passed' })],
      });
      expect((await store.read.rollouts.targets('web', 1, {})).items.map((row) => row.state)).toEqual([
        'passed',
        'pending',
      ]);
    }));

  it('forgets an application, keeps its history, and goes on with its numbers', () =>
    test(async ({ store }) => {
      await addOnline(store, 'u1');
      const entry = { rollout: 'web-1', event: 'planned', message: 'planned' };
      await save(store, 'web', () => ({ rollout: rolloutOf(1), rolloutNumber: 1, wakeAt: 5 }), {
        ...{ rows: [rowOf('u1'), rowOf('u2', { position: 1 })], history: [entry, entry] },
      });
      await save(store, 'api', () => ({}), { rows: [rowOf('u1', { rollout: 'api-1' })] });
      await store.read.reports.upsert([reportOf('u1', 1, 1), reportOf('u1', 1, 1, { application: 'api' })], 9);
      await store.transact((unit) => unit.rollouts.forget('web'));
      expect(await store.read.rollouts.header('web')).toBeNull();
      // The generations stay: an agent refuses a lower one than it holds.
      const kept = await store.read.rollouts.rows('web', { all: true });
      expect(kept.map(({ row }) => [row.uid, row.state, row.assignment, row.generation])).toEqual([
        ['u1', 'removed', null, rowOf('u1').generation],
        ['u2', 'removed', null, rowOf('u2').generation],
      ]);
      expect(await store.read.rollouts.nextWake()).toBeNull();
      expect(await store.read.outbox.pending()).toBe(2);
      expect((await store.read.reports.ofCluster('u1')).map(({ report }) => report.application)).toEqual(['api']);
      expect(await store.read.rollouts.ofCluster('u1')).toHaveLength(1);
      expect((await store.read.rollouts.list('web', {})).items.map((each) => each.rollout.id)).toEqual(['web-1']);
      expect(await store.read.rollouts.eventsAfter(0, 10)).toHaveLength(2);
      const anew = await store.transact((unit) => unit.rollouts.lock('web'));
      expect(anew).toMatchObject({ version: 2, rolloutNumber: 1, seq: 2, rollout: null });
    }));

  it('forgets an application that was never there', () =>
    test(async ({ store }) => {
      await store.read.rollouts.forget('web');
      expect(await store.read.rollouts.header('web')).toBeNull();
    }));
}
