import type { JsonObject, JsonValue } from '../json.js';

/** Longer texts are cut, bigger objects refused. */
const MAX_TEXT = 1024;
const MAX_VALUES = 20_000;
const MAX_DEPTH = 60;
const HIDDEN = 'object.metadata.managedFields';

type Copy = null | boolean | number | bigint | string | readonly Copy[] | { readonly [key: string]: Copy };

export interface BoundedCopy {
  readonly copy: Copy;
  /** Why it is too big to be looked at; the copy is then of no use. */
  readonly problem: string | null;
  /** How many values it holds, each text, number, list and map counted once. */
  readonly values: number;
  /** Entries of its longest list or map. */
  readonly longest: number;
}

/** An object as an expression sees it: whole numbers as integers, texts cut (at 1,024 characters unless told), without `metadata.managedFields`. */
export function boundedCopy(object: JsonObject, maxText = MAX_TEXT): BoundedCopy {
  let values = 0;
  let longest = 0;
  let problem: string | null = null;
  const copyOf = (value: JsonValue, path: string, depth: number): Copy => {
    values += 1;
    if (values > MAX_VALUES) problem ??= `it has more than ${MAX_VALUES} values`;
    if (depth > MAX_DEPTH) problem ??= `${path} is more than ${MAX_DEPTH} levels deep`;
    if (problem !== null) return null;
    if (typeof value === 'string') return value.slice(0, maxText);
    if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      const list = value as readonly JsonValue[];
      longest = Math.max(longest, list.length);
      return list.map((each) => copyOf(each, path, depth + 1));
    }
    const shown = Object.entries(value as JsonObject).filter(([key]) => `${path}.${key}` !== HIDDEN);
    longest = Math.max(longest, shown.length);
    return Object.fromEntries(shown.map(([key, each]) => [key, copyOf(each, `${path}.${key}`, depth + 1)]));
  };
  const copy = copyOf(object, 'object', 0);
  return { copy, problem, values, longest };
}
