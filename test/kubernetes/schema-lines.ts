import type { JsonObject, JsonValue } from '#domain';

/** OpenAPI schemas by name. */
export type Schemas = Readonly<Record<string, JsonObject>>;

const REF = '#/components/schemas/';

/** A line for each schema that these kinds are made of, as the simulated API keeps them. */
export function schemaLines(kinds: readonly string[], schemas: Schemas): readonly string[] {
  const seen = new Set<string>();
  const follow = (name: string): void => {
    const schema = schemas[name];
    if (seen.has(name) || schema?.['properties'] === undefined) return;
    seen.add(name);
    for (const [, ref = ''] of JSON.stringify(schema).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) follow(ref);
  };
  kinds.forEach(follow);
  return [...seen].map((name) => schemaLine(name, schemas)).sort();
}

function schemaLine(name: string, schemas: Schemas): string {
  const { required = [], properties = {} } = schemas[name] as {
    readonly required?: readonly string[];
    readonly properties?: Schemas;
  };
  const fields = Object.entries(properties).map(([field, schema]) => {
    const filled = { undefined: '', '""': '~' }[String(JSON.stringify(schema['default']))] ?? '*';
    return `${field}${required.includes(field) ? '' : '?'}${filled}:${typeName(schema, schemas)}`;
  });
  return [shortName(name), ...fields].join(' ');
}

function typeName(schema: JsonObject, schemas: Schemas): string {
  const { type, format, oneOf, items, additionalProperties: values, enum: choices } = schema;
  const ref = refOf(schema);
  const named = ref === null ? undefined : schemas[ref];
  if (ref !== null && named !== undefined) {
    return named['properties'] === undefined ? typeName(named, schemas) : shortName(ref);
  }
  if (type === 'array') return `[]${typeName(items as JsonObject, schemas)}`;
  if (values !== undefined) return `{}${typeName(values as JsonObject, schemas)}`;
  if (Array.isArray(choices)) return `=${choices.join('|')}`;
  if (format === 'date-time') return 'time';
  if (oneOf !== undefined) return format === undefined ? 'quantity' : 'int-or-string';
  const simple = format ?? type;
  return typeof simple === 'string' ? simple : 'any';
}

function refOf({ $ref, allOf }: JsonObject): string | null {
  const ref: JsonValue | undefined = $ref ?? (allOf as readonly JsonObject[] | undefined)?.[0]?.['$ref'];
  return typeof ref === 'string' ? ref.slice(REF.length) : null;
}

/** `io.k8s.api.apps.v1.Deployment` as the lines have it: `apps.v1.Deployment`. */
function shortName(name: string): string {
  return name.split('.').slice(-3).join('.');
}
