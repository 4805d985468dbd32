import { parseDuration } from '#domain/duration';
import { resolve, type JsonSchema, type Path, type Resolved } from './json-schema.js';

/** One bad field, and the mend. */
export interface Fault {
  readonly path: Path;
  readonly message: string;
}

/** More than these help nobody. */
const MAX_FAULTS = 50;

const NAME_PATTERN = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';

/** What is wrong with a value by its schema. The hub has the last word: it knows rules that no schema can tell. */
export function checkBySchema(value: unknown, root: JsonSchema): readonly Fault[] {
  return faultsOf(value, root, [], root).slice(0, MAX_FAULTS);
}

function faultsOf(value: unknown, wanted: JsonSchema, path: Path, root: JsonSchema): Fault[] {
  const resolved = resolve(wanted, root);
  const { schema } = resolved;
  const fault = (message: string): Fault[] => [{ path, message }];
  if (schema.const !== undefined && value !== schema.const) return fault(`must be ${schema.const}`);
  if (schema.enum && !schema.enum.includes(value)) return fault(`must be ${orList(schema.enum.map(String))}`);
  if (schema.anyOf) return anyOf(value, resolved, path, root);
  if (schema.type !== undefined && !isOfType(value, schema.type)) return fault(mustBe(value, resolved));
  if (typeof value === 'string') return textFaults(value, resolved).flatMap(fault);
  if (typeof value === 'number') return numberFaults(value, schema).flatMap(fault);
  if (Array.isArray(value)) return listFaults(value, schema, path, root);
  if (isMapping(value)) return mappingFaults(value, schema, path, root);
  return [];
}

function anyOf(value: unknown, resolved: Resolved, path: Path, root: JsonSchema): Fault[] {
  const members = resolved.schema.anyOf ?? [];
  const tried = members.map((member) => faultsOf(value, member, path, root));
  if (tried.some((faults) => faults.length === 0)) return [];
  const meant = members.flatMap((member, index) => {
    const { type } = resolve(member, root).schema;
    return type !== undefined && isOfType(value, type) ? [tried[index] ?? []] : [];
  });
  // Deep in the member that was meant, or of all of them.
  const [only] = meant;
  if (meant.length === 1 && only?.some((fault) => fault.path.length > path.length)) return only;
  return [{ path, message: mustBe(value, resolved) }];
}

function mustBe(value: unknown, resolved: Resolved): string {
  if (value === undefined || value === null) return `must be set: ${kindOf(resolved)}`;
  const isBare = typeof value === 'number' || typeof value === 'boolean';
  if (isBare && resolved.schema.type === 'string' && !(resolved.name && resolved.name in NAMED))
    return `must be text: put it in quotes, "${String(value)}"`;
  return `must be ${kindOf(resolved)}`;
}

/** What a field of such a type is, whatever its own description says of its meaning. */
const NAMED: Readonly<Record<string, string>> = {
  Count: 'a whole number, or a percentage such as 25%',
  Duration: 'a duration such as 30s, 5m or 1h30m',
};

const KINDS: Readonly<Record<string, string>> = {
  object: 'a mapping: lines of `field: value`',
  array: 'a list: each entry begins with a dash',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

function kindOf({ name, schema: { type, description, anyOf: members } }: Resolved): string {
  const named = NAMED[name ?? ''];
  if (named !== undefined) return named;
  if (members && description) return description;
  return KINDS[type ?? ''] ?? 'something else';
}

function textFaults(value: string, { schema, name }: Resolved): string[] {
  if (name === 'Duration' && parseDuration(value) === null) return [`must be ${NAMED[name] ?? ''}`];
  if (schema.minLength !== undefined && value.length < schema.minLength) return ['must not be empty'];
  if (schema.maxLength !== undefined && value.length > schema.maxLength)
    return [`must have at most ${schema.maxLength} characters, and has ${value.length}`];
  if (schema.pattern === undefined || new RegExp(schema.pattern).test(value)) return [];
  if (schema.pattern === NAME_PATTERN)
    return ['must be lower-case letters, digits and dashes, beginning and ending with a letter or digit'];
  return [schema.description ? `must be ${lowerFirst(schema.description)}` : 'is not written as it must be'];
}

function numberFaults(value: number, { minimum, maximum }: JsonSchema): string[] {
  if (minimum !== undefined && value < minimum) return [`must be at least ${minimum}`];
  return maximum !== undefined && value > maximum ? [`must be at most ${maximum}`] : [];
}

function listFaults(
  value: readonly unknown[],
  { items, minItems = 0, maxItems = Infinity }: JsonSchema,
  path: Path,
  root: JsonSchema,
): Fault[] {
  const size =
    value.length < minItems
      ? [{ path, message: `must have at least ${minItems === 1 ? 'one entry' : `${minItems} entries`}` }]
      : value.length > maxItems
        ? [{ path, message: `must have at most ${maxItems} entries, and has ${value.length}` }]
        : [];
  return [...size, ...(items ? value.flatMap((each, index) => faultsOf(each, items, [...path, index], root)) : [])];
}

function mappingFaults(
  value: Readonly<Record<string, unknown>>,
  schema: JsonSchema,
  path: Path,
  root: JsonSchema,
): Fault[] {
  const { properties = {}, required = [], additionalProperties } = schema;
  const missing = required
    .filter((name) => value[name] === undefined)
    .map((name): Fault => ({ path: [...path, name], message: 'must be set' }));
  const fields = Object.entries(value).flatMap(([name, each]): Fault[] => {
    const at = [...path, name];
    if (Object.hasOwn(properties, name)) return faultsOf(each, properties[name] ?? {}, at, root);
    if (additionalProperties === false) return [{ path: at, message: unknownField(name, Object.keys(properties)) }];
    return typeof additionalProperties === 'object' ? faultsOf(each, additionalProperties, at, root) : [];
  });
  return [...missing, ...fields, ...oneOfFaults(value, schema, path)];
}

/** Of members that only require fields: exactly one of these must be there. */
function oneOfFaults(value: Readonly<Record<string, unknown>>, { oneOf }: JsonSchema, path: Path): Fault[] {
  const names = oneOf?.flatMap(({ required = [] }) => required) ?? [];
  if (names.length === 0) return [];
  const there = names.filter((name) => value[name] !== undefined);
  if (there.length === 1) return [];
  const found = there.length === 0 ? 'none of them' : there.join(' and ');
  return [{ path, message: `must have exactly one of ${orList(names, 'and')}, and has ${found}` }];
}

function unknownField(name: string, known: readonly string[]): string {
  const meant = known.find((each) => isAlike(each.toLowerCase(), name.toLowerCase()));
  return meant ? `unknown field: is ${meant} meant?` : `unknown field: remove it, or use one of ${known.join(', ')}`;
}

/** Whether one is the other but for two letters. */
function isAlike(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 2) return false;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return (row[b.length] ?? 9) <= 2;
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'object':
      return isMapping(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function orList(words: readonly string[], last = 'or'): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1) ?? ''}`;
}

function lowerFirst(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}
