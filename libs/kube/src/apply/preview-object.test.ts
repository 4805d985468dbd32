import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { IgnoreDifferences, JsonObject } from '#domain';
import type { Kube, KubeRequest } from '#ports';
import { type FakeCluster, openFakeCluster } from '../fake/fake-kube.js';
import { Discovery } from './discovery.js';
import { SecretMask } from './mask-secret.js';
import { type ApplyItem, prepareObjects } from './prepare.js';
import { type ObjectPreview, previewObject } from './preview-object.js';

describe('a preview', () => {
  let cluster: FakeCluster;
  let kube: Kube;
  let requests: KubeRequest[];

  beforeEach(async () => {
    const opened = openFakeCluster();
    ({ cluster } = opened);
    cluster.pauseControllers(true);
    requests = [];
    kube = {
      request: (request) => {
        requests.push(request);
        return opened.kube.request(request);
      },
      watch: (request) => opened.kube.watch(request),
      close: () => opened.kube.close(),
    };
    await send('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  });

  afterEach(() => {
    kube.close();
    cluster.close();
  });

  const send = async (method: 'POST' | 'PATCH', path: string, body: JsonObject, more: Partial<KubeRequest> = {}) => {
    const answer = await kube.request({ method, path, body, ...more });
    if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  };
  const prepared = async (object: JsonObject): Promise<ApplyItem> => {
    const discovery = new Discovery(kube);
    const { items } = await prepareObjects([object], { application: 'shop', namespace: 'shop', discovery });
    const [item] = items;
    if (item === undefined) throw new Error('not prepared');
    return item;
  };
  const applied = async (object: JsonObject): Promise<ApplyItem> => {
    const item = await prepared(object);
    await send('PATCH', pathOf(item), item.object, {
      contentType: 'application/apply-patch+yaml',
      query: { fieldManager: 'flotilla', force: 'true' },
    });
    return item;
  };
  const edited = (item: ApplyItem, body: JsonObject, fieldManager = 'kubectl-edit') =>
    send('PATCH', pathOf(item), body, { contentType: 'application/merge-patch+json', query: { fieldManager } });
  const pathOf = ({ kind, ref }: ApplyItem): string => `${kind.base}/namespaces/shop/${kind.plural}/${ref.name}`;
  const preview = async (
    item: ApplyItem,
    more: { ignore?: readonly IgnoreDifferences[]; completed?: boolean; mask?: SecretMask } = {},
  ): Promise<ObjectPreview> => {
    requests = [];
    const { ignore = [], completed = false, mask = SecretMask.none } = more;
    const { signal } = new AbortController();
    const found = await previewObject({ kube, application: 'shop', item, ignore, completed, mask, signal });
    const writes = requests.filter(({ method, query }) => method !== 'GET' && query?.['dryRun'] !== 'All');
    expect(writes).toEqual([]);
    return found;
  };
  const settings = (data: JsonObject, metadata: JsonObject = {}): JsonObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', ...metadata },
    data,
  });
  const web = (containers: readonly JsonObject[], more: JsonObject = {}): JsonObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers } },
      ...more,
    },
  });
  const desiredOf = (found: ObjectPreview): JsonObject => {
    if (found.kind !== 'changed' && found.kind !== 'added') throw new Error(JSON.stringify(found));
    return found.desired;
  };

  it('tells what is as it is wanted, and what would be made', async () => {
    const item = await applied(settings({ a: '1' }));
    expect(await preview(item)).toMatchObject({ kind: 'same', live: { data: { a: '1' } } });
    const fresh = await prepared(web([{ name: 'main', image: 'a:1' }]));
    // As the API server would fill it in.
    expect(desiredOf(await preview(fresh))).toMatchObject({ spec: { replicas: 1 } });
    expect(await preview(fresh, { completed: true })).toEqual({ kind: 'same', live: null });
    const elsewhere = await prepared({ ...settings({ a: '1' }), metadata: { name: 'settings', namespace: 'nowhere' } });
    expect(await preview(elsewhere)).toEqual({ kind: 'added', desired: elsewhere.object });
  });

  it('tells that what kubectl set beside ours would go, and what others set would stay', async () => {
    const item = await applied(settings({ a: '1' }));
    await edited(item, { data: { a: '2', byHand: 'yes' }, metadata: { annotations: { why: 'tried it' } } });
    await edited(item, { data: { byController: 'yes' } }, 'some-controller');
    const found = await preview(item);
    expect(found).toMatchObject({ kind: 'changed', live: { data: { a: '2', byHand: 'yes', byController: 'yes' } } });
    expect(desiredOf(found)['data']).toEqual({ a: '1', byController: 'yes' });
    expect(desiredOf(found)['metadata']).not.toHaveProperty('annotations');
  });

  it('tells so of items of lists too', async () => {
    const main = { name: 'main', image: 'a:1', env: [{ name: 'OURS', value: '1' }] };
    const item = await applied(web([main]));
    const live = (await kube.request({ method: 'GET', path: pathOf(item) })).body;
    const spec = live['spec'] as { template: { spec: { containers: JsonObject[] } } };
    const [container] = spec.template.spec.containers;
    const env = [
      { name: 'OURS', value: '1' },
      { name: 'THEIRS', value: '2' },
    ];
    const containers: readonly JsonObject[] = [
      { ...(container ?? {}), env },
      { name: 'debug', image: 'b:1' },
    ];
    await edited(item, { spec: { template: { spec: { containers } } } });
    const desired = desiredOf(await preview(item))['spec'] as typeof spec;
    expect(desired.template.spec.containers).toMatchObject([{ name: 'main', env: [{ name: 'OURS', value: '1' }] }]);
    expect(desired.template.spec.containers).toHaveLength(1);
    expect(desired.template.spec.containers[0]?.['env']).toHaveLength(1);
  });

  it('passes over what is ignored, and the replicas that an autoscaler set', async () => {
    const item = await applied(settings({ a: '1', b: '1' }));
    await edited(item, { data: { a: '2', extra: 'yes' } });
    const ignore = [{ kind: 'ConfigMap', jsonPointers: ['/data/a', '/data/extra'] }];
    expect((await preview(item, { ignore })).kind).toBe('same');
    expect((await preview(item)).kind).toBe('changed');
    const scaled = await applied(web([{ name: 'main', image: 'a:1' }], { replicas: 2 }));
    await send(
      'PATCH',
      `${pathOf(scaled)}/scale`,
      { spec: { replicas: 5 } },
      {
        contentType: 'application/merge-patch+json',
        query: { fieldManager: 'kube-controller-manager' },
      },
    );
    expect(await preview(scaled)).toMatchObject({ kind: 'same', live: { spec: { replicas: 5 } } });
  });

  it("tells the API server's words for what it refuses, without a Secret's value", async () => {
    const mask = SecretMask.of([{ apiVersion: 'v1', kind: 'Secret', data: {}, stringData: { a: 'open-sesame' } }]);
    const item = await prepared(settings({ a: '1' }));
    const undo = cluster.setFault({ methods: ['PATCH'], status: 403, message: 'denied: open-sesame is weak' });
    expect(await preview(item, { mask })).toEqual({ kind: 'refused', live: null, message: 'denied: (hidden) is weak' });
    undo();
    await applied(settings({ a: '1' }));
    cluster.setFault({ methods: ['PATCH'], status: 403, message: 'denied: open-sesame is weak' });
    expect(await preview(item, { mask })).toMatchObject({ kind: 'refused', message: 'denied: (hidden) is weak' });
    cluster.faults.clear();
    cluster.setFault({ methods: ['GET'], status: 500, message: 'etcd lost open-sesame', path: 'configmaps' });
    expect(await preview(item, { mask })).toEqual({ kind: 'refused', live: null, message: 'etcd lost (hidden)' });
  });

  it('tells what would be mended by taking out what others have put beside it', async () => {
    const port = (number: number): JsonObject => ({ name: 'http', port: number, protocol: 'TCP' });
    const service = (ports: readonly JsonObject[]): JsonObject => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ports },
    });
    const item = await applied(service([port(80)]));
    // As `kubectl edit` of the number: one port, which is another one by its key.
    await edited(item, { spec: { ports: [port(81)] } });
    const found = await preview(item);
    expect(found).toMatchObject({ kind: 'changed', live: { spec: { ports: [{ port: 81 }] } } });
    const { ports } = desiredOf(found)['spec'] as { ports: readonly JsonObject[] };
    expect(ports).toMatchObject([{ port: 80 }]);
    expect(ports).toHaveLength(1);
  });

  it('tells of what belongs to another application, and of what would be made anew', async () => {
    const labels = { 'flotilla.dev/application': 'another' };
    await send('POST', '/api/v1/namespaces/shop/configmaps', settings({}, { labels }));
    const found = await preview(await prepared(settings({ a: '1' })));
    expect(found).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('belongs to the application another'),
    });
    const job = (image: string, annotations: JsonObject = {}): JsonObject => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'migrate', annotations },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image }] } } },
    });
    await applied(job('a:1'));
    expect(await preview(await prepared(job('a:2')))).toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/field is immutable.*flotilla\.dev\/recreate/),
    });
    const anew = await prepared(job('a:2', { 'flotilla.dev/recreate': 'enabled' }));
    expect(await preview(anew)).toMatchObject({ kind: 'changed', message: expect.stringContaining('made anew') });
  });
});
