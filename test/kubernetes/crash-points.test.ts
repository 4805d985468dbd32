import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject, ManifestApplication } from '#domain';
import { mapAt, mapsAt, openHttpKube, refKey, refOf, textAt } from '#kube';
import type { Kube } from '#ports';
import { openBundle } from '../../apps/agent/src/steps/fetch/open-bundle.js';
import { RealBroker } from '../../libs/bus/src/real-broker.suite.js';
import { configMap, deployment, secret, service } from '../agent/samples.js';
import { TinyHub } from '../agent/tiny-hub.js';
import { AgentProcess } from '../helpers/agent-process.js';
import { KubeProxy } from '../helpers/kube-proxy.js';
import { eventually } from '../helpers/test-hub.js';
import { sharedControlPlane } from './control-plane/shared-control-plane.js';
import { createNamespace, type TestNamespace } from './control-plane/with-namespace.js';
import { isLike } from './test-cluster.js';

const APPLICATION = `crash-${randomBytes(3).toString('hex')}`;
/** Each of the first fifteen writes of an apply with prune, killed before and after it. */
const WRITES = 15;
const points = Array.from({ length: WRITES }, (_, at) => at + 1).flatMap((write) =>
  (['before', 'after'] as const).map((when) => ({ write, when })),
);

const COLLECTIONS = [
  '/api/v1/configmaps',
  '/api/v1/secrets',
  '/api/v1/services',
  '/api/v1/serviceaccounts',
  '/api/v1/namespaces',
  '/apis/apps/v1/deployments',
  '/apis/rbac.authorization.k8s.io/v1/roles',
  '/apis/rbac.authorization.k8s.io/v1/rolebindings',
  '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  '/apis/storage.k8s.io/v1/storageclasses',
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
];
const RBAC = 'rbac.authorization.k8s.io/v1';

function role(kind: 'Role' | 'ClusterRole', name: string): JsonObject {
  const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
  return { apiVersion: RBAC, kind, metadata: { name }, rules };
}

const first = [
  configMap('a', { version: '1' }),
  configMap('old'),
  secret('older', { key: 'value of the first' }),
  service('web'),
  service('former'),
  role('Role', 'operator'),
  role('ClusterRole', `${APPLICATION}-old`),
  deployment('web', 'registry.example/web:1.0'),
];
const second = [
  configMap('a', { version: '2' }),
  configMap('new'),
  // Too large for one Secret, so that the record has further ones.
  configMap('huge', { noise: randomBytes(690_000).toString('base64') }),
  secret('newer', { key: 'value of the second' }),
  service('web'),
  service('latter'),
  role('Role', 'reader'),
  role('ClusterRole', `${APPLICATION}-new`),
  deployment('web', 'registry.example/web:2.0'),
];

describe('an agent that is killed at any write of an apply with prune', () => {
  const plane = sharedControlPlane();
  const ca = readFileSync(plane.caFile, 'utf8');
  let kube: Kube;
  let broker: RealBroker;
  let hub: TinyHub;
  let proxy: KubeProxy;
  let agent: AgentProcess;
  let shop: TestNamespace;

  beforeAll(async () => {
    kube = openHttpKube({ url: plane.url, access: { token: plane.adminToken, ca } });
    broker = await RealBroker.open();
    hub = await TinyHub.start(await broker.openHub(), { urls: [broker.nats.url], ca: broker.certificates.caPem });
    proxy = await KubeProxy.start({ url: plane.url, ca });
    shop = await createNamespace(plane, 'crash');
    agent = await AgentProcess.start({ plane, hub, api: { port: proxy.port, ca: proxy.caPem } });
    await addBystanders();
  }, 120_000);

  afterAll(async () => {
    await agent.close();
    const mine = [`clusterrole/${APPLICATION}-old`, `clusterrole/${APPLICATION}-new`, 'clusterrole/crash-bystander'];
    await plane.kubectl(['delete', '--ignore-not-found', ...mine]);
    await shop.delete();
    await proxy.close();
    await hub.close();
    await broker.close();
    kube.close();
  }, 120_000);

  /** What is somebody else's, some of it confusingly like ours. */
  const addBystanders = async (): Promise<void> => {
    const labelled = (name: string, application: string): JsonObject => ({
      ...configMap(name, { of: application }),
      metadata: { name, labels: { 'flotilla.dev/application': application } },
    });
    const objects: readonly (readonly [string, JsonObject])[] = [
      ['configmaps', configMap('somebody-elses', { of: 'somebody' })],
      ['configmaps', labelled('of-another-application', `${APPLICATION}-2`)],
      ['secrets', secret('somebodys-secret', { key: 'untold' })],
      ['services', service('somebodys-service')],
    ];
    for (const [plural, object] of objects) await create(`/api/v1/namespaces/${shop.name}/${plural}`, object);
    await create(
      `/apis/apps/v1/namespaces/${shop.name}/deployments`,
      deployment('somebodys', 'registry.example/x:1', 0),
    );
    await create('/apis/rbac.authorization.k8s.io/v1/clusterroles', role('ClusterRole', 'crash-bystander'));
    // Until its controller has nothing more to say of it.
    await eventually(
      'the Deployment that is not ours was observed',
      () => kube.request({ method: 'GET', path: `/apis/apps/v1/namespaces/${shop.name}/deployments/somebodys` }),
      ({ body }) => mapAt(body, 'status')['observedGeneration'] === 1,
    );
  };

  const create = async (path: string, body: JsonObject): Promise<void> => {
    const { status, body: answer } = await kube.request({ method: 'POST', path, body });
    if (status !== 201) throw new Error(JSON.stringify(answer));
  };

  /** All objects of the kinds that matter, as ours and as everybody else's. */
  const survey = async () => {
    const ours = new Map<string, JsonObject>();
    const others = new Map<string, string>();
    const lists = await Promise.all(COLLECTIONS.map((path) => kube.request({ method: 'GET', path })));
    // What an earlier test left behind goes away by itself.
    const lasting = new Set(
      lists
        .filter(({ body }) => textAt(body, 'kind') === 'NamespaceList')
        .flatMap(({ body }) => mapsAt(body, 'items'))
        .map((item) => mapAt(item, 'metadata'))
        .filter((metadata) => metadata['deletionTimestamp'] === undefined)
        .map((metadata) => textAt(metadata, 'name')),
    );
    for (const { status, body } of lists) {
      if (status !== 200) throw new Error(JSON.stringify(body));
      const apiVersion = textAt(body, 'apiVersion');
      const kind = textAt(body, 'kind').replace(/List$/, '');
      for (const item of mapsAt(body, 'items')) {
        const object = { ...item, apiVersion, kind };
        const metadata = mapAt(object, 'metadata');
        // The agent's own Secrets are looked at by themselves.
        if (kind === 'Secret' && metadata['namespace'] === agent.namespace) continue;
        const namespace = textAt(metadata, kind === 'Namespace' ? 'name' : 'namespace');
        if (namespace !== '' && !lasting.has(namespace)) continue;
        const key = refKey(refOf(object));
        if (mapAt(metadata, 'labels')['flotilla.dev/application'] === APPLICATION) ours.set(key, object);
        else others.set(key, `${textAt(metadata, 'uid')} ${textAt(metadata, 'resourceVersion')}`);
      }
    }
    return { ours, others };
  };

  /** The record of the application as its Secrets hold it, whole; null: not at this generation yet. */
  const record = async ({ generation, digest }: ManifestApplication): Promise<readonly string[] | null> => {
    const path = `/api/v1/namespaces/${agent.namespace}/secrets`;
    const { body } = await kube.request({ method: 'GET', path });
    const secrets = new Map(mapsAt(body, 'items').map((each) => [textAt(mapAt(each, 'metadata'), 'name'), each]));
    const bytes = (name: string, key: string): Buffer =>
      Buffer.from(textAt(mapAt(secrets.get(name) ?? {}, 'data'), key), 'base64');
    const head = `flotilla-app-${APPLICATION}`;
    const raw = bytes(head, 'record');
    const text = (raw[0] === 0x1f ? gunzipSync(raw) : raw).toString('utf8');
    const held = JSON.parse(text) as {
      readonly applied?: number;
      readonly runs: string;
      readonly assignment: ManifestApplication;
      readonly inventory: readonly { apiVersion: string; kind: string; namespace?: string; name: string }[];
    };
    if (held.applied !== generation || held.runs !== digest || held.assignment.generation !== generation) return null;
    const chunks = bytes(head, 'chunks').toString('utf8').split('\n').filter(Boolean);
    const bundle =
      chunks.length === 0 ? bytes(head, 'bundle') : Buffer.concat(chunks.map((name) => bytes(name, 'chunk')));
    // Throws where it has not that digest.
    openBundle(bundle, digest);
    const stray = [...secrets.keys()].filter((name) => name.startsWith(`${head}-`) && !chunks.includes(name));
    expect(stray).toEqual([]);
    return held.inventory.map(refKey).sort();
  };

  /** The keys of a bundle's objects in the cluster. */
  const keysOf = (bundle: readonly JsonObject[]): readonly string[] =>
    bundle
      .map((object) => {
        const isClusterWide = object['kind'] === 'ClusterRole';
        return refKey({ ...refOf(object), ...(!isClusterWide && { namespace: shop.name }) });
      })
      .sort();

  const expectExactly = async (bundle: readonly JsonObject[], assigned: ManifestApplication): Promise<void> => {
    const keys = keysOf(bundle);
    const inventory = await eventually(
      'the record of what was applied',
      () => record(assigned),
      (held) => held !== null && held.length === keys.length,
      20_000,
    );
    expect(inventory).toEqual(keys);
    const { ours } = await survey();
    expect([...ours.keys()].sort()).toEqual(keys);
    for (const object of bundle) {
      const isClusterWide = object['kind'] === 'ClusterRole';
      const live = ours.get(refKey({ ...refOf(object), ...(!isClusterWide && { namespace: shop.name }) })) ?? {};
      const { spec, data, stringData, rules } = object;
      expect([live, isLike(live['data'] ?? {}, data ?? {})]).toEqual([live, true]);
      expect([live, rules === undefined || isLike(live['rules'], rules)]).toEqual([live, true]);
      const image = /"image":"([^"]+)"/;
      expect(image.exec(JSON.stringify(live['spec'] ?? {}))?.[1]).toBe(image.exec(JSON.stringify(spec ?? {}))?.[1]);
      for (const [key, value] of Object.entries((stringData ?? {}) as Record<string, string>)) {
        expect(Buffer.from(textAt(mapAt(live, 'data'), key), 'base64').toString()).toBe(value);
      }
    }
  };

  it('thirty times over, leaves a cluster that its successor brings to exactly what the bundle says', async () => {
    const assign = async (bundle: readonly JsonObject[]): Promise<ManifestApplication> =>
      await hub.assign(APPLICATION, bundle, { namespace: shop.name });
    const healthy = async ({ generation }: ManifestApplication, boot: number): Promise<void> => {
      await hub.until(
        APPLICATION,
        (report) => report.generation === generation && report.phase === 'healthy' && report.boot >= boot,
        60_000,
      );
    };
    let boot = 1;
    const started = await assign(first);
    await healthy(started, boot);
    await expectExactly(first, started);
    const bystanders = (await survey()).others;
    expect(bystanders.size).toBeGreaterThan(20);
    const crashes: string[] = [];
    for (const [at, { write, when }] of points.entries()) {
      const bundle = at % 2 === 0 ? second : first;
      let writes = 0;
      const unarm = proxy.rule((request) => {
        // What was on its way at the same time dies with the process, or does not.
        if (!request.isWrite) return undefined;
        writes += 1;
        if (writes !== write) return undefined;
        const then = (): void => {
          crashes.push(`${when} ${write}: ${request.method} ${request.path}`);
          agent.killNow();
        };
        return { kind: 'cut', when, then };
      });
      const assigned = await assign(bundle);
      await agent.gone(60_000);
      unarm();
      await agent.again();
      boot += 1;
      await healthy(assigned, boot);
      await expectExactly(bundle, assigned);
      const { others } = await survey();
      expect([...others].filter(([key, version]) => bystanders.get(key) !== version)).toEqual([]);
      expect([...bystanders.keys()].filter((key) => !others.has(key))).toEqual([]);
    }
    process.stderr.write(`killed ${crashes.join('\nkilled ')}\n`);
    expect(new Set(crashes.map((crash) => crash.split(':')[0])).size).toBe(30);
    // To be killed is no failure of the application.
    expect(hub.reports.filter(({ phase }) => phase === 'failed' || phase === 'refused')).toEqual([]);
  }, 300_000);
});
