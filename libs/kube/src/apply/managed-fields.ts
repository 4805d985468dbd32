import { type JsonObject, type JsonValue, sha256 } from '#domain';
import { FIELD_MANAGER } from './marks.js';
import { isMap, mapAt, mapsAt, textAt } from './object-ref.js';

/**
 * Whose fields are taken over: what `kubectl` wrote by hand. Not a restart (`kubectl rollout restart`), which is an act and no
 * state, and not what went through a subresource.
 */
function isByHand(entry: JsonObject): boolean {
  const manager = textAt(entry, 'manager');
  if (textAt(entry, 'subresource') !== '') return false;
  if (manager === 'before-first-apply') return true;
  return manager.startsWith('kubectl') && manager !== 'kubectl-rollout';
}

function isOurs(entry: JsonObject): boolean {
  return (
    textAt(entry, 'manager') === FIELD_MANAGER &&
    textAt(entry, 'operation') === 'Apply' &&
    textAt(entry, 'subresource') === ''
  );
}

function entriesOf(object: JsonObject): readonly JsonObject[] {
  return mapsAt(mapAt(object, 'metadata'), 'managedFields');
}

/** What the field sets of a live object tell. */
export interface Ownership {
  /**
   * A digest of which fields are ours, and which are somebody's by hand. The API server takes a field from us as soon as another
   * writes another value into it, so as long as this stays the same, every field of ours has the value that we gave it: that
   * holds for the metadata alone as well as for the whole object, and whatever controllers write elsewhere. Empty: none is ours.
   */
  readonly owned: string;
  /** An autoscaler set `spec.replicas` through the scale subresource; a person's `kubectl scale` is no autoscaler. */
  readonly scaled: boolean;
  /** Somebody wrote fields by hand. */
  readonly byHand: boolean;
}

export function ownershipOf(object: JsonObject): Ownership {
  const parts: JsonValue[] = [];
  let scaled = false;
  let byHand = false;
  for (const entry of entriesOf(object)) {
    if (isOurs(entry)) {
      parts.push(entry['fieldsV1'] ?? null);
    } else if (isByHand(entry)) {
      byHand = true;
      parts.push([textAt(entry, 'manager'), entry['fieldsV1'] ?? null]);
    } else {
      scaled ||= isAutoscaler(entry);
    }
  }
  return { owned: parts.length === 0 ? '' : sha256(JSON.stringify(parts)).slice(0, 32), scaled, byHand };
}

function isAutoscaler(entry: JsonObject): boolean {
  return (
    textAt(entry, 'subresource') === 'scale' &&
    !textAt(entry, 'manager').startsWith('kubectl') &&
    mapAt(mapAt(entry, 'fieldsV1'), 'f:spec')['f:replicas'] !== undefined
  );
}

/** Our own field set as the API server keeps it; null where we own nothing. */
export function ownFields(object: JsonObject): JsonObject | null {
  const own = entriesOf(object).find(isOurs);
  return own === undefined ? null : mapAt(own, 'fieldsV1');
}

/**
 * `metadata.managedFields` with what was written by hand made ours, so that fields which Git does not have go at the next
 * apply; null where there is nothing to take over.
 */
export function takeOverFields(object: JsonObject): readonly JsonObject[] | null {
  const entries = entriesOf(object);
  const byHand = entries.filter(isByHand);
  if (byHand.length === 0) return null;
  const own = entries.find(isOurs);
  const base: JsonObject = own ?? { ...byHand[0], manager: FIELD_MANAGER, operation: 'Apply' };
  const fields = [own, ...byHand]
    .filter((entry) => entry !== undefined)
    .reduce<JsonObject>((union, entry) => unionFields(union, mapAt(entry, 'fieldsV1')), {});
  return [{ ...base, fieldsV1: fields }, ...entries.filter((entry) => entry !== own && !byHand.includes(entry))];
}

function unionFields(a: JsonObject, b: JsonObject): JsonObject {
  const result: Record<string, JsonValue> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const present = result[key];
    result[key] = isMap(present) && isMap(value) ? unionFields(present, value) : value;
  }
  return result;
}

/** The fields that people set by hand, as paths, at most `limit`: never a value. */
export function pathsByHand(object: JsonObject, limit = 20): readonly string[] {
  const paths: string[] = [];
  for (const entry of entriesOf(object).filter(isByHand)) collect(mapAt(entry, 'fieldsV1'), '', paths, limit);
  return paths;
}

function collect(fields: JsonObject, at: string, paths: string[], limit: number): void {
  for (const [key, value] of Object.entries(fields)) {
    if (paths.length >= limit) return;
    if (key === '.') continue;
    // `k:` and `v:` hold list keys and values: the list's own path is enough, and tells no value.
    const path = key.startsWith('f:') ? (at === '' ? key.slice(2) : `${at}.${key.slice(2)}`) : `${at}[]`;
    const inner = isMap(value) ? Object.keys(value).filter((each) => each !== '.') : [];
    if (inner.length > 0 && isMap(value)) collect(value, path, paths, limit);
    else if (!paths.includes(path)) paths.push(path);
  }
}
