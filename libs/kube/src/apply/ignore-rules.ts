import type { IgnoreDifferences, JsonValue } from '#domain';
import { type FieldSet, leadsTo, type Parted, partFields, valueAt } from './field-set.js';
import { groupOf, type ObjectRef } from './object-ref.js';

/** What rules say of one object. */
export interface Ignored {
  /** JSON pointers, step by step; `*` stands for any one. */
  readonly pointers: readonly Pointer[];
  /** Whatever these field managers own. */
  readonly managers: ReadonlySet<string>;
}

export type Pointer = readonly string[];

/** The rules that are about an object, as one; null: none is. */
export function ignoredOf(ref: ObjectRef, rules: readonly IgnoreDifferences[]): Ignored | null {
  const mine = rules.filter((rule) => isAbout(rule, ref));
  if (mine.length === 0) return null;
  return {
    pointers: mine.flatMap(({ jsonPointers = [] }) => jsonPointers.map(readPointer)),
    managers: new Set(mine.flatMap(({ managers = [] }) => managers)),
  };
}

function isAbout({ kind, name, namespace }: IgnoreDifferences, ref: ObjectRef): boolean {
  if (name !== undefined && name !== ref.name) return false;
  if (namespace !== undefined && namespace !== ref.namespace) return false;
  if (kind === '*') return true;
  const slash = kind.indexOf('/');
  const [group, named] = slash < 0 ? ['', kind] : [kind.slice(0, slash), kind.slice(slash + 1)];
  return group === groupOf(ref.apiVersion) && (named === '*' || named === ref.kind);
}

/** RFC 6901. */
function readPointer(text: string): Pointer {
  return text
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What is left of the pointers that lead through a key, or a place in a list. */
export function through(pointers: readonly Pointer[], key: string): readonly Pointer[] {
  return pointers.filter(([head]) => head === key || head === '*').map(([, ...rest]) => rest);
}

/** Whether one of them ends here. */
export function endsHere(pointers: readonly Pointer[]): boolean {
  return pointers.some(({ length }) => length === 0);
}

/** What of a manager's fields is ignored, and what is not; `desired` tells what place in a list an item has. */
export function partIgnored(manager: string, set: FieldSet, ignored: Ignored, desired: JsonValue): Parted {
  if (ignored.managers.has(manager)) return { inside: set, outside: null };
  const at = { pointers: ignored.pointers, value: desired as JsonValue | undefined };
  return partFields(set, at, ({ pointers, value }, step) => {
    const rest = through(pointers, placeOf(step, value));
    if (rest.length === 0) return 'outside';
    return endsHere(rest) ? 'inside' : { pointers: rest, value: valueAt(value, step) };
  });
}

/** As a pointer names what a step leads to; an item that the list does not have is met by `*` alone. */
function placeOf(step: string, holder: JsonValue | undefined): string {
  if (step.startsWith('f:')) return step.slice(2);
  const items = Array.isArray(holder) ? (holder as readonly JsonValue[]) : [];
  return String(items.findIndex((item) => leadsTo(step, item)));
}
