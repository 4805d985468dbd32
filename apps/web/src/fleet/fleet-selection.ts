import type { SelectorExpression } from '#domain/selector';
import { CELL_STATES, type CellState } from '#domain/cell-state';
import type { CellTest, FleetFilter } from './fleet-filter.js';
import type { Column, FleetModel } from './fleet-model.js';

/** Whether the cluster at a place is meant; it allocates nothing. */
export type Picks = (place: number) => boolean;

export interface Selection {
  readonly picks: Picks;
  /** Whether what it picks may change as cells do. */
  readonly followsCells: boolean;
  /** What in the filter meets nothing, and what was meant perhaps. */
  readonly notes: readonly string[];
}

/** A filter made ready for a fleet's columns. */
export function selectionOf(
  model: FleetModel,
  { tests, labels }: FleetFilter,
  others: readonly Picks[] = [],
): Selection {
  const notes: string[] = [];
  const all: Picks[] = [
    ...tests.map((test) => picksOf(model, test, notes)),
    ...labels.map((expression) => labelPicks(model, expression, notes)),
    ...others,
  ];
  const followsCells = others.length > 0 || tests.some(({ of }) => of !== 'name');
  return { picks: allOf(all), followsCells, notes };
}

function allOf(picks: readonly Picks[]): Picks {
  return (place) => {
    for (let index = 0; index < picks.length; index += 1) if (!picks[index]?.(place)) return false;
    return true;
  };
}

export function statePicks(model: FleetModel, states: readonly CellState[], isNot = false): Picks {
  const wanted = new Uint8Array(256).fill(isNot ? 1 : 0);
  for (const state of states) wanted[CELL_STATES.indexOf(state)] = isNot ? 0 : 1;
  return (place) => wanted[model.states[place] ?? 255] === 1;
}

export function releasePicks(
  of: Int32Array | null,
  { operator, releases }: CellTest & { of: 'release' | 'told' },
): Picks {
  if (!of) return () => false;
  const [bound = 0] = releases;
  switch (operator) {
    case 'in':
      return (place) => releases.includes(of[place] ?? 0);
    case 'notin':
      return (place) => !releases.includes(of[place] ?? 0);
    case '<':
      return (place) => (of[place] ?? 0) > 0 && (of[place] ?? 0) < bound;
    case '<=':
      return (place) => (of[place] ?? 0) > 0 && (of[place] ?? 0) <= bound;
    case '>':
      return (place) => (of[place] ?? 0) > bound;
    case '>=':
      return (place) => (of[place] ?? 0) >= bound;
    default: {
      const never: never = operator;
      throw new Error(`no such operator: ${String(never)}`);
    }
  }
}

function picksOf(model: FleetModel, test: CellTest, notes: string[]): Picks {
  switch (test.of) {
    case 'state':
      return statePicks(model, test.states, test.isNot);
    case 'release':
    case 'told':
      if (!model.runs) notes.push(`${test.of} is of one application: choose an application, and it is compared.`);
      return releasePicks(test.of === 'release' ? model.runs : model.told, test);
    case 'name':
      return (place) => (model.names[place] ?? '').includes(test.part) !== test.isNot;
    default: {
      const never: never = test;
      throw new Error(`no such test: ${JSON.stringify(never)}`);
    }
  }
}

function labelPicks(model: FleetModel, { key, operator, values = [] }: SelectorExpression, notes: string[]): Picks {
  const column = model.columns.get(key);
  const isAbsenceMet = operator === 'NotIn' || operator === 'DoesNotExist';
  if (!column) {
    notes.push(unknownKey(model, key));
    return () => isAbsenceMet;
  }
  const unknown = values.find((value) => !column.values.includes(value));
  if (unknown !== undefined && operator === 'In') notes.push(unknownValue(column, unknown));
  // By value's place plus one, so that -1, no value, has a place too.
  const met = new Uint8Array(column.values.length + 1);
  met[0] = isAbsenceMet ? 1 : 0;
  for (const [place, value] of column.values.entries())
    met[place + 1] =
      operator === 'Exists' || (values.includes(value) ? operator === 'In' : operator === 'NotIn') ? 1 : 0;
  const { of } = column;
  return (place) => met[(of[place] ?? -1) + 1] === 1;
}

function unknownKey(model: FleetModel, key: string): string {
  if (key === 'name') return 'No cluster has a label "name": name~text finds a part of a cluster’s name.';
  if (model.columns.has(`fact.${key}`))
    return `No cluster has a label "${key}", but there is a fact: write fact.${key}.`;
  const like = nearest(key, [...model.columns.keys()]);
  return `No cluster has a label "${key}"${like === undefined ? '.' : `: is it "${like}"?`}`;
}

function unknownValue({ key, values }: Column, value: string): string {
  const like = nearest(value, values);
  return `No cluster has ${key}=${value}${like === undefined ? '.' : `: is it "${like}"?`}`;
}

/** The word that is the least changes away, if they are few for its length. */
function nearest(word: string, words: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const each of words.slice(0, 5000)) {
    if (Math.abs(each.length - word.length) >= least) continue;
    const far = changesBetween(word, each);
    if (far < least) [best, least] = [each, far];
  }
  return best;
}

/** How many letters to put in, take out or change. */
function changesBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const put = Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1);
      next.push(Math.min(put, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** Places that are picked, in the order of names, written into `into`; answers how many. */
export function select(model: FleetModel, picks: Picks, into: Int32Array): number {
  let many = 0;
  for (let place = 0; place < model.size; place += 1) if (picks(place)) into[many++] = place;
  return many;
}
