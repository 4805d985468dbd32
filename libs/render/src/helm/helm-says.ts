import type { JsonValue } from '#domain';
import { parseYaml } from '../parse-yaml.js';
import { toOneLine, type ProgramFailed } from '../run-program.js';
import { isObject } from './parse-printed.js';

/** What a message must not say, and how it is to call what it says. */
export interface Saying {
  /** Folders and files, and what a person knows them as; the longest first. */
  readonly places: Readonly<Record<string, string>>;
  /** Texts of values that look secret by their keys. */
  readonly secrets: readonly string[];
}

/** Helm's own words on one line, without scratch folders, what only helps those who run it by hand, and contents of values. */
export function helmSays(
  { stderr, outOfMemory }: ProgramFailed,
  { places, secrets }: Saying,
  maxMemoryBytes: number,
): string {
  if (outOfMemory) return `helm needs more than ${Math.round(maxMemoryBytes / 1024 ** 2)} MiB of memory`;
  const text = stderr
    .split('\n')
    .filter((line) => !/^(level=|time=|Use --debug)/.test(line) && line.trim() !== '')
    .join('\n')
    .replace(/^Error: /, '');
  return toOneLine(withoutSecrets(withoutContents(shortened(text)), secrets), places) || 'helm ended without a word';
}

/** Where templates include each other, only the outermost and the innermost tell something. */
function shortened(text: string): string {
  const calls = text.split(/error calling (?:include|tpl): /);
  const [first = ''] = calls;
  if (calls.length > 100) return `${first.replace(/:\s*$/, '')}: templates include each other without end`;
  return calls.length <= 3 ? text : `${first}… ${calls.at(-1) ?? ''}`;
}

/** Where Go and Helm quote what they could not take, that is a value, or a part of what was made of values. */
function withoutContents(text: string): string {
  return (
    text
      .replace(/`[^`]*`/g, '(hidden)')
      // What Go's formatting could not place.
      .replace(/%!\w?\([\s\S]*?\)(?=\s|$)/g, '(hidden)')
      .replace(
        /\b(parse template|parsing time|parsing|parse|invalid value|cannot unmarshal string) "(?:[^"\\]|\\.)*"/g,
        '$1 (hidden)',
      )
      .replace(/'(?:[^'\\]|\\.)*'(?= (does not match|is not valid))/g, '(hidden)')
      .replace(/\b(error calling (?!include|tpl|fail|required)\w+: [^"\n]*)"(?:[^"\\]|\\.)*"/g, '$1(hidden)')
      // The words of the template's action: those of a literal handed to tpl are as secret as a value.
      .replace(/<tpl "(?:[^"\\]|\\.)*"/g, '<tpl (hidden)')
  );
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  let result = text;
  for (const each of secrets) result = result.split(each).join('(hidden)');
  return result;
}

const secretKey = /(pass|secret|token|credential|private|key|cert|auth|salt|seed|dsn|connection)/i;

/** Texts under keys that look secret, longest first, so that one that is part of another leaves nothing of it. */
export function secretsOf(texts: readonly (string | Uint8Array)[]): readonly string[] {
  const found = new Set<string>();
  for (const text of texts) {
    let documents: readonly JsonValue[];
    try {
      documents = parseYaml(text, 'values');
    } catch {
      continue;
    }
    for (const each of documents) collect(each, false, found);
  }
  return [...found].sort((a, b) => b.length - a.length);
}

function collect(value: JsonValue, isSecret: boolean, found: Set<string>): void {
  if (typeof value === 'string') {
    if (!isSecret || value.length < 4) return;
    for (const line of value.split('\n')) if (line.trim().length >= 4) found.add(line.trim());
    found.add(Buffer.from(value).toString('base64'));
  } else if (Array.isArray(value)) {
    for (const each of value as readonly JsonValue[]) collect(each, isSecret, found);
  } else if (isObject(value)) {
    for (const [key, each] of Object.entries(value)) collect(each, isSecret || secretKey.test(key), found);
  }
}

/** The last template and line that an error names: the innermost. */
export function placeOf(stderr: string): string | null {
  const places = [...stderr.matchAll(/([\w.-]+\/[^\s:()"]+):(\d+)/g)].filter(([, file = '']) =>
    file.includes('templates/'),
  );
  const last = places.at(-1);
  return last === undefined ? null : `${last[1]}, line ${last[2]}`;
}

/** What Helm warns of while it renders, as sentences, without the values that it adds. */
export function warningsOf(stderr: string): readonly string[] {
  const found = new Set<string>();
  for (const line of stderr.split('\n')) {
    const [, level, quoted, rest = ''] = /^level=(\w+) msg=("(?:[^"\\]|\\.)*"|\S+)(.*)$/.exec(line) ?? [];
    if (quoted === undefined) continue;
    const message = quoted.startsWith('"') ? unquote(quoted) : quoted;
    if (level !== 'WARN' && !/^(warning: |skipping unknown hook)/.test(message)) continue;
    const key = /\b(key|path|chart|hookTypes)=("(?:[^"\\]|\\.)*"|\S+)/.exec(rest)?.[2];
    // Some have the value in parentheses at the end.
    const said = message
      .replace(/^warning: /, '')
      .replace(/\s*\([\s\S]*$/, '')
      .replace(/\.$/, '')
      .slice(0, 300);
    found.add(`Helm says: ${said}${key === undefined ? '' : ` (${unquote(key).slice(0, 100)})`}.`);
  }
  return [...found];
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
}
