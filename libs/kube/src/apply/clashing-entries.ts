import type { JsonObject, JsonValue } from '#domain';
import type { ApiError } from './api-error.js';
import { partFields, valueAt } from './field-set.js';
import type { Taking } from './managed-fields.js';
import { isMap } from './object-ref.js';

/** The way to a field, without the places in lists: `spec`, `ports`, any item, `name`. */
type Way = readonly string[];
const ANY_ITEM = '[]';

interface Place {
  readonly ways: readonly Way[];
  readonly wanted: JsonValue | undefined;
  readonly live: JsonValue | undefined;
}

/**
 * What mends a refusal for a value that is there twice: the entries that others put into lists beside ours, with a value that only
 * one may have, made ours and so to go. A Service whose port 80 somebody made 81 would have, with ours, two ports of one name.
 * Null: the refusal is another one.
 */
export function takingClashes(error: ApiError, desired: JsonObject, live: JsonObject): Taking | null {
  const ways = error.causes
    .filter(({ reason }) => reason === 'FieldValueDuplicate')
    .flatMap(({ field }) => wayTo(field));
  if (error.status !== 422 || ways.length === 0) return null;
  const root: Place = { ways, wanted: desired, live };
  return ({ fields }) => {
    const { inside, outside } = partFields(fields, root, (at, step) => {
      const rest = through(at.ways, step);
      if (rest.length === 0) return 'outside';
      const next: Place = { ways: rest, wanted: valueAt(at.wanted, step), live: valueAt(at.live, step) };
      if (next.wanted !== undefined || !isItem(step)) return next;
      return rest.some((way) => isTwice(way, next.live, at.wanted)) ? 'inside' : 'outside';
    });
    return { inside: outside, outside: inside };
  };
}

function isTwice([field = '', ...more]: Way, item: JsonValue | undefined, wanted: JsonValue | undefined): boolean {
  if (more.length > 0 || !isMap(item) || !Array.isArray(wanted)) return false;
  return (wanted as readonly JsonValue[]).some((other) => isMap(other) && other[field] === item[field]);
}

function isItem(step: string): boolean {
  return step.startsWith('k:');
}

function through(ways: readonly Way[], step: string): readonly Way[] {
  const key = isItem(step) ? ANY_ITEM : step.slice(2);
  return ways.filter(([head]) => head === key).map(([, ...rest]) => rest);
}

/** `spec.ports[1].name`; none where keys are quoted. */
function wayTo(field: string): readonly Way[] {
  if (!/^[A-Za-z0-9]+(\[\d+\])*(\.[A-Za-z0-9]+(\[\d+\])*)*$/.test(field)) return [];
  return [field.replaceAll(/\[\d+\]/g, `.${ANY_ITEM}`).split('.')];
}
