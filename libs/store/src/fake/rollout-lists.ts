import type { Scope, TargetRow } from '#domain';
import type { RolloutStore } from '#ports';
import { oneNumber, timeApplicationNumber, wavePositionUid } from '../page-cursor.js';
import { keyOf, type RolloutEntry, type Tables } from './memory.js';
import { pageOf } from './page-of.js';
import { holdsPair } from './scoped.js';
import type { Run } from './session.js';

/** While a rollout is the header's, the header says how it stands. */
function present(tables: Tables, entry: RolloutEntry): RolloutEntry {
  const current = tables.headers.get(entry.application)?.rollout ?? null;
  return current?.number === entry.rollout.number ? { ...entry, rollout: current } : entry;
}

function targetsOf(tables: Tables, { application, rollout }: RolloutEntry): readonly TargetRow[] {
  const entries =
    rollout.state === 'running'
      ? tables.targets.rows().filter((entry) => entry.row.rollout === rollout.id)
      : tables.archivedTargets.rows().filter((entry) => entry.number === rollout.number);
  return entries.filter((entry) => entry.application === application).map(({ row }) => row);
}

function isWholeInScope(tables: Tables, entry: RolloutEntry, scopes: readonly Scope[] | undefined): boolean {
  const { application } = entry;
  if (holdsPair(tables, scopes, application, undefined)) return true;
  const rows = targetsOf(tables, entry);
  return rows.length > 0 && rows.every((row) => holdsPair(tables, scopes, application, row.uid));
}

type Lists = Pick<RolloutStore, 'rollout' | 'list' | 'targets' | 'reach' | 'events' | 'history' | 'eventsAfter'>;

export function fakeRolloutLists(run: Run): Lists {
  const find = (tables: Tables, application: string, number: number): RolloutEntry | null => {
    const entry = tables.rollouts.get(keyOf(application, number));
    return entry === undefined ? null : present(tables, entry);
  };

  return {
    rollout: (application, number) => run(({ tables }) => find(tables, application, number)?.rollout ?? null),
    list: (application, page) =>
      run(({ tables }) => {
        const all = tables.rollouts
          .rows()
          .map((entry) => present(tables, entry))
          .filter((entry) => isWholeInScope(tables, entry, page.scopes));
        if (application === null) {
          const place = ({ application: name, rollout }: RolloutEntry): [number, string, number] => [
            rollout.startedAt,
            name,
            rollout.number,
          ];
          return pageOf(all, page, timeApplicationNumber, place, 'backwards');
        }
        const own = all.filter((entry) => entry.application === application);
        return pageOf(own, page, oneNumber, ({ rollout }) => [rollout.number], 'backwards');
      }),
    targets: (application, number, page) =>
      run(({ tables }) => {
        const rollout = find(tables, application, number)?.rollout;
        if (rollout === undefined) return { items: [] };
        const rows = targetsOf(tables, { application, rollout })
          .filter((row) => holdsPair(tables, page.scopes, application, row.uid))
          .filter((row) => page.state === undefined || row.state === page.state)
          .filter((row) => page.wave === undefined || row.wave === page.wave);
        return pageOf(rows, page, wavePositionUid, (row) => [row.wave, row.position, row.uid]);
      }),
    reach: (application, number, scopes) =>
      run(({ tables }) => {
        const rollout = find(tables, application, number)?.rollout;
        const rows = rollout === undefined ? [] : targetsOf(tables, { application, rollout });
        const held = rows.filter((row) => holdsPair(tables, scopes, application, row.uid));
        return { targets: rows.length, held: held.length };
      }),
    events: (query) =>
      run(({ memory, tables }) => {
        const { application, rollout, cluster, actor, since, until } = query;
        const found = memory.events
          .filter((event) => application === undefined || event.application === application)
          .filter((event) => rollout === undefined || event.rollout === rollout)
          .filter((event) => cluster === undefined || event.cluster === cluster)
          .filter((event) => actor === undefined || event.actor?.startsWith(actor))
          .filter(({ at }) => at >= (since ?? at) && (until === undefined || at < until))
          .filter((event) => holdsPair(tables, query.scopes, event.application, event.cluster));
        return pageOf(found, query, oneNumber, (event) => [event.id], 'backwards');
      }),
    history: (rollout, after, limit) =>
      run(({ memory }) =>
        memory.events.filter((event) => event.rollout === rollout && event.seq > after).slice(0, limit),
      ),
    eventsAfter: (id, limit, scopes) =>
      run(({ memory, tables }) =>
        memory.events
          .filter((event) => event.id > id && holdsPair(tables, scopes, event.application, event.cluster))
          .slice(0, limit),
      ),
  };
}
