import type { RolloutStore } from '#ports';
import { oneNumber, timeApplicationNumber, wavePositionUid } from '../page-cursor.js';
import { keyOf, type RolloutEntry, type Tables } from './memory.js';
import { pageOf } from './page-of.js';
import type { Run } from './session.js';

/** While a rollout is the header's, the header says how it stands. */
function present(tables: Tables, entry: RolloutEntry): RolloutEntry {
  const current = tables.headers.get(entry.application)?.rollout ?? null;
  return current?.number === entry.rollout.number ? { ...entry, rollout: current } : entry;
}

type Lists = Pick<RolloutStore, 'rollout' | 'list' | 'targets' | 'events' | 'history' | 'eventsAfter'>;

export function fakeRolloutLists(run: Run): Lists {
  const find = (tables: Tables, application: string, number: number): RolloutEntry | null => {
    const entry = tables.rollouts.get(keyOf(application, number));
    return entry === undefined ? null : present(tables, entry);
  };

  return {
    rollout: (application, number) => run(({ tables }) => find(tables, application, number)?.rollout ?? null),
    list: (application, page) =>
      run(({ tables }) => {
        const all = tables.rollouts.rows().map((entry) => present(tables, entry));
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
        const entries =
          rollout.state === 'running'
            ? tables.targets.rows().filter((entry) => entry.row.rollout === rollout.id)
            : tables.archivedTargets.rows().filter((entry) => entry.number === number);
        const rows = entries
          .filter((entry) => entry.application === application)
          .map(({ row }) => row)
          .filter((row) => page.state === undefined || row.state === page.state)
          .filter((row) => page.wave === undefined || row.wave === page.wave);
        return pageOf(rows, page, wavePositionUid, (row) => [row.wave, row.position, row.uid]);
      }),
    events: (query) =>
      run(({ memory }) => {
        const { application, rollout, cluster } = query;
        const found = memory.events
          .filter((event) => application === undefined || event.application === application)
          .filter((event) => rollout === undefined || event.rollout === rollout)
          .filter((event) => cluster === undefined || event.cluster === cluster);
        return pageOf(found, query, oneNumber, (event) => [event.id], 'backwards');
      }),
    history: (rollout, after, limit) =>
      run(({ memory }) =>
        memory.events.filter((event) => event.rollout === rollout && event.seq > after).slice(0, limit),
      ),
    eventsAfter: (id, limit) => run(({ memory }) => memory.events.filter((event) => event.id > id).slice(0, limit)),
  };
}
