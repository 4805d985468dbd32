import { parseSelector } from '#domain/label-selector-text';
import type { SelectorExpression } from '#domain/selector';
import { CELL_STATES, type CellState } from '#domain/cell-state';

/** What a cell must be besides its labels and facts. */
export type CellTest =
  | { readonly of: 'state'; readonly states: readonly CellState[]; readonly isNot: boolean }
  | { readonly of: 'release' | 'told'; readonly operator: ReleaseOperator; readonly releases: readonly number[] }
  | { readonly of: 'name'; readonly part: string; readonly isNot: boolean };

export type ReleaseOperator = 'in' | 'notin' | '<' | '<=' | '>' | '>=';

/** All of it must hold. */
export interface FleetFilter {
  readonly tests: readonly CellTest[];
  readonly labels: readonly SelectorExpression[];
}

export type ParsedFilter =
  { readonly ok: true; readonly filter: FleetFilter } | { readonly ok: false; readonly message: string };

const MAX_LENGTH = 2000;
const NO_FILTER: FleetFilter = { tests: [], labels: [] };
const STATE = /^state\s*(?:(==|=|!=)\s*(\S*)|(in|notin)\s*\(([^()]*)\))$/;
const RELEASE = /^(release|told)\s*(?:(==|=|!=|<=|>=|<|>)\s*(\S*)|(in|notin)\s*\(([^()]*)\))$/;
const NAME = /^name\s*(!?)~\s*(.*)$/;

/**
 * `env=prod,tier in (a,b),!old` as `kubectl -l` takes it, facts as `fact.KEY`, and besides: `state=failed`, `state in (failed,offline)`,
 * `release=12`, `release<12`, `told=12` and `name~text`. Empty text is everything. A message says what to write instead.
 */
export function parseFilter(text: string): ParsedFilter {
  if (text.length > MAX_LENGTH) return wrong(`The filter has more than ${MAX_LENGTH} characters: shorten it.`);
  if (text.trim() === '') return { ok: true, filter: NO_FILTER };
  const tests: CellTest[] = [];
  const labels: SelectorExpression[] = [];
  const parts = split(text);
  if (typeof parts === 'string') return wrong(parts);
  for (const part of parts) {
    if (part === '')
      return wrong('There is a comma too many: between two commas, and after the last one, something must stand.');
    const test = testOf(part);
    if (typeof test === 'string') return wrong(test);
    if (test) {
      tests.push(test);
      continue;
    }
    const parsed = parseSelector(part);
    if (!parsed.ok) return wrong(sentence(parsed.message));
    labels.push(...(parsed.selector.matchExpressions ?? []));
  }
  return { ok: true, filter: { tests, labels } };
}

/** The text with one more requirement; one of the same key, which it would contradict, is taken out. */
export function withRequirement(text: string, key: string, value: string | undefined): string {
  const added = value === undefined ? `!${key}` : value === '' ? `${key}=` : `${key}=${value}`;
  const parts = split(text);
  const kept = typeof parts === 'string' ? [] : parts.filter((part) => part !== '' && keyOf(part) !== key);
  return [...kept, added].join(',');
}

function keyOf(part: string): string {
  return /^!?\s*([^\s=!<>~]+)/.exec(part)?.[1] ?? '';
}

/** At the commas outside parentheses; a text says what is wrong with those. */
function split(text: string): readonly string[] | string {
  const parts: string[] = [];
  let from = 0;
  let isInside = false;
  for (let at = 0; at <= text.length; at += 1) {
    const character = text[at];
    if (character === '(') {
      if (isInside) return 'One parenthesis stands within another: write key in (a,b).';
      isInside = true;
    } else if (character === ')') {
      if (!isInside) return 'A ")" has no "(" before it: write key in (a,b).';
      isInside = false;
    } else if (character === undefined || (character === ',' && !isInside)) {
      parts.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  return isInside ? 'A "(" is never closed: write key in (a,b).' : parts;
}

/** Null: it is about a label. A text says what is wrong with it. */
function testOf(part: string): CellTest | string | null {
  const key = keyOf(part);
  if (key === 'state') return stateTest(part);
  if (key === 'release' || key === 'told') return releaseTest(part, key);
  const name = NAME.exec(part);
  if (name) {
    const text = (name[2] ?? '').trim().toLowerCase();
    return text === ''
      ? 'name~ is followed by nothing: write a part of the name, such as name~prod.'
      : { of: 'name', part: text, isNot: name[1] === '!' };
  }
  const sign = /[~<>]/.exec(part)?.[0];
  if (sign === '~') return `"${part.slice(0, 60)}": ~ is for names alone: write name~text, or ${key || 'key'}=value.`;
  if (sign)
    return `"${part.slice(0, 60)}": ${sign} is for releases alone: write release${sign}12, or ${key || 'key'}=value.`;
  return null;
}

function stateTest(part: string): CellTest | string {
  const found = STATE.exec(part);
  if (!found)
    return `"${part.slice(0, 60)}" is not understood: write state=failed, state!=healthy or state in (failed,offline).`;
  const words = listOf(found[2] ?? found[4]);
  const bad = words.find((word) => !(CELL_STATES as readonly string[]).includes(word));
  if (bad !== undefined || words.length === 0)
    return `${bad ? `"${bad.slice(0, 40)}" is no state` : 'A state is missing'}: it is one of ${CELL_STATES.join(', ')}.`;
  return { of: 'state', states: words as CellState[], isNot: found[1] === '!=' || found[3] === 'notin' };
}

function releaseTest(part: string, of: 'release' | 'told'): CellTest | string {
  const found = RELEASE.exec(part);
  if (!found) return `"${part.slice(0, 60)}" is not understood: write ${of}=12, ${of}<12 or ${of} in (11,12).`;
  const words = listOf(found[3] ?? found[5]);
  const bad = words.find((word) => !/^\d{1,9}$/.test(word));
  if (bad !== undefined || words.length === 0)
    return `${bad ? `"${bad.slice(0, 40)}" is no release` : 'A release is missing'}: releases are numbers, such as ${of}=12.`;
  const sign = found[2] ?? found[4];
  const operator = sign === '=' || sign === '==' ? 'in' : sign === '!=' ? 'notin' : (sign as ReleaseOperator);
  return { of, operator, releases: words.map(Number) };
}

function listOf(text = ''): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
const wrong = (message: string): ParsedFilter => ({ ok: false, message });
