import { type JsonMap } from '../json-tree.js';

/**
 * Schemas are kept a line each: the name, and then the fields, as `replicas?:int32`. A `?` says that a field may be left out, `*` that there is
 * a default, `~` that it is the empty text; `[]` is a list of what follows, `{}` a map, `=A|B` a choice. What has dots is another schema.
 */
const fieldForm = /^([^?*~:]+)(\??)([*~]?):(.+)$/;

const scalars: Readonly<Record<string, JsonMap>> = {
  any: {},
  object: { type: 'object' },
  string: { type: 'string' },
  byte: { type: 'string', format: 'byte' },
  time: { type: 'string', format: 'date-time' },
  boolean: { type: 'boolean' },
  double: { type: 'number', format: 'double' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  quantity: { oneOf: [{ type: 'string' }, { type: 'number' }] },
  'int-or-string': { oneOf: [{ type: 'integer' }, { type: 'string' }], format: 'int-or-string' },
};

export const refPrefix = '#/components/schemas/';

/** The schema of a line, as OpenAPI has it. */
export function readSchema(line: string): JsonMap {
  const [, ...fields] = line.split(' ');
  const properties: JsonMap = {};
  const required: string[] = [];
  for (const field of fields) {
    const [, name = '', mayBeMissing, filled, type = ''] = fieldForm.exec(field) ?? [];
    const schema = typeNamed(type);
    properties[name] =
      filled === '*' ? { ...schema, default: {} } : filled === '~' ? { ...schema, default: '' } : schema;
    if (mayBeMissing === '') required.push(name);
  }
  return { type: 'object', properties, ...(required.length > 0 && { required }) };
}

function typeNamed(type: string): JsonMap {
  if (type.startsWith('[]')) return { type: 'array', items: typeNamed(type.slice(2)) };
  if (type.startsWith('{}')) return { type: 'object', additionalProperties: typeNamed(type.slice(2)) };
  if (type.startsWith('=')) return { type: 'string', enum: type.slice(1).split('|') };
  return scalars[type] ?? { allOf: [{ $ref: refPrefix + fullName(type) }] };
}

const homes: Readonly<Record<string, string>> = {
  meta: 'io.k8s.apimachinery.pkg.apis',
  apiextensions: 'io.k8s.apiextensions-apiserver.pkg.apis',
  apiregistration: 'io.k8s.kube-aggregator.pkg.apis',
};

/** `apps.v1.Deployment` as the API server calls it: `io.k8s.api.apps.v1.Deployment`. */
export function fullName(name: string): string {
  const home = homes[name.slice(0, name.indexOf('.'))] ?? 'io.k8s.api';
  return `${home}.${name}`;
}
