import { type CustomSchema, type KindInfo } from '../kinds.js';
import { coreSchemas } from './core-schemas.js';
import { groupSchemas } from './group-schemas.js';
import { fullName, readSchema } from './read-schema.js';

/** A field's schema, as OpenAPI and CustomResourceDefinitions have it. */
export interface FieldSchema extends CustomSchema {
  readonly $ref?: string;
  readonly allOf?: readonly { readonly $ref: string }[];
  readonly oneOf?: readonly { readonly type: string }[];
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly additionalProperties?: FieldSchema | boolean;
  readonly items?: FieldSchema;
}

const lines = new Map(
  [...coreSchemas, ...groupSchemas].map((line) => [fullName(line.slice(0, line.indexOf(' '))), line]),
);
const known = new Map<string, FieldSchema>();

/** By the API server's own name. Read when first asked for, and then shared by all clusters. */
export function builtInSchema(name: string): FieldSchema | undefined {
  const found = known.get(name);
  const line = lines.get(name);
  if (found !== undefined || line === undefined) return found;
  const schema: FieldSchema = readSchema(line);
  known.set(name, schema);
  return schema;
}

/** What the API server calls the schema of a built-in kind. */
export function schemaNameOf(kind: KindInfo): string {
  const home = kind.group === '' ? 'core' : kind.group.split('.')[0];
  return fullName(`${home}.${kind.version}.${kind.kind}`);
}

/** The name of the schema that stands in place of this one. */
export function refOf(schema: FieldSchema): string | undefined {
  const ref = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined);
  return ref?.slice(ref.lastIndexOf('/') + 1);
}
