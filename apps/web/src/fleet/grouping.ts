import type { Column } from './fleet-model.js';

export interface Group {
  /** Of the column that it is grouped by; undefined: its clusters have none. */
  readonly value: string | undefined;
  /** Where it begins in `order`. */
  readonly from: number;
  readonly count: number;
}

/** Clusters of one group after the other: `order[at]` is the place of a cluster in the model, `at[place]` is the way back, -1: not shown. */
export interface Grouping {
  readonly key: string | undefined;
  readonly groups: readonly Group[];
  readonly order: Int32Array;
  readonly at: Int32Array;
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** Groups what is selected by a column's values, in their natural order, those without one last; by nothing, it is one group. */
export function groupBy(column: Column | undefined, selected: Int32Array, size: number): Grouping {
  const at = new Int32Array(size).fill(-1);
  const order = new Int32Array(selected.length);
  const key = column?.key;
  if (!column) {
    order.set(selected);
    for (let index = 0; index < order.length; index += 1) at[order[index] ?? 0] = index;
    const groups = selected.length > 0 ? [{ value: undefined, from: 0, count: selected.length }] : [];
    return { key, groups, order, at };
  }
  // By value's place plus one, so that -1, no value, has a place too.
  const counts = new Int32Array(column.values.length + 1);
  for (const place of selected) {
    const value = (column.of[place] ?? -1) + 1;
    counts[value] = (counts[value] ?? 0) + 1;
  }
  const values = [...column.values.keys()].filter((value) => (counts[value + 1] ?? 0) > 0);
  values.sort((a, b) => collator.compare(column.values[a] ?? '', column.values[b] ?? ''));
  if ((counts[0] ?? 0) > 0) values.push(-1);
  const next = new Int32Array(counts.length);
  let from = 0;
  const groups = values.map((value): Group => {
    const count = counts[value + 1] ?? 0;
    const group = { value: column.values[value], from, count };
    next[value + 1] = from;
    from += count;
    return group;
  });
  for (const place of selected) {
    const value = (column.of[place] ?? -1) + 1;
    const index = next[value] ?? 0;
    next[value] = index + 1;
    order[index] = place;
    at[place] = index;
  }
  return { key, groups, order, at };
}
