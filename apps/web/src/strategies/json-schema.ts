/** As much of JSON Schema 2020-12 as the hub tells its kinds in. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly description?: string;
  readonly type?: string;
  readonly const?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** Names of fields and places in lists, from the document inwards. */
export type Path = readonly (string | number)[];

/** A schema with what it refers to, and the name of that. */
export interface Resolved {
  readonly schema: JsonSchema;
  /** `Duration`, where it is `#/$defs/Duration`. */
  readonly name?: string;
}

const PREFIX = '#/$defs/';

/** What stands beside a reference counts before what it refers to. */
export function resolve(schema: JsonSchema, root: JsonSchema): Resolved {
  const { $ref, ...beside } = schema;
  if (!$ref?.startsWith(PREFIX)) return { schema };
  const name = $ref.slice(PREFIX.length);
  const target = root.$defs?.[name];
  if (!target) return { schema: beside };
  const { $defs: _, ...more } = beside;
  return { schema: { ...resolve(target, root).schema, ...more }, name };
}

/** The schema of the field at a path; undefined where there is no such field. */
export function schemaAt(root: JsonSchema, path: Path): Resolved | undefined {
  let here: Resolved | undefined = resolve(root, root);
  for (const part of path) {
    const next: JsonSchema | undefined = here && childOf(here.schema, part, root);
    here = next && resolve(next, root);
  }
  return here;
}

function childOf(schema: JsonSchema, part: string | number, root: JsonSchema): JsonSchema | undefined {
  const own = ownChild(schema, part);
  if (own) return own;
  for (const member of schema.anyOf ?? []) {
    const child = ownChild(resolve(member, root).schema, part);
    if (child) return child;
  }
  return undefined;
}

function ownChild(
  { items, properties = {}, additionalProperties }: JsonSchema,
  part: string | number,
): JsonSchema | undefined {
  if (typeof part === 'number') return items;
  if (Object.hasOwn(properties, part)) return properties[part];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

/** `spec.waves[0].take`, as the hub names fields. */
export function pathText(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text === '' ? '' : '.'}${part}`),
    '',
  );
}

/** The other way round. */
export function parsePath(text: string): Path {
  return [...text.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, name, index]) => name ?? Number(index));
}

/** A value with its fields in the order in which the schema names them: a database keeps none. */
export function inSchemaOrder(value: unknown, wanted: JsonSchema, root: JsonSchema): unknown {
  const { schema } = resolve(wanted, root);
  if (Array.isArray(value)) return (value as unknown[]).map((each) => inSchemaOrder(each, schema.items ?? {}, root));
  if (typeof value !== 'object' || value === null) return value;
  const known = Object.keys(schema.properties ?? {});
  const place = (key: string): number => (known.includes(key) ? known.indexOf(key) : known.length);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => place(a) - place(b))
      .map(([key, each]) => [key, inSchemaOrder(each, schema.properties?.[key] ?? {}, root)]),
  );
}
