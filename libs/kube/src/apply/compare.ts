import type { JsonObject, JsonValue } from '#domain';
import { ownFields } from './managed-fields.js';
import { isMap, mapAt } from './object-ref.js';

/** What the API server writes by itself. */
const SERVER_METADATA = new Set([
  'managedFields',
  'resourceVersion',
  'generation',
  'uid',
  'creationTimestamp',
  'selfLink',
]);

/** In place of a path: the values are the same, and who owns them is not. */
export const OWNERSHIP = 'metadata.managedFields';

/**
 * Paths in which a dry-run's answer differs from the live object, at most `limit`; never a value. Status and what the API
 * server writes by itself don't count. Empty: an apply would change nothing, the ownership of fields included.
 */
export function differences(live: JsonObject, dryRun: JsonObject, limit = 20): readonly string[] {
  const paths: string[] = [];
  for (const key of keysOf(live, dryRun)) {
    if (key === 'status') continue;
    if (key === 'metadata') {
      const [a, b] = [mapAt(live, key), mapAt(dryRun, key)];
      for (const name of keysOf(a, b)) {
        if (!SERVER_METADATA.has(name)) compare(a[name], b[name], `metadata.${name}`, paths, limit);
      }
    } else {
      compare(live[key], dryRun[key], key, paths, limit);
    }
  }
  if (paths.length === 0 && !equal(ownFields(live), ownFields(dryRun))) paths.push(OWNERSHIP);
  return paths;
}

function keysOf(a: JsonObject, b: JsonObject): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}

function compare(
  a: JsonValue | undefined,
  b: JsonValue | undefined,
  path: string,
  paths: string[],
  limit: number,
): void {
  if (paths.length >= limit || a === b) return;
  if (isMap(a) && isMap(b)) {
    for (const key of keysOf(a, b)) compare(a[key], b[key], `${path}.${key}`, paths, limit);
  } else if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) {
    (a as readonly JsonValue[]).forEach((item, index) =>
      compare(item, (b as readonly JsonValue[])[index], `${path}[${index}]`, paths, limit),
    );
  } else if (!equal(a, b)) {
    paths.push(path);
  }
}

function equal(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    const [x, y] = [a as readonly JsonValue[], b as readonly JsonValue[]];
    return x.length === y.length && x.every((item, index) => equal(item, y[index]));
  }
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => equal(a[key], b[key]));
}
