import type { JSONPath } from 'jsonpath-plus';
import { RejectedError } from '#kit';

/** A template as kubectl takes it: text, and in braces what is looked up. */
type Part =
  | { readonly sort: 'text'; readonly text: string }
  | { readonly sort: 'path'; readonly path: string }
  | { readonly sort: 'range'; readonly path: string; readonly parts: readonly Part[] };

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '\\': '\\', '"': '"', "'": "'" };
const MAX_TEMPLATE = 4096;

/**
 * `-o jsonpath=…`: `{.items[*].name}`, `{range .items[*]}{.name}{"\n"}{end}`, filters as `[?(@.state=="failed")]`. What is not there
 * prints nothing, as with kubectl. Paths are looked up by a library that is loaded first by `load`.
 */
export class JsonPath {
  private engine: typeof JSONPath | null = null;

  private constructor(private readonly parts: readonly Part[]) {}

  /** @throws RejectedError `bad-jsonpath` */
  static parse(template: string): JsonPath {
    if (template.length > MAX_TEMPLATE) throw bad(`it is longer than ${MAX_TEMPLATE} characters`);
    const tokens = tokensOf(template);
    const { parts, rest } = partsOf(tokens, false);
    if (rest.length > 0) throw bad('{end} has no {range …} before it');
    if (!tokens.some(({ sort }) => sort !== 'text')) {
      throw bad('nothing in it is looked up: put paths into braces, as in {.items[*].name}');
    }
    return new JsonPath(parts);
  }

  async load(): Promise<void> {
    this.engine = (await import('jsonpath-plus')).JSONPath;
  }

  /** What it makes of a value, without a line's end. @throws RejectedError `bad-jsonpath` for a path that can't be looked up */
  print(value: unknown): string {
    return this.printed(this.parts, value);
  }

  private printed(parts: readonly Part[], value: unknown): string {
    return parts
      .map((part) => {
        switch (part.sort) {
          case 'text':
            return part.text;
          case 'path':
            return this.found(part.path, value).map(shown).join(' ');
          case 'range':
            return this.found(part.path, value)
              .map((each) => this.printed(part.parts, each))
              .join('');
        }
      })
      .join('');
  }

  private found(path: string, value: unknown): readonly unknown[] {
    if (path === '$') return [value];
    if (value === null || typeof value !== 'object') return [];
    try {
      return this.engine?.({ path, json: value, eval: 'safe', wrap: true }) as readonly unknown[];
    } catch {
      throw bad(`{${path.slice(1)}} is no path`);
    }
  }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

interface Token {
  readonly sort: 'text' | 'path' | 'range' | 'end';
  readonly text: string;
}

function tokensOf(template: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < template.length;) {
    const open = template.indexOf('{', at);
    if (open < 0) {
      tokens.push({ sort: 'text', text: template.slice(at) });
      break;
    }
    if (open > at) tokens.push({ sort: 'text', text: template.slice(at, open) });
    const close = endOf(template, open + 1);
    tokens.push(tokenOf(template.slice(open + 1, close).trim()));
    at = close + 1;
  }
  return tokens;
}

/** Where the brace is that ends what began; one within quotes does not. */
function endOf(template: string, from: number): number {
  let quote: string | null = null;
  for (let at = from; at < template.length; at += 1) {
    const each = template[at];
    if (each === '\\') at += 1;
    else if (quote !== null) quote = each === quote ? null : quote;
    else if (each === '"' || each === "'") quote = each;
    else if (each === '}') return at;
  }
  throw bad('a { has no } after it');
}

function tokenOf(inner: string): Token {
  if (/^(["']).*\1$/s.test(inner)) {
    const text = inner.slice(1, -1).replace(/\\(.)/gs, (whole, each: string) => ESCAPES[each] ?? whole);
    return { sort: 'text', text };
  }
  if (inner === 'end') return { sort: 'end', text: '' };
  const [, ranged] = /^range\s+(.+)$/s.exec(inner) ?? [];
  return ranged === undefined ? { sort: 'path', text: pathOf(inner) } : { sort: 'range', text: pathOf(ranged) };
}

/** As the library has it: rooted, with kubectl's `a\.b` and `[-1]` in its own words. */
function pathOf(text: string): string {
  if (!/^[$@.[]/.test(text)) throw bad(`{${text}} must begin with a dot, as in {.items}`);
  const rooted = text.replace(/^[$@]/, '');
  if (rooted === '' || rooted === '.') return '$';
  return `$${rooted
    .replace(
      /\.((?:[^.[\]'"\\]|\\.)*\\\.(?:[^.[\]'"\\]|\\.)*)/g,
      (_whole, key: string) => `['${key.replaceAll('\\.', '.')}']`,
    )
    .replace(/\[-(\d+)\]/g, (_whole, back: string) => (back === '1' ? '[-1:]' : `[-${back}:-${Number(back) - 1}]`))}`;
}

function partsOf(tokens: readonly Token[], inRange: boolean): { parts: readonly Part[]; rest: readonly Token[] } {
  const parts: Part[] = [];
  let rest = tokens;
  for (;;) {
    const [token, ...others] = rest;
    if (token === undefined) {
      if (inRange) throw bad('{range …} has no {end} after it');
      return { parts, rest };
    }
    if (token.sort === 'end') return { parts, rest: inRange ? others : rest };
    if (token.sort === 'range') {
      const inner = partsOf(others, true);
      parts.push({ sort: 'range', path: token.text, parts: inner.parts });
      rest = inner.rest;
    } else {
      parts.push(token.sort === 'text' ? { sort: 'text', text: token.text } : { sort: 'path', path: token.text });
      rest = others;
    }
  }
}

function bad(why: string): RejectedError {
  return new RejectedError('bad-jsonpath', `The jsonpath can't be used: ${why}.`);
}
