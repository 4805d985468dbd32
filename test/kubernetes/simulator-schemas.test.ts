import { readFileSync, writeFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { type FieldSchema, type JsonObject, type JsonValue, type SchemaDocument, schemaDocument } from '#domain';
import { openHttpKube } from '#kube';
import { openFakeCluster } from '#kube/fake';
import type { Kube } from '#ports';

import { sharedControlPlane } from './control-plane/shared-control-plane.js';
import { schemaLines } from './schema-lines.js';

const folder = new URL('../../libs/kube/src/fake/schemas/', import.meta.url);

/** What simulated clusters serve as their kinds' schemas is a real server's; `UPDATE_SCHEMAS=1` writes it anew, of another version as well. */
describe('the simulated schemas', () => {
  let real: Kube;
  let documents: ReadonlyMap<string, readonly [groupVersion: string, JsonObject]>;
  const { cluster, kube: fake } = openFakeCluster();

  beforeAll(async () => {
    const { url, adminToken, caFile } = sharedControlPlane();
    real = openHttpKube({ url, access: { token: adminToken, ca: readFileSync(caFile, 'utf8') } });
    const { paths } = await read(fake, '/openapi/v3');
    const found = Object.keys(paths as JsonObject).map(async (path) => {
      const groupVersion = path.replace(/^apis?\//, '');
      return [path, [groupVersion, await read(real, `/openapi/v3/${path}`)]] as const;
    });
    documents = new Map(await Promise.all(found));
  });
  afterAll(() => {
    cluster.close();
    real?.close();
  });

  it('are kept as a real server tells them', async () => {
    const schemas: Record<string, JsonObject> = {};
    const roots: string[] = [];
    for (const [path, [groupVersion, document]] of documents) {
      const served = schemaDocument(groupVersion, await read(fake, `/openapi/v3/${path}`));
      const its = schemaDocument(groupVersion, document);
      roots.push(...Object.keys(served.kinds).map((kind) => its.kinds[kind] ?? `no ${kind} in ${groupVersion}`));
      Object.assign(schemas, (document['components'] as { readonly schemas: JsonObject }).schemas);
    }
    const lines = schemaLines(roots, schemas);
    const isCore = (line: string): boolean => /^(core|meta)\./.test(line);
    await kept('core-schemas.ts', 'coreSchemas', lines.filter(isCore));
    await kept(
      'group-schemas.ts',
      'groupSchemas',
      lines.filter((line) => !isCore(line)),
    );
  });

  it('say the same to whoever reads them, whatever the names', async () => {
    for (const [path, [groupVersion, document]] of documents) {
      const served = schemaDocument(groupVersion, await read(fake, `/openapi/v3/${path}`));
      const its = schemaDocument(groupVersion, document);
      for (const kind of Object.keys(served.kinds)) {
        expect({ kind, schema: whole(served, kind) }).toEqual({ kind, schema: whole(its, kind) });
      }
    }
  });
});

async function read(kube: Kube, path: string): Promise<JsonObject> {
  const { status, body } = await kube.request({ method: 'GET', path });
  expect(status).toBe(200);
  return body;
}

async function kept(file: string, name: string, lines: readonly string[]): Promise<void> {
  const head = '/** Generated from what a real API server tells: see test/kubernetes/simulator-schemas.test.ts. */';
  const quoted = lines.map((line) => `  '${line}',\n`).join('');
  const text = `${head}\nexport const ${name}: readonly string[] = [\n${quoted}];\n`;
  const at = new URL(file, folder);
  if (process.env['UPDATE_SCHEMAS'] === '1') writeFileSync(at, text);
  expect(readFileSync(at, 'utf8')).toBe(text);
}

/** What is looked at of a kind, each schema once; those that are but another name for a type stand in place. */
function whole({ kinds, schemas }: SchemaDocument, kind: string): Readonly<Record<string, JsonValue>> {
  const out: Record<string, JsonValue> = {};
  const tell = (schema: FieldSchema, isField = false): JsonObject => {
    const { ref, fields, values, items, required, default: filled, ...rest } = schema;
    const its = ref === undefined ? undefined : schemas[ref];
    if (its !== undefined && its.fields === undefined)
      return tell({ ...its, ...(filled && { default: filled }) }, isField);
    if (ref !== undefined && its !== undefined && out[ref] === undefined) {
      out[ref] = true;
      out[ref] = tell(its);
    }
    return {
      ...(rest as JsonObject),
      ...(ref !== undefined && { ref }),
      ...(required !== undefined && { required: [...required].sort() }),
      ...(isField && filled !== undefined && { default: filled }),
      ...(values !== undefined && { values: tell(values) }),
      ...(items !== undefined && { items: tell(items) }),
      ...(fields !== undefined && {
        fields: Object.fromEntries(Object.entries(fields).map(([name, each]) => [name, tell(each, true)])),
      }),
    };
  };
  tell({ ref: kinds[kind] ?? '' });
  return out;
}
