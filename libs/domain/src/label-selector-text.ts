import { assertNever } from './assert-never.js';
import type { Selector, SelectorExpression } from './selector.js';

export type ParsedSelector =
  { readonly ok: true; readonly selector: Selector } | { readonly ok: false; readonly message: string };

const KEY = /^([a-z0-9]([-.a-z0-9]*[a-z0-9])?\/)?[A-Za-z0-9]([-_./A-Za-z0-9]*[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([-_.+A-Za-z0-9]*[A-Za-z0-9])?)?$/;
const SET = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/;
const EQUALS = /^([^=!\s]+)\s*(==|=|!=)\s*([^=!\s]*)$/;

/**
 * A selector as `kubectl -l` takes it: `env=prod,tier in (a,b),zone notin (x),team!=blue,fact.k8s=1.30,gpu,!old`.
 * Empty text selects everything.
 */
export function parseSelector(text: string): ParsedSelector {
  if (text.length > 4096) return { ok: false, message: 'the selector has more than 4,096 characters' };
  if (text.trim() === '') return { ok: true, selector: {} };
  const expressions: SelectorExpression[] = [];
  for (const part of split(text)) {
    const requirement = parseRequirement(part.trim());
    if (typeof requirement === 'string') return { ok: false, message: requirement };
    expressions.push(requirement);
  }
  return { ok: true, selector: { matchExpressions: expressions } };
}

/** At the commas outside parentheses. */
function split(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  let depth = 0;
  for (const character of text) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  return [...parts, part];
}

function parseRequirement(part: string): SelectorExpression | string {
  const wrong = (why: string): string =>
    `"${part.slice(0, 100)}" in the selector ${why}: write key=value, key!=value, key in (a,b), key notin (a,b), key or !key`;
  const set = SET.exec(part);
  const equals = EQUALS.exec(part);
  const exists = /^(!?)\s*(\S+)$/.exec(part);
  const key = set?.[1] ?? equals?.[1] ?? exists?.[2];
  if (key === undefined) return wrong('is not understood');
  if (!KEY.test(key)) return wrong(`has a key, "${key.slice(0, 100)}", that no label can have`);
  if (set) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim());
    const bad = values.find((value) => !VALUE.test(value));
    if (bad !== undefined) return wrong(`has a value, "${bad.slice(0, 100)}", that no label can have`);
    return { key, operator: set[2] === 'in' ? 'In' : 'NotIn', values };
  }
  if (equals) {
    const value = equals[3] ?? '';
    if (!VALUE.test(value)) return wrong(`has a value, "${value.slice(0, 100)}", that no label can have`);
    return { key, operator: equals[2] === '!=' ? 'NotIn' : 'In', values: [value] };
  }
  return { key, operator: exists?.[1] === '!' ? 'DoesNotExist' : 'Exists' };
}

/** The text that `parseSelector` reads as a selector of the same meaning; of a value that no label can have, for the eye alone. */
export function formatSelector({ matchLabels = {}, matchExpressions = [] }: Selector): string {
  const equal = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  return [...equal, ...matchExpressions.map(formatRequirement)].join(',');
}

function formatRequirement({ key, operator, values = [] }: SelectorExpression): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values.join('')}` : `${key} in (${values.join(',')})`;
    case 'NotIn':
      return values.length === 1 ? `${key}!=${values.join('')}` : `${key} notin (${values.join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return assertNever(operator, 'selector operator');
  }
}
