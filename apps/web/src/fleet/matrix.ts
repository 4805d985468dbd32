import type { FleetModel } from './fleet-model.js';
import type { Grouping } from './grouping.js';

/** What runs where: a row for each release, the newest first, and a column for each group. */
export interface Matrix {
  readonly releases: readonly number[];
  /** Releases that are left out, older ones. */
  readonly more: number;
  /** Clusters by row and column that run the release. */
  readonly runs: (row: number, column: number) => number;
  /** Clusters that are told the release and do not run it. */
  readonly coming: (row: number, column: number) => number;
  /** Of each release, over all columns. */
  readonly total: (row: number) => number;
}

/** @param always releases that get a row even if nobody runs them */
export function matrixOf(
  { runs, told }: FleetModel,
  { groups, order }: Grouping,
  always: readonly number[] = [],
  limit = 40,
): Matrix {
  const found = new Set(always);
  for (const place of order) {
    const [run, tell] = [runs?.[place] ?? 0, told?.[place] ?? 0];
    if (run > 0) found.add(run);
    if (tell > 0) found.add(tell);
  }
  const all = [...found].sort((a, b) => b - a);
  const releases = all.slice(0, limit);
  const rows = new Map(releases.map((release, row) => [release, row]));
  const wide = groups.length;
  const ran = new Int32Array(releases.length * wide);
  const come = new Int32Array(releases.length * wide);
  for (const [column, { from, count }] of groups.entries()) {
    for (let at = from; at < from + count; at += 1) {
      const place = order[at] ?? 0;
      const [run, tell] = [runs?.[place] ?? 0, told?.[place] ?? 0];
      add(ran, rows.get(run), column, wide);
      if (tell !== run) add(come, rows.get(tell), column, wide);
    }
  }
  return {
    releases,
    more: all.length - releases.length,
    runs: (row, column) => ran[row * wide + column] ?? 0,
    coming: (row, column) => come[row * wide + column] ?? 0,
    total: (row) => ran.subarray(row * wide, (row + 1) * wide).reduce((sum, many) => sum + many, 0),
  };
}

function add(counts: Int32Array, row: number | undefined, column: number, wide: number): void {
  if (row !== undefined) counts[row * wide + column] = (counts[row * wide + column] ?? 0) + 1;
}
