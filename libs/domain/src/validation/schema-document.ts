import type { JsonObject, JsonValue } from '../json.js';

export const FIELD_TYPES = ['string', 'integer', 'number', 'boolean', 'object', 'array'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

/** What is looked at of one value's schema; the rest of OpenAPI's words is the API server's own affair, and a dry run's. */
export interface FieldSchema {
  /** Any of them; absent: whatever it is. */
  readonly types?: readonly FieldType[];
  /** Name of the schema that it really is. */
  readonly ref?: string;
  readonly fields?: Readonly<Record<string, FieldSchema>>;
  /** Of a map: what its values are. */
  readonly values?: FieldSchema;
  readonly items?: FieldSchema;
  readonly required?: readonly string[];
  readonly enum?: readonly JsonValue[];
  /** Fields that it does not name are let through. */
  readonly open?: true;
  /** It is an object of its own, with apiVersion, kind and metadata. */
  readonly embedded?: true;
  /** There is a default; `empty`: it is the empty text, which Kubernetes' own schemas have where there is really none. */
  readonly default?: 'set' | 'empty';
}

/** What one group version serves: schemas by name, and which of them each kind has. */
export interface SchemaDocument {
  readonly kinds: Readonly<Record<string, string>>;
  readonly schemas: Readonly<Record<string, FieldSchema>>;
}

/** Schemas within one another at most; what is deeper is let through. */
const MAX_DEPTH = 80;
const REF = '#/components/schemas/';
/** Kinds that are no objects of a cluster. */
const REQUESTS = new Set(['DeleteOptions', 'WatchEvent', 'Status', 'APIGroup', 'APIResourceList', 'APIVersions']);

/** What is needed of a group version's OpenAPI v3 document, as `/openapi/v3/apis/apps/v1` has it. */
export function schemaDocument(groupVersion: string, openapi: JsonObject): SchemaDocument {
  const kinds: [string, string][] = [];
  const schemas: [string, FieldSchema][] = [];
  for (const [name, schema] of Object.entries(mapOf(mapOf(openapi['components'])['schemas']))) {
    if (!isMap(schema)) continue;
    schemas.push([name, fieldSchema(schema)]);
    for (const each of listOf(schema['x-kubernetes-group-version-kind'])) {
      const { group = '', version = '', kind = '' } = mapOf(each) as Readonly<Record<string, unknown>>;
      const its = group === '' ? version : `${String(group)}/${String(version)}`;
      if (its === groupVersion && typeof kind === 'string' && isObjectKind(kind, schema)) kinds.push([kind, name]);
    }
  }
  return { kinds: Object.fromEntries(kinds), schemas: Object.fromEntries(schemas) };
}

/** One schema of OpenAPI, or of a CustomResourceDefinition. */
export function fieldSchema(schema: JsonObject, depth = 0): FieldSchema {
  if (depth > MAX_DEPTH) return { open: true };
  const below = (value: JsonValue | undefined): FieldSchema => fieldSchema(mapOf(value), depth + 1);
  const ref = refOf(schema);
  const types = typesOf(schema);
  const properties = schema['properties'];
  const values = schema['additionalProperties'];
  const required = listOf(schema['required']).filter((each) => typeof each === 'string');
  const { enum: allowed, default: given } = schema;
  return {
    ...(types !== null && { types }),
    ...(ref !== null && { ref }),
    ...(isMap(properties) && {
      fields: Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, below(each)])),
    }),
    ...(isMap(values) ? { values: below(values) } : values === true && { open: true }),
    ...(isMap(schema['items']) && { items: below(schema['items']) }),
    ...(required.length > 0 && { required }),
    ...(isChoice(allowed) && { enum: allowed }),
    ...(schema['x-kubernetes-preserve-unknown-fields'] === true && { open: true }),
    ...(schema['x-kubernetes-embedded-resource'] === true && { embedded: true }),
    ...(given !== undefined && { default: given === '' ? 'empty' : 'set' }),
  };
}

function isObjectKind(kind: string, schema: JsonObject): boolean {
  const metadata = mapOf(mapOf(schema['properties'])['metadata']);
  return !REQUESTS.has(kind) && !(refOf(metadata) ?? '').endsWith('.ListMeta');
}

function refOf(schema: JsonObject): string | null {
  const [only, ...others] = listOf(schema['allOf']);
  const ref = schema['$ref'] ?? (others.length === 0 ? mapOf(only)['$ref'] : undefined);
  return typeof ref === 'string' && ref.startsWith(REF) ? ref.slice(REF.length) : null;
}

function typesOf(schema: JsonObject): readonly FieldType[] | null {
  if (schema['x-kubernetes-int-or-string'] === true || schema['format'] === 'int-or-string') {
    return ['integer', 'string'];
  }
  const type = schema['type'];
  if (isFieldType(type)) return [type];
  const branches = listOf(schema['oneOf'] ?? schema['anyOf']).map((each) => mapOf(each)['type']);
  return branches.length > 0 && branches.every(isFieldType) ? branches : null;
}

/** Of values that can be told in a sentence. */
function isChoice(allowed: JsonValue | undefined): allowed is readonly JsonValue[] {
  const all = listOf(allowed);
  return all.length > 0 && all.length <= 5000 && all.every((each) => isScalar(each));
}

function isScalar(value: JsonValue): boolean {
  return typeof value === 'string' ? value.length <= 512 : typeof value !== 'object' || value === null;
}

function isFieldType(value: unknown): value is FieldType {
  return (FIELD_TYPES as readonly unknown[]).includes(value);
}

export function isMap(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function mapOf(value: JsonValue | undefined): JsonObject {
  return isMap(value) ? value : {};
}

export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}
