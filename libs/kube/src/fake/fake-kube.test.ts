import { afterEach, describe, expect, it } from '@jest/globals';

import { FakeKube } from './fake-kube.js';
import { FakeCluster, type FakeClusterOptions } from './fake-cluster.js';
import { type JsonMap } from './json-tree.js';
import { ManualTime } from './time.js';

interface LiveDeployment {
  metadata: { generation: number };
  status: Record<string, unknown>;
}
interface LivePod {
  status: { containerStatuses: [{ restartCount: number; state: { waiting?: { reason: string } } }] };
}

const clusters: FakeCluster[] = [];

function open(options: FakeClusterOptions = {}): { cluster: FakeCluster; kube: FakeKube; time: ManualTime } {
  const time = new ManualTime();
  const cluster = new FakeCluster({ time, ...options });
  clusters.push(cluster);
  return { cluster, kube: new FakeKube(cluster), time };
}

afterEach(() => {
  for (const cluster of clusters.splice(0)) cluster.close();
});

function deployment(image: string, replicas = 3): JsonMap {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } },
    },
  };
}

async function apply(kube: FakeKube, object: JsonMap, path = '/apis/apps/v1/namespaces/default/deployments/web') {
  return kube.request({
    method: 'PATCH',
    path,
    query: { fieldManager: 'flotilla', force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body: object,
  });
}

async function read(kube: FakeKube, path = '/apis/apps/v1/namespaces/default/deployments/web') {
  return (await kube.request({ method: 'GET', path })).body as unknown as LiveDeployment;
}

describe('a simulated Deployment', () => {
  it('turns ready after a moment', async () => {
    const { kube, time } = open();
    expect((await apply(kube, deployment('web:1'))).status).toBe(201);
    time.advance(100);
    expect((await read(kube)).status).toMatchObject({
      observedGeneration: 1,
      replicas: 3,
      updatedReplicas: 3,
      unavailableReplicas: 3,
    });
    time.advance(300);
    const { status } = await read(kube);
    expect(status).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3 });
    expect(status.unavailableReplicas).toBeUndefined();
  });

  it('keeps its old Pods when the new image cannot be pulled', async () => {
    const { cluster, kube, time } = open();
    await apply(kube, deployment('web:1'));
    time.advance(1000);
    await apply(kube, deployment('web:bad'));
    time.advance(5000);
    const { status, metadata } = await read(kube);
    expect(metadata.generation).toBe(2);
    expect(status).toMatchObject({ observedGeneration: 2, availableReplicas: 3, updatedReplicas: 1, replicas: 4 });
    const reasons = cluster
      .objects('pods')
      .map((pod) => (pod as unknown as LivePod).status.containerStatuses[0].state.waiting?.reason);
    expect(reasons.filter((reason) => reason === 'ImagePullBackOff')).toHaveLength(1);
    await apply(kube, deployment('web:2'));
    time.advance(5000);
    expect((await read(kube)).status).toMatchObject({ availableReplicas: 3, updatedReplicas: 3, replicas: 3 });
  });

  it('crashes after its time, with restarts rising', async () => {
    const { cluster, kube, time } = open();
    await apply(kube, deployment('web:1-crash-after-30s', 1));
    time.advance(1000);
    expect((await read(kube)).status.availableReplicas).toBe(1);
    time.advance(35_000);
    const [pod] = cluster.objects('pods') as unknown as LivePod[];
    expect(pod?.status.containerStatuses[0]).toMatchObject({ restartCount: 3, ready: false });
    expect(pod?.status.containerStatuses[0].state.waiting?.reason).toBe('CrashLoopBackOff');
    time.advance(31_000);
    expect((cluster.objects('pods') as unknown as LivePod[])[0]?.status.containerStatuses[0].restartCount).toBe(4);
    expect((await read(kube)).status.availableReplicas).toBeUndefined();
  });

  it('moves nothing when applied again unchanged', async () => {
    const { cluster, kube, time } = open();
    await apply(kube, deployment('web:1'));
    time.advance(5000);
    const before = cluster.resourceVersion;
    const first = await read(kube);
    const again = await apply(kube, deployment('web:1'));
    expect(again.body).toEqual(first);
    time.advance(5000);
    expect(cluster.resourceVersion).toBe(before);
  });

  it('is ready in no time where the cluster says so, and takes all it owns with it', async () => {
    const { cluster, kube, time } = open({ readyMs: 0 });
    await apply(kube, deployment('web:1'));
    time.advance(0);
    expect((await read(kube)).status.availableReplicas).toBe(3);
    await kube.request({ method: 'DELETE', path: '/apis/apps/v1/namespaces/default/deployments/web' });
    time.advance(0);
    expect([...cluster.objects('pods'), ...cluster.objects('replicasets.apps')]).toEqual([]);
  });
});

describe('a simulated watch', () => {
  it('tells 410 for a version that is forgotten', async () => {
    const { cluster, kube } = open();
    const since = String(cluster.resourceVersion);
    const path = '/api/v1/namespaces/default/configmaps';
    await kube.request({ method: 'POST', path, body: { metadata: { name: 'a' } } });
    cluster.compact();
    for await (const event of kube.watch({
      path,
      query: { resourceVersion: since },
      signal: new AbortController().signal,
    })) {
      expect(event).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
    }
  });

  it('tells nothing while it is stalled, and breaks off when the server cannot be reached', async () => {
    const { cluster, kube, time } = open();
    const path = '/api/v1/namespaces/default/configmaps';
    const heal = cluster.setFault({ stallWatches: true });
    const seen: string[] = [];
    const watching = (async () => {
      for await (const event of kube.watch({ path, signal: new AbortController().signal, idleMs: 1000 }))
        seen.push(event.type);
    })();
    await kube.request({ method: 'POST', path, body: { metadata: { name: 'a' } } });
    await new Promise((resolve) => setImmediate(resolve));
    time.advance(1000);
    await watching;
    expect(seen).toEqual([]);
    heal();
    const cut = cluster.setFault({ unreachable: true });
    await expect(kube.request({ method: 'GET', path })).rejects.toMatchObject({ code: 'kube-unreachable' });
    cut();
    expect((await kube.request({ method: 'GET', path })).status).toBe(200);
  });

  it('sends bookmarks with the newest version', async () => {
    const { cluster, kube, time } = open({ bookmarkMs: 1000 });
    const path = '/api/v1/namespaces/default/configmaps';
    const query = { resourceVersion: String(cluster.resourceVersion), allowWatchBookmarks: 'true' };
    const events = kube.watch({ path, query, signal: new AbortController().signal })[Symbol.asyncIterator]();
    const next = events.next();
    await kube.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'other' } } });
    time.advance(1000);
    const version = String(cluster.resourceVersion);
    expect((await next).value).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'ConfigMap', metadata: { resourceVersion: version } },
    });
    await events.return?.();
  });
});

describe('a fault', () => {
  it('hits as many requests as it is told to, with the wait that it names', async () => {
    const { cluster, kube } = open();
    cluster.setFault({ status: 429, retryAfterSeconds: 2, times: 1, methods: ['PATCH'] });
    const path = '/api/v1/namespaces/default/configmaps/a';
    expect((await kube.request({ method: 'GET', path })).status).toBe(404);
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
    const refused = await apply(kube, body, path);
    expect(refused).toMatchObject({ status: 429, retryAfterSeconds: 2, body: { reason: 'TooManyRequests' } });
    expect((await apply(kube, body, path)).status).toBe(201);
  });

  it('may lose the answer of a write that was done', async () => {
    const { cluster, kube } = open();
    cluster.setFault({ loseAnswer: true, times: 1 });
    const path = '/api/v1/namespaces/default/configmaps/a';
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
    await expect(apply(kube, body, path)).rejects.toMatchObject({ code: 'kube-unreachable' });
    expect((await kube.request({ method: 'GET', path })).status).toBe(200);
  });
});

describe('a snapshot', () => {
  it('goes on where it was: what is not ready yet turns ready', async () => {
    const { cluster, kube } = open();
    await apply(kube, deployment('web:1'));
    cluster.settle();
    const snapshot = JSON.parse(JSON.stringify(cluster.snapshot())) as ReturnType<FakeCluster['snapshot']>;
    const later = open({ snapshot });
    expect(later.cluster.resourceVersion).toBe(cluster.resourceVersion);
    later.time.advance(1000);
    expect((await read(later.kube)).status).toMatchObject({ availableReplicas: 3, observedGeneration: 1 });
    const version = later.cluster.resourceVersion;
    await apply(later.kube, deployment('web:1'));
    expect(later.cluster.resourceVersion).toBe(version);
  });
});

describe('pods that tell what made them', () => {
  const labelsOf = (cluster: FakeCluster): (Record<string, string> | undefined)[] =>
    cluster.objects('pods').map((pod) => (pod['metadata'] as { labels?: Record<string, string> }).labels);

  it("bear the number of their DaemonSet's template, which another strategy does not raise", async () => {
    const { cluster, kube, time } = open();
    const path = '/apis/apps/v1/namespaces/default/daemonsets/web';
    const daemonSet = (image: string, maxUnavailable: number): JsonMap => ({
      ...deployment(image),
      kind: 'DaemonSet',
      spec: {
        selector: { matchLabels: { app: 'web' } },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } },
      },
    });
    const numbers = () => new Set(labelsOf(cluster).map((labels) => labels?.['pod-template-generation']));
    await apply(kube, daemonSet('web:1', 1), path);
    time.advance(5_000);
    await apply(kube, daemonSet('web:1', 2), path);
    time.advance(5_000);
    expect((await read(kube, path)).metadata.generation).toBe(2);
    const [pod] = cluster.objects('pods') as unknown as { metadata: { name: string } }[];
    await kube.request({ method: 'DELETE', path: `/api/v1/namespaces/default/pods/${pod?.metadata.name}` });
    time.advance(5_000);
    expect(numbers()).toEqual(new Set(['1']));
    await apply(kube, daemonSet('web:2', 2), path);
    time.advance(60_000);
    expect(numbers()).toEqual(new Set(['2']));
  });

  it('bear the uid of their Job', async () => {
    const { cluster, kube, time } = open();
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'job:slow-9s' }] } };
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'migrate', namespace: 'default' } };
    const path = '/apis/batch/v1/namespaces/default/jobs/migrate';
    const { body } = await apply(kube, { ...job, spec: { template } }, path);
    time.advance(100);
    const { uid } = body['metadata'] as { uid: string };
    const prefixes = ['batch.kubernetes.io/', ''];
    const wanted = Object.fromEntries(
      prefixes.flatMap((prefix) => [
        [`${prefix}controller-uid`, uid],
        [`${prefix}job-name`, 'migrate'],
      ]),
    );
    expect(labelsOf(cluster)).toEqual([wanted]);
  });
});
