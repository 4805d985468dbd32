import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { SchemasAnswer } from '#contract';
import { canonicalJson, makeBundle, sha256, type JsonObject, type Member } from '#domain';
import { createLogger, RetryableError } from '#kit';
import { ManualClock, type Store, type StoredCluster } from '#ports';
import { createFakeStore } from '#store';
import type { AskForHub } from './ask-hub.js';
import { CheckMembers } from './check-members.js';
import { CheckPolicies } from './check-policies.js';
import { ClusterApis } from './cluster-apis.js';
import { Validation } from './validation.js';

const metadata = { type: 'object', properties: { name: { type: 'string' } } };
const CORE = JSON.stringify({
  components: {
    schemas: {
      ConfigMap: {
        type: 'object',
        properties: { metadata, data: { type: 'object', additionalProperties: { type: 'string' } } },
        'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: 'ConfigMap' }],
      },
    },
  },
});
const hashOf = (document: string): string => createHash('sha512').update(document).digest('hex').toUpperCase();
const INDEX = { v1: hashOf(CORE), 'apps/v1': hashOf('{}') };
const APIS = sha256(canonicalJson(INDEX));
const config = (data: JsonObject): JsonObject => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data },
});

describe('what is looked at before a release', () => {
  let store: Store;
  let clock: ManualClock;
  let asked: string[];
  let schemas: (groupVersion?: string) => Promise<SchemasAnswer>;
  let validation: Validation;
  const log = createLogger({ level: 'silent' });

  beforeEach(() => {
    store = createFakeStore();
    clock = new ManualClock();
    asked = [];
    schemas = (groupVersion) =>
      Promise.resolve(
        groupVersion === undefined
          ? { groupVersions: INDEX }
          : { document: { groupVersion, gzipped: gzipSync(CORE).toString('base64') } },
      );
    const agents = {
      schemas: ({ uid }: StoredCluster, groupVersion?: string) => {
        asked.push(`${uid} ${groupVersion ?? 'index'}`);
        return schemas(groupVersion);
      },
    } as unknown as AskForHub;
    const apis = Object.assign(new ClusterApis(store, clock, agents), { log });
    const policies = Object.assign(new CheckPolicies(store), { log });
    validation = new Validation(new CheckMembers(store, apis), policies, apis);
  });

  const cluster = (name: string, more: Partial<StoredCluster> = {}): StoredCluster => ({
    ...{ uid: name, name, labels: { env: name }, facts: { 'kubernetes.minor': '1.33' }, state: 'joined', apis: APIS },
    ...{ publicKey: null, agentVersion: '1', protocol: 1, online: true, seenAt: 1, createdAt: 1, joinedAt: 1 },
    ...{ heldSequence: 0, hold: null, leaving: null, credential: null },
    ...more,
  });
  const put = async (...objects: readonly JsonObject[]): Promise<string> => {
    const bundle = makeBundle(objects, { maxBytes: 1e6, maxObjects: 100 });
    if (!bundle.ok) throw new Error('no bundle');
    const gzipped = gzipSync(bundle.json);
    await store.read.releases.putBundle(bundle.digest, { gzipped, bytes: 1, objects: objects.length });
    await store.read.releases.setBundleChunks(bundle.digest, 1);
    return bundle.digest;
  };
  const membersOf = (clusters: readonly StoredCluster[], digest: string): readonly Member[] =>
    clusters.map(({ uid, name, labels, facts }) => ({ uid, name, labels, facts, overlay: '.', digest }));
  const check = (
    digest: string,
    clusters: readonly StoredCluster[],
    more: { schema?: 'warn' | 'off'; released?: boolean } = {},
  ) =>
    validation.check({
      ...{ application: 'web', clusters, members: membersOf(clusters, digest) },
      spec: { namespace: 'shop', validation: { schema: more.schema ?? 'refuse', dryRun: true } },
      latest: more.released ? { overlays: { '.': { digest, objects: 1, bytes: 1, tool: 'yaml' } } } : null,
    });

  it('asks one agent for what many clusters serve, keeps it, and looks at each bundle once', async () => {
    const clusters = ['a', 'b', 'c'].map((name) => cluster(name));
    const digest = await put(config({ a: 1 }));
    const { refusal } = await check(digest, clusters);
    expect(refusal).toBe(
      'Cluster "a" and 2 more would not take it: ConfigMap settings, data.a: must be a text and is a whole number (rule schema/type): mend it, and commit',
    );
    // What is refused is made sure of: the cluster may serve something else by now.
    expect(asked).toEqual(['a index', 'a v1', 'a index']);
    await check(digest, clusters);
    expect(asked).toHaveLength(3);
    const other = new ClusterApis(store, clock, {} as AskForHub);
    expect((await other.of(clusters, ['v1'], 1000)).documents.get('v1')).toMatchObject({
      kinds: { ConfigMap: 'ConfigMap' },
    });
  });

  it('only tells what is only to be told: by the mode, and of what is released already', async () => {
    const digest = await put(config({ a: 1 }));
    const told = [expect.stringMatching(/^Cluster "a": ConfigMap settings, data\.a: must be a text/)];
    expect(await check(digest, [cluster('a')], { schema: 'warn' })).toMatchObject({ refusal: null, told });
    expect(await check(digest, [cluster('a')], { released: true })).toMatchObject({ refusal: null, told });
    expect(await check(digest, [cluster('a')], { schema: 'off' })).toEqual({
      ...{ refusal: null, told: [], warnings: [], policies: [] },
    });
  });

  it('warns of clusters that do not tell, and asks again a minute later and not before', async () => {
    const digest = await put(config({ a: 1 }));
    const unknown = [expect.stringMatching(/^Cluster "a": what it serves is not known yet/)];
    const old = cluster('a');
    delete (old as { apis?: string }).apis;
    expect(await check(digest, [old])).toEqual({
      ...{ refusal: null, told: [], warnings: unknown, policies: [] },
    });
    expect(await check(digest, [cluster('a', { online: false })])).toMatchObject({ warnings: unknown });
    expect(asked).toEqual([]);
    const answers = schemas;
    schemas = () => Promise.reject(new RetryableError('agent-silent', 'nobody there'));
    expect(await check(digest, [cluster('a')])).toMatchObject({ refusal: null, warnings: unknown });
    expect(await check(digest, [cluster('a')])).toMatchObject({ refusal: null, warnings: unknown });
    expect(asked).toEqual(['a index']);
    schemas = answers;
    clock.advance(60_000);
    await store.read.apis.putIndex(APIS, INDEX);
    expect((await check(digest, [cluster('a')])).refusal).not.toBeNull();
  });

  it('asks a policy once for all clusters, unless it asks for the cluster', async () => {
    const digest = await put(config({ a: '1' }));
    const policy = (expression: string, mode: string): Promise<unknown> =>
      store.read.resources.put(
        'Policy',
        'p',
        { mode, match: { kinds: ['ConfigMap'] }, rules: [{ name: 'r', expression, message: 'not there' }] },
        1,
      );
    await policy('cluster.name == "a"', 'refuse');
    const refused = await check(digest, [cluster('a'), cluster('b')], { schema: 'off' });
    expect(refused.refusal).toMatch(
      /^Cluster "b" would not take it: ConfigMap settings: not there \(rule policy\/p\/r\)/,
    );
    await policy('false', 'warn');
    const warned = await check(digest, [cluster('a'), cluster('b')], { schema: 'off' });
    expect(warned).toMatchObject({ refusal: null, warnings: [expect.stringMatching(/^Cluster "a" and 1 more: /)] });
  });
});
