import { expect, it } from '@jest/globals';
import type { RowNeed, TargetRow } from '#domain';
import type { Store } from '../../store/store.js';
import type { StoreTest } from './opened-store.js';
import { addOnline, assignmentOf, lastReport, rowOf, save } from './samples.js';

const at = (uid: string, position: number, rest: Partial<TargetRow> = {}): TargetRow =>
  rowOf(uid, { position, ...rest });

async function load(store: Store, need: RowNeed): Promise<string[]> {
  return (await store.read.rollouts.rows('web', need)).map(({ row }) => row.uid);
}

export function loading(test: StoreTest): void {
  it('loads nothing where nothing is needed', () =>
    test(async ({ store }) => {
      await save(store, 'web', () => ({}), { rows: [rowOf('u1')] });
      expect(await load(store, {})).toEqual([]);
      expect(await load(store, { uids: [] })).toEqual([]);
      expect(await load(store, { uids: ['unknown'] })).toEqual([]);
    }));

  it('tells of each row whether its cluster is online and when it was heard of', () =>
    test(async ({ store }) => {
      await addOnline(store, 'here', 200);
      await addOnline(store, 'away', 100);
      await store.read.clusters.markSilent(150);
      await save(store, 'web', () => ({}), { rows: [at('here', 0), at('away', 1), at('unknown', 2)] });
      const rows = await store.read.rollouts.rows('web', { all: true });
      expect(rows.map(({ row, online, seenAt }) => [row.uid, online, seenAt])).toEqual([
        ['here', true, 200],
        ['away', false, 100],
        ['unknown', false, null],
      ]);
    }));

  it('loads due rows, earliest first, and the next one after', () =>
    test(async ({ store }) => {
      await save(store, 'web', () => ({}), {
        rows: [
          at('d30', 0, { dueAt: 30 }),
          at('d10', 1, { dueAt: 10 }),
          at('d20', 2, { dueAt: 20 }),
          at('none', 3),
          at('d40', 4, { dueAt: 40 }),
        ],
      });
      expect(await load(store, { due: { before: 30, limit: 10 } })).toEqual(['d30', 'd10', 'd20']);
      expect(await load(store, { due: { before: 30, limit: 2 } })).toEqual(['d10', 'd20']);
      expect(await load(store, { next: { after: 20 } })).toEqual(['d30']);
      expect(await load(store, { next: { after: 40 } })).toEqual([]);
    }));

  it('loads the next pending rows of a wave, requeued ones first', () =>
    test(async ({ store }) => {
      await save(store, 'web', () => ({}), {
        rows: [
          at('p2', 2),
          at('p0', 0, { state: 'assigned' }),
          at('p1', 1),
          at('back', 9, { requeued: true }),
          at('other-wave', 0, { wave: 1 }),
        ],
      });
      expect(await load(store, { pending: { wave: 0, limit: 1 } })).toEqual(['back']);
      expect(await load(store, { pending: { wave: 0, limit: 2 } })).toEqual(['p1', 'back']);
      expect(await load(store, { pending: { wave: 0, limit: 5 } })).toEqual(['p1', 'p2', 'back']);
      expect(await load(store, { pending: { wave: 1, limit: 5 } })).toEqual(['other-wave']);
    }));

  it('loads the next pending rows of the zones that are open, and of none', () =>
    test(async ({ store }) => {
      await save(store, 'web', () => ({}), {
        rows: [
          at('b1', 1, { zone: 'Europe/Berlin' }),
          at('none2', 2),
          at('b3', 3, { zone: 'Europe/Berlin' }),
          at('t0', 0, { zone: 'Asia/Tokyo' }),
          at('t8', 8, { zone: 'Asia/Tokyo', requeued: true }),
          at('n4', 4, { zone: 'America/New_York' }),
          at('done', 0, { zone: 'Europe/Berlin', state: 'passed' }),
          at('later', 0, { zone: 'Europe/Berlin', wave: 1 }),
          at('other', 0, { zone: 'Europe/Berlin', rollout: 'web-0' }),
        ],
      });
      const pending = (zones: readonly string[] | undefined, limit = 9): Promise<string[]> =>
        load(store, { rollout: 'web-1', pending: { wave: 0, limit, ...(zones && { zones }) } });
      expect(await pending(['Europe/Berlin'])).toEqual(['b1', 'none2', 'b3']);
      expect(await pending(['Asia/Tokyo', 'Europe/Berlin'])).toEqual(['t0', 'b1', 'none2', 'b3', 't8']);
      expect(await pending(['Asia/Tokyo', 'Europe/Berlin'], 2)).toEqual(['t0', 't8']);
      expect(await pending(['Asia/Tokyo', 'Asia/Tokyo'], 2)).toEqual(['t0', 't8']);
      expect(await pending([])).toEqual(['none2']);
      expect(await pending(undefined)).toEqual(['t0', 'b1', 'none2', 'b3', 'n4', 't8']);
      expect(await pending(undefined, 3)).toEqual(['t0', 'b1', 't8']);
    }));

  it('loads the passed rows of a wave that were silent since', () =>
    test(async ({ store }) => {
      for (const [uid, seenAt] of Object.entries({ loud: 200, quiet: 100, waiting: 50, same: 150 }))
        await addOnline(store, uid, seenAt);
      await save(store, 'web', () => ({}), {
        rows: [
          at('loud', 0, { state: 'passed' }),
          at('quiet', 1, { state: 'passed' }),
          at('waiting', 2, { state: 'progressing' }),
          at('same', 3, { state: 'passed' }),
          at('never', 4, { state: 'unchanged' }),
          at('elsewhere', 0, { state: 'passed', wave: 1 }),
        ],
      });
      expect(await load(store, { silent: { wave: 0, since: 150, limit: 10 } })).toEqual(['quiet', 'never']);
      expect(await load(store, { silent: { wave: 0, since: 150, limit: 1 } })).toEqual(['quiet']);
    }));

  it('looks for due, next, pending and silent rows in the named rollout only', () =>
    test(async ({ store }) => {
      await save(store, 'web', () => ({}), {
        rows: [
          at('new', 0, { rollout: 'web-2', dueAt: 10 }),
          at('old', 1, { rollout: 'web-1', dueAt: 5 }),
          at('new-passed', 2, { rollout: 'web-2', state: 'passed' }),
          at('old-passed', 3, { rollout: 'web-1', state: 'passed' }),
        ],
      });
      const rollout = 'web-2';
      expect(await load(store, { rollout, due: { before: 50, limit: 9 } })).toEqual(['new']);
      expect(await load(store, { rollout, next: { after: 0 } })).toEqual(['new']);
      expect(await load(store, { rollout, pending: { wave: 0, limit: 9 } })).toEqual(['new']);
      expect(await load(store, { rollout, silent: { wave: 0, since: 9, limit: 9 } })).toEqual(['new-passed']);
      expect(await load(store, { rollout, uids: ['old'] })).toEqual(['old']);
      expect(await load(store, { rollout, all: true })).toEqual(['new', 'old', 'new-passed', 'old-passed']);
    }));

  it('loads a row that several needs name once, in wave and position order', () =>
    test(async ({ store }) => {
      await save(store, 'web', () => ({}), { rows: [at('b', 1, { dueAt: 5 }), at('a', 0), at('c', 0, { wave: 1 })] });
      const need = { uids: ['c', 'b', 'b'], due: { before: 9, limit: 1 }, pending: { wave: 0, limit: 9 } };
      expect(await load(store, need)).toEqual(['a', 'b', 'c']);
    }));

  it('counts rows with a release assigned, by state and by what was said of the generation in force', () =>
    test(async ({ store }) => {
      const assigned = { state: 'progressing' as const, assignment: assignmentOf({ generation: 2 }) };
      await save(store, 'web', () => ({}), {
        rows: [
          at('pending', 0),
          at('silent', 1, assigned),
          at('stale', 2, { ...assigned, report: lastReport() }),
          at('other', 3, { ...assigned, report: lastReport({ generation: 2, digest: 'b'.repeat(64) }) }),
          at('ok', 4, { ...assigned, report: lastReport({ generation: 2 }) }),
          at('withdrawn', 5, { ...assigned, assignment: assignmentOf({ release: null, digest: '' }) }),
        ],
      });
      await save(store, 'api', () => ({}), {
        rows: [at('ok', 0, { ...assigned, state: 'passed', report: lastReport({ generation: 2 }) })],
      });
      expect(await store.read.rollouts.counts()).toEqual([
        { application: 'api', state: 'passed', phase: 'healthy', count: 1 },
        { application: 'web', state: 'progressing', phase: 'healthy', count: 1 },
        { application: 'web', state: 'progressing', phase: null, count: 3 },
      ]);
    }));
}
