import { resolve, type JsonSchema } from './json-schema.js';

/** A field of a schema, for reading. */
export interface SchemaField {
  /** `waves[].soak`. */
  readonly path: string;
  readonly kind: string;
  readonly isRequired: boolean;
  readonly description: string;
}

/** Every field below a schema, parents first. */
export function schemaFields(schema: JsonSchema, root: JsonSchema, prefix = ''): readonly SchemaField[] {
  const { properties = {}, required = [] } = resolve(schema, root).schema;
  return Object.entries(properties).flatMap(([name, child]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const { schema: field } = resolve(child, root);
    const description = field.description ?? '';
    const own: SchemaField = { path, kind: kindWords(child, root), isRequired: required.includes(name), description };
    const inner = field.items ? schemaFields(field.items, root, `${path}[]`) : schemaFields(field, root, path);
    return [own, ...inner];
  });
}

const NAMED: Readonly<Record<string, string>> = {
  Count: 'count, 3 or 25%',
  Duration: 'duration, 5m',
  Cron: 'cron expression',
  HttpUrl: 'URL',
  TimeZone: 'time zone',
  Selector: 'selector',
};

/** What is written there, in a word or two. */
export function kindWords(schema: JsonSchema, root: JsonSchema): string {
  const { schema: field, name = '' } = resolve(schema, root);
  const named = NAMED[name];
  if (named !== undefined) return named;
  if (field.const !== undefined) return field.const;
  if (field.enum) return field.enum.map(String).join(' or ');
  if (field.anyOf) return field.anyOf.map((each) => kindWords(each, root)).join(', or ');
  if (field.items) return `list`;
  return { object: 'mapping', string: 'text', integer: 'number', number: 'number' }[field.type ?? ''] ?? 'anything';
}
