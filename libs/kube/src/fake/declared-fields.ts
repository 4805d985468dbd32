import { ApiError } from './api-error.js';
import { isMap, type Json, type JsonMap, mapOf, textOf } from './json-tree.js';
import { apiVersionOf, type KindInfo } from './kinds.js';
import { type MergeRule, plainRule, ruleOfField } from './merge-rules.js';
import { builtInSchema, type FieldSchema, refOf, schemaNameOf } from './schemas/built-in-schemas.js';

const objectFields = new Set(['apiVersion', 'kind', 'metadata']);

/**
 * Holds what a client applies to its kind's schema, as the API server does before anything else is looked at.
 * @throws ApiError 500 in the API server's words: a field that the kind does not have, or one of another type.
 */
export function checkDeclaredFields(applied: JsonMap, kind: KindInfo): void {
  const schema = kind.custom === undefined ? builtInSchema(schemaNameOf(kind)) : kind.custom.schema;
  if (schema === undefined) return;
  const check = new Check();
  const root = kind.custom === undefined ? schema : { ...schema, 'x-kubernetes-embedded-resource': true };
  check.value(applied, root, kind.mergeRule);
  const { namespace, name } = mapOf(applied['metadata']);
  const its = `${kind.group}/${kind.version}, Kind=${kind.kind}`;
  const what = `(${textOf(namespace)}/${textOf(name)}; ${its})`;
  const [first, ...others] = check.faults;
  if (first !== undefined) {
    const told = others.length === 0 ? first : `errors:\n${check.faults.map((each) => `  ${each}`).join('\n')}`;
    throw new ApiError(500, `failed to create typed patch object ${what}: ${told}`);
  }
  if (check.misfit === undefined || kind.custom !== undefined) return;
  const unfit = `unable to convert unstructured object to ${apiVersionOf(kind)}, Kind=${kind.kind}: ${check.misfit}`;
  throw new ApiError(500, `failed to convert new object ${what} to proper version: ${unfit}`);
}

const wanted: Readonly<Record<string, string>> = {
  object: 'map',
  array: 'list',
  integer: 'numeric (int or float)',
  number: 'numeric (int or float)',
};

class Check {
  readonly faults: string[] = [];
  /** Of the right kind of type, and yet not what the field holds: what a conversion says of it. */
  misfit: string | undefined;
  private readonly path: string[] = [];

  value(value: Json, given: FieldSchema, rule: MergeRule): void {
    if (value === null) return;
    const schema = resolved(given);
    if (schema === undefined) return;
    const { type, oneOf } = schema;
    if (oneOf !== undefined && (typeof value === 'boolean' || typeof value === 'object')) {
      this.misfit ??= `json: cannot unmarshal ${typeof value} into Go value of type int32`;
    }
    if (type !== undefined && schema['x-kubernetes-int-or-string'] !== true && !fits(type, value)) {
      const expected = wanted[type] ?? type;
      this.faults.push(`${this.path.join('')}: expected ${expected}, got ${shown(value, expected)}`);
    } else if (Array.isArray(value)) this.list(value, schema, rule);
    else if (isMap(value)) this.map(value, schema, rule);
    else if (type === 'integer' && !Number.isInteger(value)) this.misfit ??= 'cannot convert float64 to int32';
  }

  private list(list: readonly Json[], { items }: FieldSchema, rule: MergeRule): void {
    if (items === undefined) return;
    list.forEach((item, at) => this.below(entryName(item, at, rule), item, items, rule.items ?? plainRule));
  }

  private map(map: JsonMap, schema: FieldSchema, rule: MergeRule): void {
    const { properties, additionalProperties: values } = schema;
    for (const key in map) {
      const item = map[key];
      if (item === undefined) continue;
      const known = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
      if (known !== undefined) this.below(`.${key}`, item, known, ruleOfField(rule, key));
      else if (typeof values === 'object') this.below(`.${key}`, item, values, ruleOfField(rule, key));
      else if (properties !== undefined && !isOpen(schema, key)) {
        this.faults.push(`${this.path.join('')}.${key}: field not declared in schema`);
      }
    }
  }

  private below(step: string, value: Json, schema: FieldSchema, rule: MergeRule): void {
    this.path.push(step);
    this.value(value, schema, rule);
    this.path.pop();
  }
}

function resolved(schema: FieldSchema): FieldSchema | undefined {
  const ref = refOf(schema);
  return ref === undefined ? schema : builtInSchema(ref);
}

function isOpen(schema: FieldSchema, key: string): boolean {
  if (schema.additionalProperties === true || schema['x-kubernetes-preserve-unknown-fields'] === true) return true;
  return schema['x-kubernetes-embedded-resource'] === true && objectFields.has(key);
}

function fits(type: string, value: Json): boolean {
  if (Array.isArray(value)) return type === 'array';
  if (typeof value === 'number') return type === 'integer' || type === 'number';
  return type === typeof value;
}

/** As the API server's library prints what it got. */
function shown(value: Json, expected: string): string {
  if (expected.startsWith('numeric')) return Array.isArray(value) ? 'list' : isMap(value) ? 'map' : typeof value;
  return typeof value === 'string' ? `&{${value}}` : `&value.valueUnstructured{Value:${JSON.stringify(value)}}`;
}

/** `[name="web"]` in a list that is merged by its items' keys. */
function entryName(item: Json, at: number, { keys, defaults }: MergeRule): string {
  if (keys === undefined) return `[${at}]`;
  const parts = keys.map((key) => `${key}=${JSON.stringify(mapOf(item)[key] ?? defaults?.[key] ?? null)}`);
  return `[${parts.join(',')}]`;
}
