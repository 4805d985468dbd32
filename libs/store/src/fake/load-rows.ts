import type { LoadedRow, RowNeed } from '#domain';
import { byKeys, type Tables } from './memory.js';

export function loadFakeRows(tables: Tables, application: string, need: RowNeed): readonly LoadedRow[] {
  const all = tables.targets.rows().flatMap((entry) => {
    if (entry.application !== application) return [];
    const cluster = tables.clusters.get(entry.row.uid);
    const presence = { online: cluster?.online ?? false, seenAt: cluster?.seenAt ?? null };
    return [{ row: entry.row, ...presence, ...((cluster?.hold ?? null) !== null && { held: true }) }];
  });
  const wanted = need.all === true ? all : wantedRows(all, need);
  return [...wanted].sort(byKeys(({ row }) => [row.wave, row.position, row.uid]));
}

function wantedRows(all: readonly LoadedRow[], need: RowNeed): ReadonlySet<LoadedRow> {
  const { uids = [], due, next, pending, silent } = need;
  const own = all.filter(({ row }) => need.rollout === undefined || row.rollout === need.rollout);
  const byDue = own.filter(({ row }) => row.dueAt !== null).sort(byKeys(({ row }) => [row.dueAt ?? 0, row.uid]));
  const wanted = new Set(all.filter(({ row }) => uids.includes(row.uid)));
  const want = (rows: readonly LoadedRow[], limit: number): void =>
    rows.slice(0, limit).forEach((row) => wanted.add(row));
  if (due !== undefined)
    want(
      byDue.filter(({ row }) => (row.dueAt ?? 0) <= due.before),
      due.limit,
    );
  if (next !== undefined)
    want(
      byDue.filter(({ row }) => (row.dueAt ?? 0) > next.after),
      1,
    );
  if (pending !== undefined) {
    const { zones } = pending;
    const isOpen = (zone: string | undefined): boolean =>
      zones === undefined || zone === undefined || zones.includes(zone);
    const waiting = own.filter(({ row }) => row.state === 'pending' && row.wave === pending.wave && isOpen(row.zone));
    want(waiting.sort(byKeys(({ row }) => [row.requeued === true ? 0 : 1, row.position, row.uid])), pending.limit);
  }
  if (silent !== undefined) {
    const quiet = own.filter(
      ({ row, seenAt }) =>
        row.wave === silent.wave &&
        (row.state === 'passed' || row.state === 'unchanged') &&
        (seenAt === null || seenAt < silent.since),
    );
    want(quiet.sort(byKeys(({ row }) => [row.position, row.uid])), silent.limit);
  }
  return wanted;
}
