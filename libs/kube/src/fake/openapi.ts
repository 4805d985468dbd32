import { createHash } from 'node:crypto';
import { type Json, type JsonMap } from './json-tree.js';
import { builtInKinds, type KindInfo } from './kinds.js';
import { builtInSchema, schemaNameOf } from './schemas/built-in-schemas.js';
import { fullName, refPrefix } from './schemas/read-schema.js';

const objectMeta = fullName('meta.v1.ObjectMeta');
const own: JsonMap = {
  apiVersion: { type: 'string' },
  kind: { type: 'string' },
  metadata: { allOf: [{ $ref: refPrefix + objectMeta }] },
};

function schemaOf(kind: KindInfo): JsonMap {
  const { group, version, kind: name, custom } = kind;
  const gvk = { 'x-kubernetes-group-version-kind': [{ group, version, kind: name }] };
  if (custom === undefined) return { ...(builtInSchema(schemaNameOf(kind)) as JsonMap), ...gvk };
  const schema = custom.schema as JsonMap | undefined;
  if (schema === undefined) {
    return { type: 'object', properties: own, 'x-kubernetes-preserve-unknown-fields': true, ...gvk };
  }
  return { ...schema, properties: { ...(schema['properties'] as JsonMap | undefined), ...own }, ...gvk };
}

/** Adds what a schema refers to, and what that does. */
function addReferred(to: Record<string, Json>, schema: JsonMap): void {
  const refs = JSON.stringify(schema).matchAll(/"#\/components\/schemas\/([^"]+)"/g);
  for (const [, name = ''] of refs) {
    const found = builtInSchema(name) as JsonMap | undefined;
    if (to[name] !== undefined || found === undefined) continue;
    to[name] = found;
    addReferred(to, found);
  }
}

function documentOf(kinds: readonly KindInfo[]): string {
  const schemas: Record<string, Json> = {};
  for (const kind of kinds) {
    const name = kind.custom === undefined ? schemaNameOf(kind) : `${kind.group}.${kind.version}.${kind.kind}`;
    schemas[name] = schemaOf(kind);
    addReferred(schemas, schemaOf(kind));
  }
  return JSON.stringify({ openapi: '3.0.0', components: { schemas } });
}

interface Document {
  readonly body: string;
  /** Its address and hash, as the index has them. */
  readonly address: string;
}

function byVersion(kinds: readonly KindInfo[]): ReadonlyMap<string, Document> {
  const lists = new Map<string, KindInfo[]>();
  for (const kind of kinds) {
    const path = kind.group === '' ? `api/${kind.version}` : `apis/${kind.group}/${kind.version}`;
    lists.set(path, [...(lists.get(path) ?? []), kind]);
  }
  return new Map([...lists].map(([path, list]) => [path, addressed(path, documentOf(list))]));
}

function addressed(path: string, body: string): Document {
  const hash = createHash('sha512').update(body).digest('hex').toUpperCase();
  return { body, address: `/openapi/v3/${path}?hash=${hash}` };
}

function indexOf(documents: ReadonlyMap<string, Document>): string {
  const paths = [...documents].map(([path, { address }]) => [path, { serverRelativeURL: address }]);
  return JSON.stringify({ paths: Object.fromEntries(paths) as JsonMap });
}

/** Those of the built-in kinds are made once for all clusters. */
let shared: { readonly documents: ReadonlyMap<string, Document>; readonly index: string } | undefined;

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
  return rest.length === 0 ? index : documents.get(rest.join('/'))?.body;
}
