import type { JsonObject, JsonValue } from '../json.js';

/** Longer texts are cut, bigger objects refused. */
const MAX_TEXT = 1024;
const MAX_VALUES = 20_000;
const MAX_DEPTH = 60;

type Copy = null | boolean | number | bigint | string | readonly Copy[] | { readonly [key: string]: Copy };

/**
 * An object as an expression sees it: whole numbers as integers, texts cut at 1,024 characters, without `metadata.managedFields`.
 * `problem`: why it is too big to be looked at; the copy is then of no use.
 * @param maxList so many entries in one list at most.
 */
export function boundedCopy(
  object: JsonObject,
  maxList: number,
): { readonly copy: Copy; readonly problem: string | null } {
  let values = 0;
  let problem: string | null = null;
  const copyOf = (value: JsonValue, path: string, depth: number): Copy => {
    values += 1;
    if (values > MAX_VALUES) problem ??= `it has more than ${MAX_VALUES} values`;
    if (depth > MAX_DEPTH) problem ??= `${path} is more than ${MAX_DEPTH} levels deep`;
    if (problem !== null) return null;
    if (typeof value === 'string') return value.slice(0, MAX_TEXT);
    if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      const list = value as readonly JsonValue[];
      if (list.length > maxList) problem ??= `${path} has ${list.length} entries, at most ${maxList} are looked at`;
      return list.map((each) => copyOf(each, path, depth + 1));
    }
    const kept = Object.entries(value as JsonObject).filter(
      ([key]) => `${path}.${key}` !== 'object.metadata.managedFields',
    );
    return Object.fromEntries(kept.map(([key, each]) => [key, copyOf(each, `${path}.${key}`, depth + 1)]));
  };
  const copy = copyOf(object, 'object', 0);
  return { copy, problem };
}
