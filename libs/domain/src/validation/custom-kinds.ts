import type { JsonObject } from '../json.js';
import { type FieldSchema, fieldSchema, listOf, mapOf } from './schema-document.js';

/** `group/version Kind`. */
export function kindKey(apiVersion: string, kind: string): string {
  return `${apiVersion} ${kind}`;
}

/** What the definitions of a bundle will have its clusters serve, by kind and version; null: of whatever shape. */
export function customKinds(objects: readonly JsonObject[]): ReadonlyMap<string, FieldSchema | null> {
  const found = new Map<string, FieldSchema | null>();
  for (const object of objects) {
    if (object['kind'] !== 'CustomResourceDefinition') continue;
    const spec = mapOf(object['spec']);
    const kind = mapOf(spec['names'])['kind'];
    const group = spec['group'];
    if (typeof kind !== 'string' || typeof group !== 'string') continue;
    for (const each of listOf(spec['versions'])) {
      const version = mapOf(each);
      const { name } = version;
      if (typeof name !== 'string' || version['served'] === false) continue;
      const schema = mapOf(version['schema'])['openAPIV3Schema'];
      const isLoose = spec['preserveUnknownFields'] === true || schema === undefined;
      found.set(kindKey(`${group}/${name}`, kind), isLoose ? null : fieldSchema(mapOf(schema)));
    }
  }
  return found;
}

/** Group versions that an APIService of the bundle brings: what they serve shows once it is there. */
export function aggregatedVersions(objects: readonly JsonObject[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const object of objects) {
    if (object['kind'] !== 'APIService') continue;
    const { group, version } = mapOf(object['spec']) as Readonly<Record<string, unknown>>;
    if (typeof group === 'string' && typeof version === 'string') found.add(`${group}/${version}`);
  }
  return found;
}
