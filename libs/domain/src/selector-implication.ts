import { assertNever } from './assert-never.js';
import type { Selector, SelectorExpression } from './selector.js';

/** What a key may be: absent or not, and of values only these, or all but these. */
interface Allowed {
  readonly absent: boolean;
  readonly values: { readonly only: ReadonlySet<string> } | { readonly butNot: ReadonlySet<string> };
}

const ANYTHING: Allowed = { absent: true, values: { butNot: new Set() } };

/**
 * Whether all that could ever match `narrow` matches `wide`, told from the two texts alone: no cluster need exist. A `narrow`
 * that nothing can match implies everything.
 */
export function impliesSelector(narrow: Selector, wide: Selector): boolean {
  const given = allowedByKey(narrow);
  if ([...given.values()].some(allowsNothing)) return true;
  return [...allowedByKey(wide)].every(([key, allowed]) => isWithin(given.get(key) ?? ANYTHING, allowed));
}

function allowedByKey({ matchLabels = {}, matchExpressions = [] }: Selector): ReadonlyMap<string, Allowed> {
  const byKey = new Map<string, Allowed>();
  const require = (key: string, allowed: Allowed): void => {
    byKey.set(key, both(byKey.get(key) ?? ANYTHING, allowed));
  };
  for (const [key, value] of Object.entries(matchLabels)) {
    require(key, { absent: false, values: { only: new Set([value]) } });
  }
  for (const expression of matchExpressions) require(expression.key, allowedBy(expression));
  return byKey;
}

function allowedBy({ operator, values = [] }: SelectorExpression): Allowed {
  switch (operator) {
    case 'In':
      return { absent: false, values: { only: new Set(values) } };
    case 'NotIn':
      return { absent: true, values: { butNot: new Set(values) } };
    case 'Exists':
      return { absent: false, values: { butNot: new Set() } };
    case 'DoesNotExist':
      return { absent: true, values: { only: new Set() } };
    default:
      return assertNever(operator, 'selector operator');
  }
}

function both(one: Allowed, other: Allowed): Allowed {
  return { absent: one.absent && other.absent, values: valuesOfBoth(one.values, other.values) };
}

function valuesOfBoth(one: Allowed['values'], other: Allowed['values']): Allowed['values'] {
  if ('only' in one) return { only: new Set([...one.only].filter((value) => isAmong(value, other))) };
  if ('only' in other) return valuesOfBoth(other, one);
  return { butNot: new Set([...one.butNot, ...other.butNot]) };
}

function allowsNothing({ absent, values }: Allowed): boolean {
  return !absent && 'only' in values && values.only.size === 0;
}

function isWithin(inner: Allowed, outer: Allowed): boolean {
  if (inner.absent && !outer.absent) return false;
  if ('only' in inner.values) return [...inner.values.only].every((value) => isAmong(value, outer.values));
  if ('only' in outer.values) return false;
  const refused = inner.values.butNot;
  return [...outer.values.butNot].every((value) => refused.has(value));
}

function isAmong(value: string, values: Allowed['values']): boolean {
  return 'only' in values ? values.only.has(value) : !values.butNot.has(value);
}
