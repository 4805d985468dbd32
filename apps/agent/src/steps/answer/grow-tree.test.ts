import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { treeAnswerSchema } from '#contract';
import type { JsonObject } from '#domain';
import { type ApplyItem, Discovery, refKey, refOf } from '#kube';
import { type FakeCluster, openFakeCluster } from '#kube/fake';
import type { Kube } from '#ports';
import { TrackedObject } from '../apply/tracked-object.js';
import { answerEvents } from './answer-events.js';
import { answerTree } from './answer-tree.js';
import type { AnswerInput, Inspected } from './inspected.js';
import { inspectedOf } from './inspected.suite.js';

const SECRET = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, stringData: { a: 'open-sesame' } };

describe('a tree', () => {
  let cluster: FakeCluster;
  let kube: Kube;

  beforeEach(async () => {
    ({ cluster, kube } = openFakeCluster());
    cluster.pauseControllers(true);
    await create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  });

  afterEach(() => {
    kube.close();
    cluster.close();
  });

  const create = async (path: string, body: JsonObject): Promise<JsonObject> => {
    const answer = await kube.request({ method: 'POST', path, body });
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  };
  const owned = (kind: string, name: string, owner: JsonObject, more: JsonObject = {}): JsonObject => {
    const { uid, name: ownerName } = owner['metadata'] as JsonObject;
    const reference = { apiVersion: 'v1', kind: 'Any', name: ownerName ?? '', uid: uid ?? '', controller: true };
    return {
      apiVersion: kind === 'ReplicaSet' ? 'apps/v1' : 'v1',
      kind,
      metadata: { name, ownerReferences: [reference] },
      ...more,
    };
  };
  const pod = { spec: { containers: [{ name: 'main', image: 'registry.example/web:1' }] } };
  const set = (replicas: number): JsonObject => ({
    spec: {
      replicas,
      selector: { matchLabels: { app: 'a' } },
      template: { metadata: { labels: { app: 'a' } }, spec: pod.spec },
    },
  });
  const pods = '/api/v1/namespaces/shop/pods';
  const sets = '/apis/apps/v1/namespaces/shop/replicasets';

  /** Makes an object and lets it be known as an apply would. */
  const track = (tracked: Map<string, TrackedObject>, live: JsonObject): void => {
    const ref = refOf(live);
    const object = new TrackedObject(ref, 'digest');
    object.verify(live, { digest: 'digest' } as ApplyItem, 0, {});
    tracked.set(refKey(ref), object);
  };
  const input = (changes: Partial<Inspected>, more: Partial<AnswerInput> = {}): AnswerInput => ({
    inspected: inspectedOf([SECRET], changes),
    kube,
    discovery: new Discovery(kube),
    namespace: 'flotilla-system',
    reach: null,
    mark: () => '(hidden)',
    usedMs: () => 0,
    signal: new AbortController().signal,
    ...more,
  });
  const deployed = async (): Promise<JsonObject> => {
    const labels = { 'flotilla.dev/application': 'shop' };
    const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', labels }, ...set(1) };
    return await create('/apis/apps/v1/namespaces/shop/deployments', body);
  };

  it('leaves out revisions without pods, and shows those that still have one', async () => {
    const web = await deployed();
    const tracked = new Map<string, TrackedObject>();
    track(tracked, web);
    const [old, older] = [
      await create(sets, owned('ReplicaSet', 'old', web, set(0))),
      owned('ReplicaSet', 'older', web, set(0)),
    ];
    await create(sets, older);
    await create(pods, owned('Pod', 'last-of-old', old, pod));
    await create(pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'nobodys' }, ...pod });
    const answer = treeAnswerSchema.parse(await answerTree(input({ tracked })));
    expect(answer.truncated).toBeUndefined();
    expect(answer.objects).toMatchObject([
      { name: 'web', sync: 'synced', children: [{ name: 'old', children: [{ name: 'last-of-old' }] }] },
    ]);
    expect(answer.objects[0]?.children).toHaveLength(1);
  });

  it('shows of a custom resource what it owns itself, and hides what its conditions say of Secrets', async () => {
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { kind: 'Widget', plural: 'widgets' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    };
    await create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition);
    cluster.pauseControllers(false);
    cluster.settle();
    const widget = await create('/apis/example.com/v1/namespaces/shop/widgets', {
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'a' },
      status: { conditions: [{ type: 'Ready', status: 'False', reason: 'No', message: 'not with open-sesame' }] },
    });
    await create(pods, owned('Pod', 'of-widget', widget, pod));
    const tracked = new Map<string, TrackedObject>();
    track(tracked, widget);
    const { objects } = await answerTree(input({ tracked }));
    expect(objects).toMatchObject([{ name: 'a', reason: 'No', message: 'not with (hidden)' }]);
    expect(objects[0]?.children).toMatchObject([{ name: 'of-widget' }]);
  });

  it('has at most so many objects, and says how many it has not', async () => {
    const inventory = Array.from({ length: 10_050 }, (_, at) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace: 'shop',
      name: `c${at}`,
    }));
    const answer = treeAnswerSchema.parse(await answerTree(input({ inventory })));
    expect(answer.objects).toHaveLength(10_000);
    expect(answer.truncated).toMatch(/^50 objects did not fit into the answer/);
  });

  it('looks at what is no longer in Git, which nobody watches, but not at all of a great deal', async () => {
    const left = await create('/api/v1/namespaces/shop/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'c0' },
    });
    const inventory = Array.from({ length: 201 }, (_, at) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace: 'shop',
      name: `c${at}`,
    }));
    const tracked = new Map<string, TrackedObject>();
    track(tracked, await deployed());
    const answer = treeAnswerSchema.parse(await answerTree(input({ tracked, inventory })));
    expect(answer.truncated).toContain('only 200 of 201');
    const nodes = new Map(answer.objects.map((node) => [node.name, node]));
    const { creationTimestamp } = left['metadata'] as JsonObject;
    expect(nodes.get('c0')).toMatchObject({ sync: 'surplus', health: 'healthy', createdAt: creationTimestamp });
    expect(nodes.get('c1')).toMatchObject({ sync: 'surplus', health: 'missing' });
  });

  it('asks no more of an API server that does not answer, and lists each kind once for many objects', async () => {
    const tracked = new Map<string, TrackedObject>();
    track(tracked, await deployed());
    let asked = 0;
    const counting = {
      request: (request: Parameters<Kube['request']>[0]) => {
        asked += 1;
        return kube.request(request);
      },
    } as Kube;
    await answerTree(input({ tracked }, { kube: counting }));
    expect(asked).toBe(2);
    const undo = cluster.setFault({ unreachable: true });
    asked = 0;
    const answer = await answerTree(input({ tracked }, { kube: counting }));
    undo();
    // One list, tried twice.
    expect(asked).toBe(2);
    expect(answer.truncated).toContain('replicasets in shop could not be read');
    expect(answer.objects).toHaveLength(1);
  });

  it('comes with the newest thousand events, the oldest of them first, each once', async () => {
    const tracked = new Map<string, TrackedObject>();
    track(tracked, await deployed());
    for (let at = 0; at < 1_100; at += 1) {
      const time = new Date(Date.UTC(2026, 0, 1) + at * 1000).toISOString();
      await create('/api/v1/namespaces/shop/events', {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `e${at}` },
        involvedObject: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' },
        reason: `R${at}`,
        message: 'x'.repeat(2_000),
        eventTime: time,
        reportingComponent: 'suite',
        series: { count: 2, lastObservedTime: time },
      });
    }
    const answer = await answerEvents(input({ tracked }));
    expect(answer.events).toHaveLength(1_000);
    expect(answer.truncated).toBe('100 older events were left out');
    expect(answer.events[0]).toMatchObject({ reason: 'R100', count: 2, source: 'suite' });
    expect(answer.events.at(-1)?.reason).toBe('R1099');
    expect(answer.events[0]?.message).toHaveLength(1024);
  });
});
