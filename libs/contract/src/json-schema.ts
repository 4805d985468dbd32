import { z } from 'zod';
import { resourceSchema, resourceSchemas } from './resources.js';

export type ResourceKindName = keyof typeof resourceSchemas;

export const RESOURCE_KINDS = Object.keys(resourceSchemas) as readonly ResourceKindName[];

/** JSON Schema (2020-12) of a kind as a person writes it, for editors; null: of a document of any kind. */
export function jsonSchemaOf(kind: ResourceKindName | null): object {
  const schema = kind === null ? resourceSchema : resourceSchemas[kind];
  return z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' });
}
