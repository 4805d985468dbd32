import type { JsonObject, JsonValue } from '../json.js';
import { isEncrypted } from './encrypted.js';
import { type FieldSchema, type FieldType, isMap } from './schema-document.js';
import { similarOf } from './similar.js';

export type SchemaRule = 'unknown-field' | 'type' | 'required' | 'enum';

/** Where an object is not as its schema has it. Holds no value of the object's. */
export interface SchemaProblem {
  /** `spec.template.spec.containers[0].imag`. */
  readonly field: string;
  readonly rule: SchemaRule;
  /** The rest of a sentence that begins with the field. */
  readonly message: string;
}

export type FindSchema = (name: string) => FieldSchema | undefined;

/** More of one object are not told. */
const MAX_PROBLEMS = 20;
const MAX_DEPTH = 200;
/** A schema may be another one's name, and that another's. */
const MAX_REFS = 10;
const OBJECT_FIELDS = ['apiVersion', 'kind', 'metadata'];
/** Nobody's to write: the cluster's, or what is taken off before the object is applied. */
const NOT_LOOKED_AT = new Set(['status', 'sops']);
/** Required in the schemas, and filled in by the API server, or fine as an empty text. */
const FILLED_IN = new Set(['serviceName', 'apiGroup', 'value']);

/**
 * An object against its kind's schema: unknown fields, types, what is required, what may be chosen from. Encrypted values are let
 * through, and null is as good as absent, as the API server has it.
 */
export function checkObject(object: JsonObject, schema: FieldSchema, find: FindSchema): readonly SchemaProblem[] {
  // Of Kubernetes' own kinds an empty default says only that the field is a text.
  const check = new Check(find, (schema.ref ?? '').startsWith('io.k8s.'));
  const root = check.resolve(schema);
  if (root !== undefined) check.map(object, { ...root, embedded: true }, '', 0);
  return check.problems;
}

class Check {
  readonly problems: SchemaProblem[] = [];

  constructor(
    private readonly find: FindSchema,
    private readonly isNative: boolean,
  ) {}

  resolve(schema: FieldSchema): FieldSchema | undefined {
    let found: FieldSchema | undefined = schema;
    for (let refs = 0; found?.ref !== undefined; refs += 1) {
      if (refs > MAX_REFS) return undefined;
      found = this.find(found.ref);
    }
    return found;
  }

  value(value: JsonValue, schema: FieldSchema, field: string, depth: number): void {
    if (value === null || isEncrypted(value) || depth > MAX_DEPTH || this.problems.length >= MAX_PROBLEMS) return;
    const found = this.resolve(schema);
    if (found === undefined) return;
    if (found.types !== undefined && !found.types.some((type) => isOf(type, value))) {
      this.tell(field, 'type', `must be ${wordsOf(found.types)} and is ${wordOf(typeOf(value))}`);
      return;
    }
    // An empty text is an absent one, to Kubernetes' own kinds.
    if (found.enum !== undefined && value !== '' && !found.enum.includes(value)) {
      this.tell(field, 'enum', `must be one of ${found.enum.slice(0, 20).map(String).join(', ')}`);
      return;
    }
    if (Array.isArray(value)) {
      const { items } = found;
      if (items === undefined) return;
      (value as readonly JsonValue[]).forEach((each, index) =>
        this.value(each, items, `${field}[${index}]`, depth + 1),
      );
    } else if (isMap(value)) this.map(value, found, field, depth);
  }

  map(object: JsonObject, schema: FieldSchema, field: string, depth: number): void {
    const { fields, values, open, embedded } = schema;
    const at = (name: string): string => (field === '' ? name : `${field}.${name}`);
    for (const [name, value] of Object.entries(object)) {
      if (this.problems.length >= MAX_PROBLEMS) return;
      if (depth === 0 && field === '' && NOT_LOOKED_AT.has(name)) continue;
      const known = own(fields, name);
      if (known !== undefined) this.value(value, known, at(name), depth + 1);
      else if (values !== undefined) this.value(value, values, keyed(field, name), depth + 1);
      else if (fields === undefined || open || (embedded && OBJECT_FIELDS.includes(name))) continue;
      else if (value !== null) this.unknown(at(name), name, Object.keys(fields));
    }
    for (const name of schema.required ?? []) {
      const given = Object.hasOwn(object, name) && object[name] !== null;
      if (!given && !this.isFilledIn(name, own(fields, name))) this.tell(at(name), 'required', 'must be set');
    }
  }

  private isFilledIn(name: string, schema: FieldSchema | undefined): boolean {
    if (schema?.default === 'set') return true;
    return schema?.default === 'empty' && (!this.isNative || FILLED_IN.has(name));
  }

  private unknown(field: string, name: string, known: readonly string[]): void {
    const meant = similarOf(name, known);
    this.tell(field, 'unknown-field', `is no field there${meant === null ? '' : `: did you mean ${meant}?`}`);
  }

  private tell(field: string, rule: SchemaRule, message: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ field: field.slice(0, 300), rule, message });
  }
}

function own(fields: FieldSchema['fields'], name: string): FieldSchema | undefined {
  return fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** A map's key may have dots of its own. */
function keyed(field: string, key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? `${field}.${key}` : `${field}[${JSON.stringify(key)}]`;
}

function typeOf(value: JsonValue): FieldType {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'object' ? 'object' : (typeof value as 'string' | 'boolean');
}

function isOf(type: FieldType, value: JsonValue): boolean {
  const is = typeOf(value);
  return is === type || (type === 'number' && is === 'integer');
}

const WORDS: Readonly<Record<FieldType, string>> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'a map',
  array: 'a list',
};

function wordOf(type: FieldType): string {
  return type === 'boolean' ? 'true or false (in quotes it is a text)' : WORDS[type];
}

function wordsOf(types: readonly FieldType[]): string {
  return types.map((type) => WORDS[type]).join(' or ');
}
