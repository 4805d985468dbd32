import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import type { Kube } from '#ports';
import { Rig, type SuiteCluster } from '../agent/rig.js';
import { configMap, deployment, job } from '../agent/samples.js';
import { sharedControlPlane } from './control-plane/shared-control-plane.js';
import { openReal } from './open-real.js';

const METRICS = 'metrics.k8s.io';

/** As metrics-server is for the API server: every pod needs as much memory as it is told. */
class PodMetrics {
  memory = '50Mi';

  private constructor(
    private readonly server: Server,
    private readonly kube: Kube,
    private readonly namespace: string,
  ) {}

  static async start(kube: Kube, namespace: string): Promise<PodMetrics> {
    // The API server's own certificate does: who asks is told not to look at it.
    const folder = dirname(sharedControlPlane().caFile);
    const [cert, key] = ['apiserver.crt', 'apiserver.key'].map((file) => readFileSync(join(folder, file)));
    const server = createServer({ cert, key });
    const metrics = new PodMetrics(server, kube, namespace);
    server.on('request', (request, response) => {
      metrics.answer(request.url ?? '').then(
        (body) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
        () => response.writeHead(500).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await metrics.register();
    return metrics;
  }

  async close(): Promise<void> {
    // An API that does not answer would hold up the deletion of every namespace.
    const path = `/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.${METRICS}`;
    await this.kube.request({ method: 'DELETE', path });
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private async register(): Promise<void> {
    const { port } = this.server.address() as AddressInfo;
    const service = { name: 'pod-metrics', namespace: this.namespace };
    await this.must('POST', `/api/v1/namespaces/${this.namespace}/services`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: service,
      spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] },
    });
    await this.must('POST', '/apis/apiregistration.k8s.io/v1/apiservices', {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: `v1beta1.${METRICS}` },
      spec: {
        group: METRICS,
        version: 'v1beta1',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { ...service, port },
      },
    });
  }

  private async answer(url: string): Promise<JsonObject> {
    const { pathname, searchParams } = new URL(url, 'https://localhost');
    const namespace = /\/namespaces\/([^/]+)\/pods$/.exec(pathname)?.[1];
    if (namespace === undefined) return DISCOVERY;
    const query = { labelSelector: searchParams.get('labelSelector') ?? '' };
    const pods = await this.kube.request({ method: 'GET', path: `/api/v1/namespaces/${namespace}/pods`, query });
    const items = (pods.body['items'] as readonly JsonObject[]).map(({ metadata }) => ({
      metadata: { name: (metadata as JsonObject)['name'] ?? '', namespace },
      timestamp: new Date().toISOString(),
      window: '1s',
      containers: [{ name: 'main', usage: { cpu: '10m', memory: this.memory } }],
    }));
    return { kind: 'PodMetricsList', apiVersion: `${METRICS}/v1beta1`, metadata: {}, items };
  }

  private async must(method: 'POST', path: string, body: JsonObject): Promise<void> {
    const answer = await this.kube.request({ method, path, body });
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}

const DISCOVERY: JsonObject = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${METRICS}/v1beta1`,
  resources: [{ name: 'pods', singularName: '', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] }],
};

const autoscaler = (name: string, target: string): JsonObject => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target },
    minReplicas: 1,
    maxReplicas: 3,
    metrics: [
      { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '100Mi' } } },
    ],
    behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
  },
});

describe('what the real controllers of Kubernetes do', () => {
  let cluster: SuiteCluster;
  let metrics: PodMetrics;

  beforeAll(async () => {
    cluster = await openReal();
    metrics = await PodMetrics.start(cluster.kube, cluster.agentNamespace);
  }, 60_000);

  afterAll(async () => {
    await metrics?.close();
    await cluster?.close();
  }, 60_000);

  /** On the namespaces where the metrics are, with an agent and a hub of its own. */
  const withRig = async (work: (rig: Rig) => Promise<void>): Promise<void> => {
    const own = await openReal();
    const rig = await Rig.open({ ...own, application: `shop-${randomBytes(3).toString('hex')}` });
    try {
      await work(rig);
    } catch (error) {
      process.stderr.write(`${rig.log.slice(-20).join('')}\n${JSON.stringify(rig.hub.reports.slice(-3), null, 1)}\n`);
      throw error;
    } finally {
      await rig.close();
    }
  };
  const replicasOf = (live: JsonObject | null) => (live?.['spec'] as JsonObject | undefined)?.['replicas'];

  it(
    'is no drift where an autoscaler scales a Deployment, in whatever way everything is looked at again',
    () =>
      withRig(async (rig) => {
        const path = `/apis/apps/v1/namespaces/${rig.cluster.namespace}/deployments/web`;
        const objects = (image?: string) => [deployment('web', image, 1), autoscaler('web', 'web')];
        metrics.memory = '50Mi';
        await rig.start({ timing: { verifyMs: 1_000 } });
        await rig.healthy(await rig.assign(objects()), 90_000);
        metrics.memory = '400Mi';
        await rig.live(path, (live) => replicasOf(live) === 3, 60_000);
        // Longer than two verifications of everything take.
        await new Promise((resolve) => setTimeout(resolve, 3_000));
        expect(replicasOf(await rig.get(path))).toBe(3);
        // A new release, and a restart of the agent.
        await rig.healthy(await rig.assign(objects('registry.example/web:2.0')), 90_000);
        expect(replicasOf(await rig.get(path))).toBe(3);
        await rig.stop();
        await rig.start();
        await rig.hub.until(rig.application, (each) => each.boot === 2 && each.phase === 'healthy', 60_000);
        expect(replicasOf(await rig.get(path))).toBe(3);
        // And down again, with no hand of the agent's in it.
        metrics.memory = '10Mi';
        await rig.live(path, (live) => replicasOf(live) === 1, 60_000);
        await rig.hub.until(rig.application, (each) => each.phase === 'healthy', 60_000);
        const drift = rig.hub.reports.map((each) => each.drift).filter((each) => each !== undefined);
        expect(drift).toEqual([]);
        const scaling = rig.kube
          .writes(rig.cluster.agentNamespace)
          .filter(({ path: at, body }) => at === path && replicasOf(body ?? null) !== undefined);
        // The first apply alone said how many.
        expect(scaling).toHaveLength(1);
      }),
    240_000,
  );

  it(
    'is no drift where a finished Job is removed by its TTL, and the Job is not run again, after a restart neither',
    () =>
      withRig(async (rig) => {
        const path = `/apis/batch/v1/namespaces/${rig.cluster.namespace}/jobs/migrate`;
        const base = job('migrate');
        const short = { ...base, spec: { ...(base['spec'] as JsonObject), ttlSecondsAfterFinished: 2 } };
        await rig.start({ timing: { verifyMs: 1_000 } });
        await rig.healthy(await rig.assign([configMap('settings'), short]), 60_000);
        const first = ((await rig.get(path))?.['metadata'] as JsonObject | undefined)?.['uid'];
        await rig.live(path, (live) => live === null, 60_000);
        await new Promise((resolve) => setTimeout(resolve, 3_000));
        expect(await rig.get(path)).toBeNull();
        expect(rig.hub.latest(rig.application)?.phase).toBe('healthy');
        await rig.stop();
        await rig.start({ timing: { verifyMs: 1_000 } });
        await rig.hub.until(rig.application, (each) => each.boot === 2 && each.phase === 'healthy', 60_000);
        await new Promise((resolve) => setTimeout(resolve, 2_500));
        expect(await rig.get(path)).toBeNull();
        expect(rig.hub.reports.filter((each) => each.drift !== undefined)).toEqual([]);
        // Another Job of that name is another piece of work.
        const other = { ...short, spec: { ...short.spec, template: imageOf('registry.example/job:2') } };
        await rig.healthy(await rig.assign([configMap('settings'), other]), 60_000);
        const jobs = rig.kube
          .writes(rig.cluster.agentNamespace)
          .filter(({ path: at, method }) => at === path && method === 'PATCH');
        expect(jobs).toHaveLength(2);
        expect(first).toBeDefined();
      }),
    180_000,
  );
});

function imageOf(image: string): JsonObject {
  return { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image }] } };
}
