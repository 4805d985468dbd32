import { isMap, type Json, type JsonMap, listOf, mapOf, textOf } from './json-tree.js';
import { type CustomSchema, type KindInfo } from './kinds.js';
import { conditionsRule, type MergeRule, metadataRule, plainRule } from './merge-rules.js';

function ruleOfSchema(schema: CustomSchema | undefined): MergeRule {
  if (schema === undefined) return plainRule;
  if (schema['x-kubernetes-map-type'] === 'atomic') return { atomic: true };
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') return { set: true };
  if (type === 'map') {
    return { keys: schema['x-kubernetes-list-map-keys'] ?? [], items: ruleOfSchema(schema.items) };
  }
  const values = schema.additionalProperties;
  const rule: { fields?: Record<string, MergeRule>; values?: MergeRule } = {};
  if (typeof values === 'object') rule.values = ruleOfSchema(values);
  if (schema.properties !== undefined) {
    rule.fields = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, ruleOfSchema(property)]),
    );
  }
  return rule;
}

/** The kinds that a CustomResourceDefinition serves: one per served version. */
export function kindsOfDefinition(definition: JsonMap): KindInfo[] {
  const spec = mapOf(definition['spec']);
  const names = mapOf(spec['names']);
  const strings = (value: Json | undefined): string[] => listOf(value).map((each) => textOf(each));
  return listOf(spec['versions']).flatMap((each) => {
    const version = mapOf(each);
    if (version['served'] === false) return [];
    const schema = mapOf(version['schema'])['openAPIV3Schema'] as CustomSchema | undefined;
    const subresources = mapOf(version['subresources']);
    const rule = ruleOfSchema(schema);
    const statusRule = rule.fields?.['status'] ?? { fields: { conditions: conditionsRule } };
    const replicasPath = textOf(mapOf(subresources['scale'])['specReplicasPath']);
    return [
      {
        group: textOf(spec['group']),
        version: textOf(version['name']),
        kind: textOf(names['kind']),
        plural: textOf(names['plural']),
        singular: textOf(names['singular']),
        namespaced: spec['scope'] === 'Namespaced',
        shortNames: strings(names['shortNames']),
        categories: strings(names['categories']),
        generation: true,
        statusSubresource: isMap(subresources['status']),
        scaleSubresource: isMap(subresources['scale']),
        mergeRule: { ...rule, fields: { ...rule.fields, metadata: metadataRule, status: statusRule } },
        custom: {
          definition: textOf(mapOf(definition['metadata'])['name']),
          storage: version['storage'] === true,
          ...(schema === undefined ? {} : { schema }),
          ...(replicasPath === '' ? {} : { replicasPath }),
        },
      },
    ];
  });
}

/** Drops what the schema doesn't know and fills in its defaults, in place, as structural schemas do. */
export function shapeCustomObject(object: JsonMap, schema: CustomSchema | undefined): void {
  if (schema?.properties === undefined) return;
  for (const key of Object.keys(object)) {
    if (key === 'apiVersion' || key === 'kind' || key === 'metadata') continue;
    const property = schema.properties[key];
    if (property === undefined) {
      if (schema['x-kubernetes-preserve-unknown-fields'] !== true) delete object[key];
    } else shape(object[key] ?? null, property);
  }
  fillMissing(object, schema);
}

function fillMissing(object: JsonMap, schema: CustomSchema): void {
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (object[key] !== undefined || property.default === undefined) continue;
    const value = JSON.parse(JSON.stringify(property.default)) as Json;
    object[key] = value;
    shape(value, property);
  }
}

function shape(value: Json, schema: CustomSchema): void {
  if (Array.isArray(value)) {
    for (const item of value) if (schema.items !== undefined) shape(item, schema.items);
    return;
  }
  if (!isMap(value)) return;
  const keep = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const others = schema.additionalProperties;
  for (const key of Object.keys(value)) {
    const property = schema.properties?.[key];
    if (property !== undefined) shape(value[key] ?? null, property);
    else if (typeof others === 'object') shape(value[key] ?? null, others);
    else if (others !== true && !keep && schema.type === 'object') delete value[key];
  }
  fillMissing(value, schema);
}

export interface SchemaFault {
  readonly path: string;
  readonly message: string;
  readonly reason: string;
}

/** What the object breaks of its schema: types, required members and enumerations. */
export function schemaFaults(value: Json, schema: CustomSchema, path: string): SchemaFault[] {
  const type = Array.isArray(value) ? 'array' : value === null ? 'null' : isMap(value) ? 'object' : typeof value;
  const wanted = schema.type;
  const anyScalar = schema['x-kubernetes-int-or-string'] === true;
  if (wanted !== undefined && !anyScalar && !typeFits(wanted, value, type)) {
    const shown = type === 'object' || type === 'array' ? type : JSON.stringify(value);
    const message = `Invalid value: "${type}": ${path} in body must be of type ${wanted}: ${JSON.stringify(type)}`;
    return [{ path, reason: 'FieldValueTypeInvalid', message: message.replace(/: "[^"]*"$/, `: ${shown}`) }];
  }
  const out: SchemaFault[] = [];
  if (schema.enum !== undefined && !schema.enum.some((each) => each === value)) {
    const supported = schema.enum.map((each) => JSON.stringify(each)).join(', ');
    const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`;
    out.push({ path, reason: 'FieldValueNotSupported', message });
  }
  if (Array.isArray(value)) {
    const items = schema.items;
    if (items !== undefined) value.forEach((item, at) => out.push(...schemaFaults(item, items, `${path}[${at}]`)));
    return out;
  }
  if (!isMap(value)) return out;
  for (const name of schema.required ?? []) {
    if (value[name] === undefined) {
      out.push({ path: join(path, name), reason: 'FieldValueRequired', message: 'Required value' });
    }
  }
  for (const [key, item] of Object.entries(value)) {
    const property = schema.properties?.[key] ?? schema.additionalProperties;
    if (typeof property === 'object' && (path !== '' || key !== 'metadata')) {
      out.push(...schemaFaults(item, property, join(path, key)));
    }
  }
  return out;
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function typeFits(wanted: string, value: Json, type: string): boolean {
  if (wanted === 'integer') return typeof value === 'number' && Number.isInteger(value);
  return wanted === type;
}
