import type { JsonObject, JsonValue } from '#domain';
import { isObject, nameOf, type Printed } from './parse-printed.js';

type Path = readonly (string | number)[];

/** A field that another render of the same made otherwise. */
export interface MadeUp {
  /** Of its object among what was printed. */
  readonly index: number;
  /** Empty: the object itself comes and goes, or has another name. */
  readonly path: Path;
}

/** Compares two renders of the same. */
export function findMadeUp(first: readonly Printed[], second: readonly Printed[]): readonly MadeUp[] {
  const found: MadeUp[] = [];
  for (let index = 0; index < Math.max(first.length, second.length); index += 1) {
    const [one, two] = [first[index]?.object, second[index]?.object];
    if (one === undefined || two === undefined || !isSame(one, two)) {
      return [{ index: Math.min(index, first.length - 1), path: [] }];
    }
    compare(one, two, [], (path) => found.push({ index, path }));
  }
  return found;
}

function compare(one: JsonValue, two: JsonValue, path: Path, tell: (path: Path) => void): void {
  if (one === two) return;
  if (Array.isArray(one) && Array.isArray(two) && one.length === two.length) {
    one.forEach((each: JsonValue, index) =>
      compare(each, (two as readonly JsonValue[])[index] ?? null, [...path, index], tell),
    );
  } else if (isObject(one) && isObject(two) && hasSameKeys(one, two)) {
    for (const key of Object.keys(one)) compare(one[key] ?? null, two[key] ?? null, [...path, key], tell);
  } else tell(path);
}

function hasSameKeys(one: JsonObject, two: JsonObject): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(two).length && keys.every((key) => Object.hasOwn(two, key));
}

export interface Kept {
  readonly printed: readonly Printed[];
  /** Made up now: there is nothing before that it could be taken from. */
  readonly anew: readonly MadeUp[];
}

/** Takes what is made up from the release before, where that has the same object and field. */
export function keepMadeUp(
  first: readonly Printed[],
  second: readonly Printed[],
  madeUp: readonly MadeUp[],
  previous: readonly JsonObject[],
): Kept {
  const printed = [...first];
  const anew: MadeUp[] = [];
  for (const each of madeUp) {
    const { index, path } = each;
    const mine = printed[index];
    if (mine === undefined) continue;
    const before = previous.find((object) => isSame(object, mine.object));
    const isSecretData = mine.object['kind'] === 'Secret' && path[0] === 'data';
    const value = takeBefore(
      valueAt(mine.object, path),
      valueAt(second[index]?.object ?? null, path),
      before === undefined ? undefined : valueAt(before, path),
      isSecretData,
    );
    if (value === undefined) anew.push(each);
    else printed[index] = { ...mine, object: withValueAt(mine.object, path, value) as JsonObject };
  }
  return { printed, anew };
}

function takeBefore(
  one: JsonValue | undefined,
  two: JsonValue | undefined,
  before: JsonValue | undefined,
  isBase64: boolean,
): JsonValue | undefined {
  if (before === undefined || typeof before !== typeof one || Array.isArray(before) !== Array.isArray(one)) {
    return undefined;
  }
  if (typeof one !== 'string' || typeof two !== 'string' || typeof before !== 'string') return before;
  if (!isBase64) return takeText(one, two, before);
  const text = takeText(decode(one), decode(two), decode(before));
  return text === undefined ? undefined : text === decode(before) ? before : Buffer.from(text).toString('base64');
}

function decode(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}

/**
 * A whole file may stand in one text, of which a line is made up: the others are to be as they are now, or a change of the
 * configuration beside a password would never arrive.
 */
function takeText(one: string, two: string, before: string): string | undefined {
  const [lines, others, old] = [one, two, before].map((each) => each.split('\n')) as [string[], string[], string[]];
  if (lines.length !== others.length) return before;
  const fixed = lines.filter((line, index) => line === others[index]);
  if (isWithin(fixed, old)) return before;
  if (old.length !== lines.length) return undefined;
  return lines.map((line, index) => (line === others[index] ? line : (old[index] ?? line))).join('\n');
}

/** Whether all lines are among the others, in their order. */
function isWithin(lines: readonly string[], others: readonly string[]): boolean {
  let at = 0;
  for (const other of others) if (at < lines.length && other === lines[at]) at += 1;
  return at === lines.length;
}

function valueAt(value: JsonValue, path: Path): JsonValue | undefined {
  let at: JsonValue | undefined = value;
  for (const part of path) {
    if (typeof part === 'number') at = Array.isArray(at) ? (at as readonly JsonValue[])[part] : undefined;
    else at = isObject(at) && Object.hasOwn(at, part) ? at[part] : undefined;
  }
  return at;
}

function withValueAt(value: JsonValue, path: Path, to: JsonValue): JsonValue {
  const [part, ...rest] = path;
  if (part === undefined) return to;
  if (typeof part === 'number') {
    return Array.isArray(value)
      ? (value as readonly JsonValue[]).map((each, index) => (index === part ? withValueAt(each, rest, to) : each))
      : value;
  }
  return isObject(value) ? { ...value, [part]: withValueAt(value[part] ?? null, rest, to) } : value;
}

/** The release before may bear a namespace that the chart leaves to Helm, or another version of the same API group. */
function isSame(one: JsonObject, two: JsonObject): boolean {
  const [mine, others] = [identityOf(one), identityOf(two)];
  return (
    mine.kind === others.kind &&
    mine.group === others.group &&
    mine.name === others.name &&
    (mine.namespace === others.namespace || mine.namespace === '' || others.namespace === '')
  );
}

function identityOf(object: JsonObject): Readonly<Record<'group' | 'kind' | 'name' | 'namespace', string>> {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  const text = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');
  return {
    group: /^(.*)\//.exec(text(object['apiVersion']))?.[1] ?? '',
    kind: text(object['kind']),
    name: text(metadata['name']),
    namespace: text(metadata['namespace']),
  };
}

/** `web/templates/secret.yaml: Secret web, data.password`, never what is in it. */
export function describeMadeUp({ index, path }: MadeUp, printed: readonly Printed[]): string {
  const one = printed[index];
  if (one === undefined) return 'what the chart renders at all';
  if (path.length === 0) return `${one.template}: whether ${nameOf(one.object)} is there, or what its name is`;
  return `${one.template}: ${nameOf(one.object)}, ${toField(path)}`;
}

function toField(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const plain = /^[\w-]+$/.test(part);
      return plain ? `${index === 0 ? '' : '.'}${part}` : `[${JSON.stringify(part)}]`;
    })
    .join('')
    .slice(0, 200);
}
