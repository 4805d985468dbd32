import { createHash } from 'node:crypto';
import { type Json, type JsonMap } from './json-tree.js';
import { apiVersionOf, builtInKinds, type KindInfo } from './kinds.js';

const text: JsonMap = { type: 'string' };
const texts: JsonMap = { type: 'object', additionalProperties: text };
const metadata: JsonMap = { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' };

/** Of the built-in kinds these say what they look like; the others let everything through. */
const known: Readonly<Record<string, JsonMap>> = {
  'v1 ConfigMap': { data: texts, binaryData: texts, immutable: { type: 'boolean' } },
};

function schemaOf(kind: KindInfo): JsonMap {
  const named = { group: kind.group, version: kind.version, kind: kind.kind };
  const gvk = { 'x-kubernetes-group-version-kind': [named] };
  const own = { apiVersion: text, kind: text, metadata };
  const properties = known[`${apiVersionOf(kind)} ${kind.kind}`];
  if (properties !== undefined) return { type: 'object', properties: { ...own, ...properties }, ...gvk };
  const schema = kind.custom?.schema as JsonMap | undefined;
  if (schema === undefined) {
    return { type: 'object', properties: own, 'x-kubernetes-preserve-unknown-fields': true, ...gvk };
  }
  return { ...schema, properties: { ...(schema['properties'] as JsonMap | undefined), ...own }, ...gvk };
}

function nameOf(kind: KindInfo): string {
  const group = kind.group === '' ? 'core' : kind.group;
  return kind.custom === undefined
    ? `io.k8s.api.${group}.${kind.version}.${kind.kind}`
    : `${group}.${kind.version}.${kind.kind}`;
}

const objectMeta: JsonMap = {
  type: 'object',
  properties: {
    ...{ name: text, generateName: text, namespace: text, uid: text, resourceVersion: text, selfLink: text },
    ...{ labels: texts, annotations: texts, creationTimestamp: text, deletionTimestamp: text },
    ...{ finalizers: { type: 'array', items: text }, generation: { type: 'integer' } },
    ...{ ownerReferences: { type: 'array' }, managedFields: { type: 'array' } },
    deletionGracePeriodSeconds: { type: 'integer' },
  },
};

function documentOf(kinds: readonly KindInfo[]): string {
  const schemas: Record<string, Json> = { 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': objectMeta };
  for (const kind of kinds) schemas[nameOf(kind)] = schemaOf(kind);
  return JSON.stringify({ openapi: '3.0.0', components: { schemas } });
}

function byVersion(kinds: readonly KindInfo[]): ReadonlyMap<string, string> {
  const lists = new Map<string, KindInfo[]>();
  for (const kind of kinds) {
    const path = kind.group === '' ? `api/${kind.version}` : `apis/${kind.group}/${kind.version}`;
    lists.set(path, [...(lists.get(path) ?? []), kind]);
  }
  return new Map([...lists].map(([path, list]) => [path, documentOf(list)]));
}

function indexOf(documents: ReadonlyMap<string, string>): string {
  const paths = [...documents].map(([path, body]) => {
    const hash = createHash('sha512').update(body).digest('hex').toUpperCase();
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }];
  });
  return JSON.stringify({ paths: Object.fromEntries(paths) as JsonMap });
}

/** Those of the built-in kinds are made once for all clusters. */
let shared: { readonly documents: ReadonlyMap<string, string>; readonly index: string } | undefined;

function made(custom: ReadonlyMap<string, KindInfo>): NonNullable<typeof shared> {
  if (shared === undefined) {
    const documents = byVersion(builtInKinds);
    shared = { documents, index: indexOf(documents) };
  }
  if (custom.size === 0) return shared;
  const documents = new Map([...shared.documents, ...byVersion([...custom.values()])]);
  return { documents, index: indexOf(documents) };
}

/** The answer to a request below `/openapi/v3` as JSON, or undefined where there is none. */
export function openApiDocument(
  [first, second, ...rest]: readonly string[],
  custom: ReadonlyMap<string, KindInfo>,
): string | undefined {
  if (first !== 'openapi' || second !== 'v3') return undefined;
  const { documents, index } = made(custom);
  return rest.length === 0 ? index : documents.get(rest.join('/'));
}
