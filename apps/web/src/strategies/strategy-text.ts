import { dump } from 'js-yaml';
import { inSchemaOrder, type JsonSchema } from './json-schema.js';
import type { StrategyObject } from './reads.js';

export function yamlText(value: unknown): string {
  return dump(value, { lineWidth: -1, noRefs: true });
}

/** As somebody would write it: without what the hub alone knows. */
export function documentText(stored: StrategyObject, name: string, schema: JsonSchema): string {
  const { apiVersion, kind, spec } = stored;
  return yamlText(inSchemaOrder({ apiVersion, kind, metadata: { name }, spec }, schema, schema));
}
