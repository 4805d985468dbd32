import { type JsonObject, type JsonValue, sha256 } from '#domain';
import { type FieldSet, type Parted, unionOf } from './field-set.js';
import { type Ignored, partIgnored } from './ignore-rules.js';
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

/** Who owns what of a live object. */
export interface FieldSets {
  readonly mine: FieldSet | undefined;
  readonly theirs: readonly FieldSet[];
  /** Of `theirs`, those of the managers that were named. */
  readonly named: readonly FieldSet[];
}

export function fieldSetsOf(object: JsonObject, managers: ReadonlySet<string> = new Set()): FieldSets {
  const entries = entriesOf(object);
  const own = entries.find(isOurs);
  const others = entries.filter((entry) => entry !== own);
  const named = others.filter((entry) => managers.has(textAt(entry, 'manager')));
  return { mine: own && fieldsOf(own), theirs: others.map(fieldsOf), named: named.map(fieldsOf) };
}

/** What of an entry is made ours; null: nothing. */
export type Taking = (entry: {
  readonly manager: string;
  readonly byHand: boolean;
  readonly fields: FieldSet;
}) => Parted;

/** What was written by hand, but for what is ignored. */
export function takingByHand(desired: JsonObject, ignored: Ignored | null): Taking {
  return ({ manager, byHand, fields }) => {
    if (!byHand) return { inside: fields, outside: null };
    return ignored === null ? { inside: null, outside: fields } : partIgnored(manager, fields, ignored, desired);
  };
}

/** What either of two takes. */
export function bothTakings(first: Taking, second: Taking): Taking {
  return (entry) => {
    const { inside, outside } = first(entry);
    if (inside === null) return { inside, outside };
    const more = second({ ...entry, fields: inside });
    const taken =
      outside === null || more.outside === null ? (outside ?? more.outside) : unionOf(outside, more.outside);
    return { inside: more.inside, outside: taken };
  };
}

/**
 * `metadata.managedFields` with some of others' fields made ours, so that those which Git does not have go at the next apply: what a
 * taking leaves outside is taken. Null where there is nothing to take over.
 */
export function takeOverFields(object: JsonObject, taking: Taking): readonly JsonObject[] | null {
  const entries = entriesOf(object);
  const own = entries.find(isOurs);
  const parted = entries.filter((entry) => entry !== own).map((entry) => ({ entry, ...partedBy(taking, entry) }));
  const taken = parted.filter(({ outside }) => outside !== null);
  if (taken.length === 0) return null;
  const base: JsonObject = own ?? { ...taken[0]?.entry, manager: FIELD_MANAGER, operation: 'Apply' };
  const fields = taken.reduce<FieldSet>(
    (union, { outside }) => unionOf(union, outside ?? {}),
    own === undefined ? {} : fieldsOf(own),
  );
  const left = parted.flatMap(({ entry, inside, outside }) => {
    if (outside === null) return [entry];
    return inside === null ? [] : [{ ...entry, fieldsV1: inside }];
  });
  return [{ ...base, fieldsV1: fields }, ...left];
}

function partedBy(taking: Taking, entry: JsonObject): Parted {
  return taking({ manager: textAt(entry, 'manager'), byHand: isByHand(entry), fields: fieldsOf(entry) });
}

function fieldsOf(entry: JsonObject): FieldSet {
  return mapAt(entry, 'fieldsV1');
}

/** The fields that a take-over takes, as paths, at most `limit`: never a value. */
export function pathsTaken(object: JsonObject, taking: Taking, limit = 20): readonly string[] {
  const paths: string[] = [];
  for (const entry of entriesOf(object).filter((each) => !isOurs(each))) {
    const { outside } = partedBy(taking, entry);
    if (outside !== null) collect(outside, '', paths, limit);
  }
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
