import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { JsonObject } from '#domain';
import { createLogger, RetryableError } from '#kit';
import type { Kube, KubeRequest, KubeResponse, KubeWatchEvent } from '#ports';
import { keptPod } from './kept-fields.js';
import { podSourceOf } from './pod-source.js';
import { PodWatch } from './pod-watch.js';

const REVISION = 'deployment.kubernetes.io/revision';
const owner = (uid: string) => [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', controller: true, uid }];

function deployment(revision: string): JsonObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop', uid: 'd1', annotations: { [REVISION]: revision } },
    spec: { selector: { matchLabels: { app: 'web' } } },
  };
}

function replicaSet(uid: string, revision: string): JsonObject {
  const template = { note: 'x'.repeat(1_000) };
  return { metadata: { uid, annotations: { [REVISION]: revision, ...template }, ownerReferences: owner('d1') } };
}

function pod(name: string, set: string): JsonObject {
  return { metadata: { name, ownerReferences: owner(set) }, status: { phase: 'Running' } };
}

const turns = async (count = 30): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** Serves one namespace's pods and ReplicaSets as a test wants them. */
class ListKube implements Kube {
  pods: JsonObject[] = [];
  sets: JsonObject[] = [];
  setsAsked = 0;
  isUp = true;
  private tell: (event: KubeWatchEvent) => void = () => undefined;

  request({ path }: KubeRequest): Promise<KubeResponse> {
    const isSets = path.endsWith('/replicasets');
    if (isSets) this.setsAsked += 1;
    if (isSets && !this.isUp) return Promise.reject(new RetryableError('kube-unreachable', 'gone'));
    const body = { metadata: { resourceVersion: '1' }, items: isSets ? this.sets : this.pods };
    return Promise.resolve({ status: 200, body });
  }

  async *watch({ signal }: Parameters<Kube['watch']>[0]): AsyncIterable<KubeWatchEvent> {
    while (!signal.aborted) {
      yield await new Promise<KubeWatchEvent>((resolve) => {
        this.tell = resolve;
        signal.addEventListener('abort', () => resolve({ type: 'BOOKMARK', object: {} }));
      });
    }
  }

  event(type: 'ADDED' | 'MODIFIED', object: JsonObject): void {
    this.tell({ type, object });
  }

  close(): void {
    // Nothing is open.
  }
}

describe('the pods of a deployment', () => {
  let watch: PodWatch | undefined;
  const onChange = jest.fn();
  const open = (kube: Kube, workload: JsonObject): PodWatch => {
    const source = podSourceOf(workload);
    if (source === null) throw new Error('no source');
    const clock = { now: () => 0, monotonic: () => 0 };
    const logger = createLogger({ level: 'silent' });
    return (watch = new PodWatch({ kube, source, clock, logger, idleMs: 1_000, random: () => 0, onChange }));
  };
  const update = (workload: JsonObject): void => {
    const source = podSourceOf(workload);
    if (source !== null) watch?.update(source);
  };
  const names = () => watch?.observed().map(({ pod: each }) => (each['metadata'] as JsonObject)['name']);

  afterEach(() => {
    watch?.close();
    onChange.mockClear();
  });

  it('are those of the set that bears its revision, and nobody asks for the sets again while all are known', async () => {
    const kube = new ListKube();
    kube.sets = [replicaSet('s1', '1'), replicaSet('s2', '2')];
    kube.pods = [pod('old', 's1'), pod('new', 's2'), pod('stray', 'gone'), { metadata: { name: 'nobodys' } }];
    open(kube, deployment('2'));
    await turns();
    expect(names()).toEqual(['new']);
    kube.event('MODIFIED', pod('new', 's2'));
    update(deployment('2'));
    await turns();
    expect(kube.setsAsked).toBe(1);
  });

  it('are asked for anew when one comes of a set that is not known', async () => {
    const kube = new ListKube();
    kube.sets = [replicaSet('s1', '1')];
    kube.pods = [pod('old', 's1')];
    open(kube, deployment('1'));
    await turns();
    kube.sets.push(replicaSet('s2', '2'));
    update(deployment('2'));
    kube.event('ADDED', pod('new', 's2'));
    await turns();
    expect(names()).toEqual(['new']);
    expect(kube.setsAsked).toBeLessThanOrEqual(3);
  });

  it('are found after a rollback, which gives a set that is known another revision', async () => {
    const kube = new ListKube();
    kube.sets = [replicaSet('s1', '1'), replicaSet('s2', '2')];
    kube.pods = [pod('first', 's1'), pod('second', 's2')];
    open(kube, deployment('2'));
    await turns();
    kube.sets = [replicaSet('s1', '3'), replicaSet('s2', '2')];
    update(deployment('3'));
    await turns();
    expect(names()).toEqual(['first']);
    expect(kube.setsAsked).toBe(2);
  });

  it('are not known while the sets cannot be read, which is tried again at the next event and no sooner', async () => {
    const kube = new ListKube();
    kube.sets = [replicaSet('s1', '1')];
    kube.pods = [pod('web', 's1')];
    kube.isUp = false;
    open(kube, deployment('1'));
    // Each request that gets no answer is made twice, 100 ms apart.
    await new Promise((resolve) => setTimeout(resolve, 350));
    expect(names()).toEqual([]);
    expect(kube.setsAsked).toBe(2);
    kube.isUp = true;
    kube.event('MODIFIED', pod('web', 's1'));
    await turns();
    expect(names()).toEqual(['web']);
  });
});

describe('where the pods of a Job are', () => {
  const job = (spec: JsonObject): JsonObject => ({
    kind: 'Job',
    metadata: { name: 'migrate', namespace: 'shop', uid: 'j1' },
    spec,
  });

  it('says the label that the API server gives them', () => {
    expect(podSourceOf(job({}))).toMatchObject({
      namespace: 'shop',
      selector: 'batch.kubernetes.io/controller-uid=j1',
    });
  });

  it('says its own selector where it selects them itself', () => {
    const spec = { manualSelector: true, selector: { matchLabels: { app: 'migrate' } } };
    expect(podSourceOf(job(spec))?.selector).toBe('app=migrate');
  });
});

describe('what is kept of a pod', () => {
  it('is what the health rules look at, and nothing of its environment', () => {
    const kept = keptPod({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'web-1',
        generation: 2,
        labels: { app: 'web', 'controller-revision-hash': 'h' },
        annotations: { note: 'long' },
        managedFields: [{}],
        ownerReferences: [...owner('s1'), { kind: 'Watcher', uid: 'w', name: 'w' }],
      },
      spec: {
        containers: [{ name: 'main', env: [{ name: 'A', value: 'b' }] }],
        initContainers: [
          { name: 'proxy', image: 'i', restartPolicy: 'Always', env: [] },
          { name: 'init', image: 'i' },
        ],
      },
      status: { phase: 'Running', hostIP: '10.0.0.1', ephemeralContainerStatuses: [{}], containerStatuses: [] },
    });
    expect(kept).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'web-1',
        generation: 2,
        labels: { 'controller-revision-hash': 'h' },
        ownerReferences: [{ controller: true, uid: 's1' }],
      },
      spec: { initContainers: [{ name: 'proxy', restartPolicy: 'Always' }, { name: 'init' }] },
      status: { phase: 'Running', containerStatuses: [] },
    });
  });
});
