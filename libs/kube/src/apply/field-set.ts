import type { JsonObject, JsonValue } from '#domain';
import { isMap } from './object-ref.js';

/**
 * Sets of fields as `metadata.managedFields` has them (FieldsV1): a tree whose leaves are members, as are nodes with a `.`. Steps are
 * `f:<key>` into a map, `k:<keys as JSON>` and `v:<value as JSON>` into a list. A container that is replaced as a whole is a leaf.
 */
export type FieldSet = JsonObject;

const nothing: FieldSet = Object.freeze({});

export function stepsOf(set: FieldSet): readonly string[] {
  return Object.keys(set).filter((step) => step !== '.');
}

export function isLeaf(set: FieldSet): boolean {
  return stepsOf(set).length === 0;
}

/** Whether the field itself is in the set, and not only some of what it holds. */
export function isMember(set: FieldSet): boolean {
  return '.' in set || isLeaf(set);
}

/** What a set has below a step; undefined: nothing. */
export function below(set: FieldSet | undefined, step: string): FieldSet | undefined {
  const child = set?.[step];
  return isMap(child) ? child : undefined;
}

/** The names and values by which a list's item is known; null: not a step to such an item. */
export function keysOfStep(step: string): JsonObject | null {
  if (!step.startsWith('k:')) return null;
  const keys: unknown = JSON.parse(step.slice(2));
  return keys as JsonObject;
}

/** Whether a step leads to this item of a list. A key that the item leaves out may be any: the API server has a default for it. */
export function leadsTo(step: string, item: JsonValue): boolean {
  return fits(step, item, true);
}

/** The one of several steps that leads to an item of a list; undefined: none does. */
export function stepTo(item: JsonValue, steps: readonly string[]): string | undefined {
  return steps.find((step) => fits(step, item, false)) ?? steps.find((step) => fits(step, item, true));
}

/** The value at a step; undefined: there is none. */
export function valueAt(value: JsonValue | undefined, step: string): JsonValue | undefined {
  if (step.startsWith('f:')) return isMap(value) ? value[step.slice(2)] : undefined;
  if (!Array.isArray(value)) return undefined;
  const items = value as readonly JsonValue[];
  return items.find((item) => fits(step, item, false)) ?? items.find((item) => fits(step, item, true));
}

function fits(step: string, item: JsonValue, isLax: boolean): boolean {
  const keys = keysOfStep(step);
  if (keys === null) return step.startsWith('v:') && step.slice(2) === JSON.stringify(item);
  if (!isMap(item)) return false;
  return Object.entries(keys).every(([name, value]) => item[name] === value || (isLax && item[name] === undefined));
}

export function unionOf(a: FieldSet, b: FieldSet): FieldSet {
  const result: Record<string, JsonValue> = { ...a };
  for (const [step, set] of Object.entries(b)) {
    const present = result[step];
    if (!isMap(present) || !isMap(set)) result[step] = set;
    // A leaf that gets children stays a member by its dot.
    else if (step !== '.' && isLeaf(present) !== isLeaf(set)) result[step] = { '.': nothing, ...present, ...set };
    else result[step] = unionOf(present, set);
  }
  return result;
}

/** A part of a set, and the rest of it; null: nothing. */
export interface Parted {
  readonly inside: FieldSet | null;
  readonly outside: FieldSet | null;
}

/** Parts a set: `place` tells of each step whether all of it is inside, or outside, or where its own steps lead. */
export function partFields<P>(set: FieldSet, at: P, place: (at: P, step: string) => 'inside' | 'outside' | P): Parted {
  const inside: Record<string, JsonValue> = {};
  const outside: Record<string, JsonValue> = {};
  for (const step of stepsOf(set)) {
    const child = below(set, step) ?? nothing;
    const where = place(at, step);
    if (where === 'inside') inside[step] = child;
    else if (where === 'outside' || isLeaf(child)) outside[step] = child;
    else {
      const parted = partFields(child, where, place);
      if (parted.inside !== null) inside[step] = parted.inside;
      if (parted.outside !== null) outside[step] = parted.outside;
    }
  }
  // A container goes with what is in it: where all of that is inside, nothing of it is left outside.
  return { inside: sealed(inside, set), outside: sealed(outside, set) };
}

function sealed(part: Record<string, JsonValue>, whole: FieldSet): FieldSet | null {
  if (isLeaf(part)) return null;
  return '.' in whole ? { '.': nothing, ...part } : part;
}
