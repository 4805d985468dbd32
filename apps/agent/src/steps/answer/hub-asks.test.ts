import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dryRunAnswerSchema, schemasAnswerSchema, type DryRunAsk } from '#contract';
import { bundleCheck, type JsonObject, makeBundle, schemaDocument } from '#domain';
import { Discovery } from '#kube';
import { type FakeCluster, openFakeCluster } from '#kube/fake';
import type { Kube, KubeRequest } from '#ports';
import { answerDryRun } from './answer-dry-run.js';
import { answerSchemas } from './answer-schemas.js';
import { indexDigest, readApiIndex } from './api-index.js';
import { ReadOnlyKube } from './read-only-kube.js';

const ask = { protocol: 1, cluster: '01890000-0000-7000-8000-000000000001', id: 'a'.repeat(32) };

describe('what the hub asks before a rollout', () => {
  let cluster: FakeCluster;
  let kube: Kube;
  const signal = new AbortController().signal;

  beforeEach(async () => {
    ({ cluster, kube } = openFakeCluster());
    cluster.pauseControllers(true);
    await put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }, '/api/v1/namespaces');
  });

  afterEach(() => {
    kube.close();
    cluster.close();
  });

  const put = async (body: JsonObject, path: string): Promise<void> => {
    const { status } = await kube.request({ method: 'POST', path, body });
    if (status >= 300) throw new Error(`${path} answered ${status}`);
  };
  const config = (name: string, more: JsonObject = {}, metadata: JsonObject = {}): JsonObject => ({
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, data: { a: '1' } },
    ...more,
  });
  const definition: JsonObject = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      ...{ group: 'example.com', scope: 'Namespaced' },
      names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  };
  const widget = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' } };
  const dryRun = async (objects: readonly JsonObject[], more: Partial<DryRunAsk> = {}, usedMs = 0) => {
    const bundle = makeBundle(objects, { maxBytes: 1e7, maxObjects: 1000 });
    if (!bundle.ok) throw new Error('no bundle');
    const before = cluster.snapshotText();
    const answer = await answerDryRun(
      { ...ask, ask: 'dryRun', application: 'web', digest: bundle.digest, chunks: 1, namespace: 'shop', ...more },
      {
        kube: new ReadOnlyKube(kube, { signal, timeoutMs: 5000 }),
        own: kube,
        bus: { fetchBundle: () => Promise.resolve(gzipSync(bundle.json)) },
        discovery: new Discovery(kube),
        ...{ namespace: 'flotilla-system', reach: null, usedMs: () => usedMs, signal },
      },
    );
    expect(cluster.snapshotText()).toEqual(before);
    return dryRunAnswerSchema.parse(answer);
  };

  it('is which group versions there are, and what the objects of one look like', async () => {
    const { groupVersions = {} } = schemasAnswerSchema.parse(await answerSchemas({ ...ask, ask: 'schemas' }, kube));
    expect(Object.keys(groupVersions)).toEqual(expect.arrayContaining(['v1', 'apps/v1']));
    expect(indexDigest(groupVersions)).toBe(indexDigest((await readApiIndex(kube)) ?? {}));
    const { document } = schemasAnswerSchema.parse(
      await answerSchemas({ ...ask, ask: 'schemas', groupVersion: 'v1' }, kube),
    );
    const bytes = gunzipSync(Buffer.from(document?.gzipped ?? '', 'base64'));
    expect(createHash('sha512').update(bytes).digest('hex').toUpperCase()).toBe(groupVersions['v1']);
    const documents = new Map([['v1', schemaDocument('v1', JSON.parse(bytes.toString('utf8')) as JsonObject)]]);
    const apis = { groupVersions: new Set(Object.keys(groupVersions)), documents };
    const wrong = config('a', { dat: {} });
    expect(bundleCheck([wrong], apis)(wrong)).toMatchObject([{ rule: 'schema/unknown-field', field: 'dat' }]);
    await expect(answerSchemas({ ...ask, ask: 'schemas', groupVersion: 'x/v1' }, kube)).rejects.toThrow(/serves no x/);
  });

  it.each(['../../api/v1/secrets', '..', 'x/../v1', 'x/v1?a=b', 'x/%2e%2e', 'apps/v1/..', '', '/v1', 'x//v1'])(
    'gives nothing else of the API server’s to whoever calls %j a group version',
    async (groupVersion) => {
      const asked: string[] = [];
      const watched = new Proxy(kube, {
        get: (inner, name) => {
          if (name !== 'request') return Reflect.get(inner, name) as unknown;
          return (request: KubeRequest) => (asked.push(request.path), inner.request(request));
        },
      });
      const answer = answerSchemas({ ...ask, ask: 'schemas', groupVersion }, watched);
      await expect(answer).rejects.toThrow(/is no group version/);
      expect(asked).toEqual([]);
    },
  );

  it('ends with an error where a document is endless', async () => {
    const endless: Kube = {
      ...{ watch: (request) => kube.watch(request), close: () => undefined },
      request: async ({ sink }) => {
        for (let mebibytes = 0; mebibytes < 1000; mebibytes += 1) await sink?.(Buffer.alloc(1 << 20));
        return { status: 200, body: {} };
      },
    };
    await expect(answerSchemas({ ...ask, ask: 'schemas', groupVersion: 'v1' }, endless)).rejects.toMatchObject({
      code: 'schemas-too-large',
    });
  });

  it('has another digest once there is another definition', async () => {
    const before = indexDigest((await readApiIndex(kube)) ?? {});
    cluster.pauseControllers(false);
    await put(definition, '/apis/apiextensions.k8s.io/v1/customresourcedefinitions');
    cluster.settle();
    const index = await readApiIndex(kube);
    expect(Object.keys(index ?? {})).toContain('example.com/v1');
    expect(indexDigest(index ?? {})).not.toBe(before);
  });

  it('is whether the API server takes a bundle, which writes nothing', async () => {
    const space = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'fresh' } };
    const answer = await dryRun([
      config('fine'),
      config('bad_Name'),
      config('nowhere', {}, { namespace: 'nowhere' }),
      space,
      config('inside', {}, { namespace: 'fresh' }),
      definition,
      widget,
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: {}, sops: { mac: 'x' } },
      config('hook', {}, { annotations: { 'helm.sh/hook': 'pre-install' } }),
      { apiVersion: 'nobody.example.com/v1', kind: 'Thing', metadata: { name: 'x' } },
    ]);
    expect(answer.left).toEqual(
      expect.arrayContaining([
        { why: 'they are hooks', count: 1 },
        { why: 'their definition comes with them', count: 1 },
        { why: 'their namespace comes with them', count: 1 },
      ]),
    );
    const refused = Object.fromEntries(answer.refused.map(({ name, message }) => [name, message]));
    expect(refused).toMatchObject({
      bad_Name: expect.stringContaining('RFC 1123'),
      nowhere: 'namespaces "nowhere" not found',
      x: expect.stringContaining('Thing'),
    });
    // Nothing says what it is encrypted with.
    expect(Object.keys(refused).sort()).toEqual(['bad_Name', 'nowhere', 's', 'x']);
    // The namespace, the definition, what is fine and what is not.
    expect(answer).toMatchObject({ tried: 4, more: 0 });
    const { status } = await kube.request({ method: 'GET', path: '/api/v1/namespaces/shop/configmaps/fine' });
    expect(status).toBe(404);
  });

  it('takes trouble of the API server’s own for no refusal, and time that is over neither', async () => {
    cluster.setFault({ methods: ['PATCH'], path: 'configmaps', status: 500, message: 'a webhook is away' });
    expect(await dryRun([config('a'), config('b')])).toEqual({
      ...{ tried: 0, refused: [], more: 0 },
      left: [{ why: 'the API server could not try them', count: 2 }],
    });
    cluster.faults.clear();
    expect(await dryRun([config('a')], {}, 7_000)).toMatchObject({
      left: [{ why: 'there was no time left', count: 1 }],
    });
  });

  it('tells no value of a Secret that the API server echoes, and of twenty refusals at most', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { a: 'open-sesame-1' } };
    cluster.setFault({ methods: ['PATCH'], status: 403, message: 'denied: open-sesame-1 is weak' });
    const answer = await dryRun([secret, ...Array.from({ length: 30 }, (_, at) => config(`c${at}`))]);
    expect(answer).toMatchObject({ tried: 31, more: 11 });
    expect(answer.refused).toHaveLength(20);
    expect(JSON.stringify(answer)).not.toContain('open-sesame-1');
  });

  it('is refused where the bundle is another one', async () => {
    await expect(dryRun([config('a')], { digest: 'f'.repeat(64) })).rejects.toMatchObject({ code: 'bundle-digest' });
  });
});
