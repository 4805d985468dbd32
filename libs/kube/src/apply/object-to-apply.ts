import type { JsonObject, JsonValue } from '#domain';
import { below, type FieldSet, isLeaf, isMember, keysOfStep, stepsOf, stepTo, valueAt } from './field-set.js';
import { endsHere, type Ignored, type Pointer, through } from './ignore-rules.js';
import { fieldSetsOf } from './managed-fields.js';
import { APPLICATION_LABEL } from './marks.js';
import { isMap, mapAt } from './object-ref.js';

/** What is known of one place in an object. */
interface Place {
  readonly desired: JsonValue | undefined;
  readonly live: JsonValue | undefined;
  /** Our fields from here on; undefined: none. */
  readonly mine: FieldSet | undefined;
  readonly theirs: readonly FieldSet[];
}

/**
 * The object that is applied where some differences are ignored: what others own of the ignored fields is left out, and what only we
 * own of them is as it is in the cluster. So nothing of it is changed, and nothing of it goes: a server-side apply removes what its
 * manager owned and no longer names. An entry that Git takes out of a list goes with all that it holds. Idempotent.
 */
export function objectToApply(desired: JsonObject, live: JsonObject, ignored: Ignored | null): JsonObject {
  if (ignored === null) return desired;
  const { mine, theirs, named } = fieldSetsOf(live, ignored.managers);
  const place: Place = { desired, live, mine, theirs };
  const settled = isMap(place.desired) ? settle(place, ignored.pointers) : undefined;
  const object = named.reduce<JsonValue | undefined>((left, set) => without(left, set, mine), settled);
  return withIdentity(isMap(object) ? object : {}, desired);
}

/** What an object is known by is never somebody else's. */
function withIdentity(object: JsonObject, desired: JsonObject): JsonObject {
  const metadata = mapAt(desired, 'metadata');
  const label = mapAt(metadata, 'labels')[APPLICATION_LABEL];
  const kept = mapAt(object, 'metadata');
  const fixed = ['name', 'namespace'].flatMap((key) => (metadata[key] === undefined ? [] : [[key, metadata[key]]]));
  return {
    ...object,
    apiVersion: desired['apiVersion'] ?? '',
    kind: desired['kind'] ?? '',
    metadata: {
      ...kept,
      ...(Object.fromEntries(fixed) as JsonObject),
      ...(label !== undefined && { labels: { ...mapAt(kept, 'labels'), [APPLICATION_LABEL]: label } }),
    },
  };
}

/** The value for one place; undefined: it is left out. */
function settle(place: Place, pointers: readonly Pointer[]): JsonValue | undefined {
  if (pointers.length === 0) return place.desired;
  if (endsHere(pointers)) return oursAlone(place);
  const { desired, live } = place;
  if (isWhole(place)) return settleWhole(desired, live, pointers);
  // What merges its entries can't be told of a list that is not there: it is made as Git has it.
  if (Array.isArray(desired) && !Array.isArray(live)) return place.desired;
  if (Array.isArray(desired)) return settleList(place, desired as readonly JsonValue[], pointers);
  if (isMap(desired) || (desired === undefined && isMap(live))) return settleMap(place, desired ?? {}, pointers);
  return desired;
}

function settleMap(place: Place, desired: JsonObject, pointers: readonly Pointer[]): JsonValue | undefined {
  const owned = stepsOf(place.mine ?? {}).filter((step) => step.startsWith('f:'));
  const keys = new Set([...Object.keys(desired), ...owned.map((step) => step.slice(2))]);
  const result: Record<string, JsonValue> = {};
  for (const key of keys) {
    const rest = through(pointers, key);
    const value = rest.length === 0 ? desired[key] : settle(at(place, `f:${key}`), rest);
    if (value !== undefined) result[key] = value;
  }
  // An empty map would be a field of ours that was none.
  const isEmptied =
    Object.keys(result).length === 0 && (place.desired === undefined || Object.keys(desired).length > 0);
  return isEmptied ? undefined : result;
}

function settleList(place: Place, desired: readonly JsonValue[], pointers: readonly Pointer[]): JsonValue | undefined {
  const steps = [...new Set([place.mine ?? {}, ...place.theirs].flatMap(stepsOf))];
  const result: JsonValue[] = [];
  const named = new Set<string>();
  desired.forEach((item, index) => {
    const rest = through(pointers, String(index));
    const step = stepTo(item, steps);
    if (step !== undefined) named.add(step);
    let value: JsonValue | undefined = item;
    if (endsHere(rest)) value = step === undefined ? undefined : oursAlone(at(place, step));
    // An item that is not there is made whole.
    else if (rest.length > 0 && step !== undefined) value = withKeys(settle(at(place, step), rest), item, step);
    if (value !== undefined) result.push(value);
  });
  if (pointers.some((pointer) => pointer.length === 1 && pointer[0] === '*')) {
    for (const step of steps.filter((each) => !named.has(each))) {
      const value = oursAlone(at(place, step));
      if (value !== undefined) result.push(value);
    }
  }
  return result.length === 0 && desired.length > 0 ? undefined : result;
}

/** By whatever an item of a list is known, it is named. */
function withKeys(value: JsonValue | undefined, item: JsonValue, step: string): JsonValue {
  const keys = Object.keys(keysOfStep(step) ?? {});
  if (!isMap(item)) return item;
  const known = Object.fromEntries<JsonValue | undefined>(Object.entries(item).filter(([key]) => keys.includes(key)));
  return { ...(isMap(value) ? value : {}), ...known } as JsonObject;
}

/** The live value of what only we own at a place and below it. */
function oursAlone({ live, mine, theirs }: Place): JsonValue | undefined {
  if (live === undefined || mine === undefined) return undefined;
  const isTheirs = theirs.some(isMember);
  if (isLeaf(mine)) {
    if (isTheirs) return undefined;
    // Of a container whose entries are others' it is that it is there.
    return theirs.length > 0 ? emptied(live) : live;
  }
  const place: Place = { desired: undefined, live, mine, theirs };
  if (Array.isArray(live)) {
    const items = (live as readonly JsonValue[]).flatMap((item) => {
      const step = stepTo(item, stepsOf(mine));
      const value = step === undefined ? undefined : itemAlone(at(place, step), item, step);
      return value === undefined ? [] : [value];
    });
    return items.length > 0 || ('.' in mine && !isTheirs) ? items : undefined;
  }
  if (!isMap(live)) return isTheirs ? undefined : live;
  const entries = stepsOf(mine).flatMap((step) => {
    const value = oursAlone(at(place, step));
    return value === undefined ? [] : [[step.slice(2), value] as const];
  });
  if (entries.length === 0 && (isTheirs || !('.' in mine))) return undefined;
  return Object.fromEntries<JsonValue>(entries);
}

function itemAlone(place: Place, item: JsonValue, step: string): JsonValue | undefined {
  const value = oursAlone(place);
  if (!isMap(value)) return value;
  const keys = Object.keys(keysOfStep(step) ?? {});
  const isBare = Object.keys(value).every((key) => keys.includes(key));
  return isBare && place.theirs.some(isMember) ? undefined : withKeys(value, item, step);
}

function emptied(value: JsonValue): JsonValue {
  return Array.isArray(value) ? [] : isMap(value) ? {} : value;
}

/** Whether a container is replaced as a whole: somebody owns it, and nobody a part of it. A list that nobody owns counts as one. */
function isWhole({ desired, live, mine, theirs }: Place): boolean {
  if (desired === undefined || live === undefined) return false;
  const sets = [...(mine === undefined ? [] : [mine]), ...theirs];
  if (sets.length === 0) return Array.isArray(live);
  return sets.every((set) => isLeaf(set) && !('.' in set));
}

/** The same in what is replaced as a whole: there every value has to be named, so the live one stands where it is ignored. */
function settleWhole(
  desired: JsonValue | undefined,
  live: JsonValue | undefined,
  pointers: readonly Pointer[],
): JsonValue | undefined {
  if (pointers.length === 0) return desired;
  if (endsHere(pointers)) return live;
  if (Array.isArray(desired) && Array.isArray(live)) {
    const [wanted, found] = [desired as readonly JsonValue[], live as readonly JsonValue[]];
    if (pointers.some(({ length, 0: step }) => length === 1 && step === '*')) return found;
    // An entry that is not there is made as Git has it, or those after it would move to its place.
    return wanted.map((item, index) =>
      index < found.length ? (settleWhole(item, found[index], through(pointers, String(index))) ?? item) : item,
    );
  }
  if (!isMap(desired) || !isMap(live)) return desired;
  const result: Record<string, JsonValue> = {};
  for (const key of new Set([...Object.keys(desired), ...Object.keys(live)])) {
    const value = settleWhole(desired[key], live[key], through(pointers, key));
    if (value !== undefined) result[key] = value;
  }
  return result;
}

/** A value without what a manager owns of it. */
function without(value: JsonValue | undefined, set: FieldSet, mine: FieldSet | undefined): JsonValue | undefined {
  if (value === undefined) return undefined;
  if (isLeaf(set)) {
    // That a container is there is not all that it holds.
    const isContainer = '.' in set || (mine !== undefined && !isLeaf(mine));
    return isContainer && typeof value === 'object' ? value : undefined;
  }
  if (Array.isArray(value)) {
    const items = (value as readonly JsonValue[]).flatMap((item) => {
      const step = stepTo(item, stepsOf(set));
      const rest = step === undefined ? item : itemWithout(item, step, below(set, step) ?? {}, below(mine, step));
      return rest === undefined ? [] : [rest];
    });
    return items.length === 0 ? undefined : items;
  }
  if (!isMap(value)) return value;
  const result: Record<string, JsonValue> = { ...value };
  for (const step of stepsOf(set)) {
    const key = step.slice(2);
    const rest = without(value[key], below(set, step) ?? {}, below(mine, step));
    if (rest === undefined) delete result[key];
    else result[key] = rest;
  }
  return Object.keys(result).length === 0 ? undefined : result;
}

function itemWithout(item: JsonValue, step: string, set: FieldSet, mine: FieldSet | undefined): JsonValue | undefined {
  const keys = Object.keys(keysOfStep(step) ?? {});
  const rest = without(item, set, mine);
  const isBare = !isMap(rest) || Object.keys(rest).every((key) => keys.includes(key));
  return isBare && isMember(set) ? undefined : withKeys(rest, item, step);
}

function at({ desired, live, mine, theirs }: Place, step: string): Place {
  return {
    desired: valueAt(desired, step),
    live: valueAt(live, step),
    mine: below(mine, step),
    theirs: theirs.map((set) => below(set, step)).filter((set) => set !== undefined),
  };
}
