import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { diffAnswerSchema, MAX_ANSWER_BYTES } from '#contract';
import type { JsonObject } from '#domain';
import { Discovery, prepareObjects } from '#kube';
import { type FakeCluster, openFakeCluster } from '#kube/fake';
import type { Kube, KubeRequest } from '#ports';
import { TrackedObject } from '../apply/tracked-object.js';
import { answerDiff } from './answer-diff.js';
import type { AnswerInput, Inspected } from './inspected.js';
import { inspectedOf } from './inspected.suite.js';

describe('a diff', () => {
  let cluster: FakeCluster;
  let kube: Kube;
  let requests: KubeRequest[];

  beforeEach(async () => {
    const opened = openFakeCluster();
    ({ cluster } = opened);
    requests = [];
    kube = {
      request: (request) => {
        requests.push(request);
        return opened.kube.request(request);
      },
      watch: (request) => opened.kube.watch(request),
      close: () => opened.kube.close(),
    };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };
    await kube.request({ method: 'POST', path: '/api/v1/namespaces', body: namespace });
  });

  afterEach(() => {
    kube.close();
    cluster.close();
  });

  const configMap = (name: string, data: JsonObject): JsonObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data,
  });
  const put = async (body: JsonObject, plural = 'configmaps'): Promise<void> => {
    const { name } = body['metadata'] as { name: string };
    const labelled = { ...body, metadata: { name, labels: { 'flotilla.dev/application': 'shop' } } };
    const path = `/api/v1/namespaces/shop/${plural}/${name}`;
    const query = { fieldManager: 'flotilla', force: 'true' };
    const answer = await kube.request({
      method: 'PATCH',
      path,
      query,
      body: labelled,
      contentType: 'application/apply-patch+yaml',
    });
    if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
  };
  const ask = async (
    objects: readonly JsonObject[],
    changes: Partial<Inspected> = {},
    more: Partial<AnswerInput> = {},
  ) => {
    requests = [];
    const answer = await answerDiff({
      inspected: inspectedOf(objects, changes),
      kube,
      discovery: new Discovery(kube),
      namespace: 'flotilla-system',
      reach: null,
      mark: (value) => `(hidden ${value.length})`,
      usedMs: () => 0,
      signal: new AbortController().signal,
      ...more,
    });
    expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThan(MAX_ANSWER_BYTES);
    return diffAnswerSchema.parse(answer);
  };

  it('names in what a large object differs, in place of its bodies', async () => {
    const large = 'x'.repeat(300 * 1024);
    await put(configMap('large', { large, small: '1' }));
    const { objects } = await ask([configMap('large', { large, small: '2' })]);
    expect(objects).toEqual([
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        namespace: 'shop',
        name: 'large',
        change: 'changed',
        message: 'too large to be shown; it differs in data.small',
      },
    ]);
    const added = await ask([configMap('new', { large })]);
    expect(added.objects[0]).toMatchObject({ change: 'added', message: 'too large to be shown' });
  });

  it('has as many bodies as fit into an answer, and says of how many it has none', async () => {
    const middling = 'x'.repeat(200 * 1024);
    const objects = Array.from({ length: 40 }, (_, at) => configMap(`c${at}`, { middling }));
    const answer = await ask(objects);
    expect(answer.objects).toHaveLength(40);
    const shown = answer.objects.filter(({ desired }) => desired !== undefined).length;
    expect(shown).toBeGreaterThan(20);
    expect(answer.truncated).toBe(`${40 - shown} objects are shown without what differs: there was too much of it`);
  });

  it('looks first at what is not known to be as Git has it, and takes the rest for so when its time is over', async () => {
    const objects = Array.from({ length: 30 }, (_, at) => configMap(`c${at}`, { a: '1' }));
    for (const object of objects) await put(object);
    const discovery = new Discovery(kube);
    const { items } = await prepareObjects(objects, { application: 'shop', namespace: 'shop', discovery });
    const tracked = new Map<string, TrackedObject>();
    for (const item of items.slice(5)) {
      const object = new TrackedObject(item.ref, item.digest);
      const live = await kube.request({ method: 'GET', path: `/api/v1/namespaces/shop/configmaps/${item.ref.name}` });
      object.verify(live.body, item, 0, {});
      tracked.set(item.key, object);
    }
    await put(configMap('c0', { a: 'other' }));
    const dryRuns = (): number => requests.filter(({ query }) => query?.['dryRun'] === 'All').length;
    const whole = await ask(objects, { tracked });
    expect(whole).toMatchObject({ same: 29, objects: [{ name: 'c0', change: 'changed' }] });
    expect(whole.truncated).toBeUndefined();
    expect(dryRuns()).toBe(30);
    // Time for what is unknown alone.
    const hurried = await ask(objects, { tracked }, { usedMs: () => (dryRuns() >= 5 ? 4_000 : 0) });
    expect(hurried).toMatchObject({ same: 29, objects: [{ name: 'c0' }] });
    expect(hurried.truncated).toMatch(/^2\d objects count as the same because nobody touched them/);
    const late = await ask(objects, { tracked }, { usedMs: () => 7_000 });
    expect(late).toMatchObject({ same: 25, objects: [] });
    expect(late.truncated).toMatch(/^5 objects were not compared/);
    expect(dryRuns()).toBe(0);
  });

  it('hides in all others what a Secret holds in the cluster alone', async () => {
    const secret = (value: string): JsonObject => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'z-last' },
      data: { a: Buffer.from(value).toString('base64') },
    });
    await put(secret('only-in-the-cluster'), 'secrets');
    await put(configMap('echo', { text: 'it is only-in-the-cluster' }));
    const answer = await ask([configMap('echo', { text: 'it is only-in-git' }), secret('only-in-git')]);
    expect(answer.objects.map(({ live, desired }) => [live?.['data'], desired?.['data']])).toEqual([
      [{ text: 'it is (hidden 19)' }, { text: 'it is (hidden 11)' }],
      [{ a: '(hidden 19)' }, { a: '(hidden 11)' }],
    ]);
  });

  it('tells what can not even be prepared, and all of a withdrawn application as to be removed', async () => {
    await put(configMap('a', { a: '1' }));
    await put(configMap('kept', { a: '1' }));
    const unknown = { apiVersion: 'example.com/v1', kind: 'Nothing', metadata: { name: 'x' } };
    expect((await ask([unknown])).objects).toMatchObject([
      { change: 'error', message: expect.stringContaining('no kind Nothing') },
    ]);
    const path = '/api/v1/namespaces/shop/configmaps/kept';
    const body = { metadata: { annotations: { 'flotilla.dev/prune': 'disabled' } } };
    await kube.request({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
    const inventory = ['a', 'kept', 'gone'].map((name) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace: 'shop',
      name,
    }));
    const withdrawn = await ask([], { inventory });
    expect(withdrawn.objects).toMatchObject([{ name: 'a', change: 'removed', live: { data: { a: '1' } } }]);
    await expect(ask([], { held: null })).rejects.toThrow('holds no release of shop yet');
  });

  it('tells of what is to be removed that its kind can not be found out, and goes on with the rest', async () => {
    await put(configMap('a', { a: '1' }));
    cluster.setFault({ path: '^/apis/example.com/v1$', status: 503, message: 'the server behind it is away' });
    const inventory = [
      { apiVersion: 'example.com/v1', kind: 'Widget', namespace: 'shop', name: 'w' },
      { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'a' },
    ];
    expect((await ask([], { inventory })).objects).toMatchObject([
      { kind: 'ConfigMap', change: 'removed' },
      { kind: 'Widget', change: 'error', message: expect.stringContaining('the server behind it is away') },
    ]);
  });

  it('ends with the error of an API server that does not answer', async () => {
    await put(configMap('a', { a: '1' }));
    const objects = Array.from({ length: 20 }, (_, at) => configMap(`c${at}`, {}));
    const discovery = new Discovery(kube);
    await discovery.find('v1', 'ConfigMap');
    cluster.setFault({ unreachable: true });
    await expect(ask(objects, {}, { discovery })).rejects.toMatchObject({ code: 'kube-unreachable' });
    expect(requests.length).toBeLessThan(10);
  });
});
