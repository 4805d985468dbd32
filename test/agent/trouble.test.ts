import { afterEach, describe, expect, it } from '@jest/globals';
import { RetryableError } from '#kit';
import { openFakeCluster } from '#kube/fake';
import type { Kube, KubeRequest } from '#ports';
import { Rig } from './rig.js';
import { configMap, deployment, secret, service } from './samples.js';

const opened: Rig[] = [];

async function open() {
  const { cluster, kube } = openFakeCluster({ readyMs: 0 });
  for (const name of ['flotilla-system', 'shop']) {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await kube.request({ method: 'POST', path: '/api/v1/namespaces', body });
  }
  const rig = await Rig.open({
    kube,
    namespace: 'shop',
    agentNamespace: 'flotilla-system',
    application: 'shop',
    close: async () => {
      kube.close();
      cluster.close();
    },
  });
  opened.push(rig);
  return { rig, cluster, kube };
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((rig) => rig.close()));
});

const before = [
  configMap('a', { v: '1' }),
  configMap('old'),
  secret('older', { s: 't' }),
  service('web'),
  deployment('web'),
];
const after = [
  configMap('a', { v: '2' }),
  configMap('new'),
  service('web'),
  deployment('web', 'registry.example/web:2'),
];

/** Names of what bears our label, by kind. */
function held(cluster: { objects(): Record<string, unknown>[] }): string[] {
  return cluster
    .objects()
    .filter((object) => JSON.stringify(object['metadata']).includes('"flotilla.dev/application":"shop"'))
    .map((object) => `${String(object['kind'])}/${(object['metadata'] as { name: string }).name}`)
    .sort();
}

/** Dies at its nth write, before or after the API server did it, and answers nothing from then on. */
class DyingKube implements Kube {
  writes = 0;
  dead = false;

  constructor(
    private readonly inner: Kube,
    private readonly at: number,
    private readonly when: 'before' | 'after',
  ) {}

  async request(request: KubeRequest) {
    if (this.dead) throw this.gone();
    const isWrite = request.method !== 'GET' && request.query?.['dryRun'] === undefined;
    if (isWrite) this.writes += 1;
    const dies = isWrite && this.writes === this.at;
    if (dies && this.when === 'before') {
      this.dead = true;
      throw this.gone();
    }
    const answer = await this.inner.request(request);
    if (dies) {
      this.dead = true;
      throw this.gone();
    }
    return answer;
  }

  watch(request: Parameters<Kube['watch']>[0]) {
    return this.inner.watch(request);
  }

  close(): void {
    // The inner one goes on serving.
  }

  private gone(): RetryableError {
    return new RetryableError('kube-unreachable', 'killed');
  }
}

describe('an agent that is killed', () => {
  it('at any write of an apply with prune leaves nothing behind that its successor does not put right', async () => {
    let crashes = 0;
    for (const when of ['before', 'after'] as const) {
      for (let at = 1; ; at += 1) {
        const { rig, cluster } = await open();
        await rig.create('/api/v1/namespaces/shop/configmaps', configMap('somebody-elses'), 'kubectl-create');
        await rig.start();
        await rig.healthy(await rig.assign(before));
        await rig.stop();
        const dying = new DyingKube(rig.cluster.kube, at, when);
        const assigned = await rig.assign(after);
        const start = rig.start({
          kube: dying,
          timing: { retryMs: 20, retryMaxMs: 50 },
          signal: AbortSignal.timeout(400),
        });
        const isUp = await start.then(
          () => true,
          () => false,
        );
        if (isUp) {
          const isDone = (): boolean =>
            rig.hub.latest('shop')?.generation === assigned.generation && rig.hub.latest('shop')?.phase === 'healthy';
          const deadline = performance.now() + 3_000;
          while (!dying.dead && !isDone() && performance.now() < deadline)
            await new Promise((resolve) => setTimeout(resolve, 2));
          // What follows a healthy report is a write too.
          if (!dying.dead) await new Promise((resolve) => setTimeout(resolve, 30));
        }
        await rig.stop();
        if (!dying.dead) break;
        crashes += 1;
        await rig.start();
        await rig.hub.until('shop', (each) => each.generation === assigned.generation && each.phase === 'healthy');
        expect(held(cluster)).toEqual(['ConfigMap/a', 'ConfigMap/new', 'Deployment/web', 'Service/web']);
        expect(cluster.objects('configmaps').map((each) => (each['metadata'] as { name: string }).name)).toContain(
          'somebody-elses',
        );
        await rig.close();
        opened.splice(opened.indexOf(rig), 1);
      }
    }
    expect(crashes).toBeGreaterThanOrEqual(16);
  }, 60_000);
});

describe('an API server in trouble', () => {
  it('that is busy is waited for, and nothing is called failed', async () => {
    const { rig, cluster } = await open();
    await rig.start();
    await rig.healthy(await rig.assign(before));
    cluster.setFault({ methods: ['PATCH'], path: '/configmaps/', status: 429, retryAfterSeconds: 0, times: 2 });
    cluster.setFault({
      methods: ['PATCH'],
      path: '/deployments/',
      status: 500,
      message: 'etcdserver: leader changed',
      times: 3,
    });
    const first = rig.hub.reports.length;
    await rig.healthy(await rig.assign(after));
    expect(rig.hub.reports.slice(first).map((report) => report.phase)).not.toContain('failed');
  });

  it('that is gone for a while changes no verdict, and is worked with again when it returns', async () => {
    const { rig, cluster } = await open();
    await rig.start();
    await rig.healthy(await rig.assign(before));
    const back = cluster.setFault({ unreachable: true });
    const assigned = await rig.assign(after);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(rig.hub.latest('shop')).toMatchObject({ generation: assigned.generation, phase: 'progressing' });
    back();
    await rig.healthy(assigned);
    expect(held(cluster)).toContain('ConfigMap/new');
  });

  it('that has forgotten the past is asked for everything anew, and what was missed is put back', async () => {
    const { rig, cluster } = await open();
    await rig.start();
    await rig.healthy(await rig.assign(before));
    const back = cluster.setFault({ unreachable: true });
    await new Promise((resolve) => setTimeout(resolve, 50));
    back();
    // The watches are broken, and wait a moment before they are opened again.
    await rig.edit('/api/v1/namespaces/shop/configmaps/a', { data: { v: 'by hand' } });
    await rig.remove('/api/v1/namespaces/shop/services/web');
    cluster.compact();
    await rig.live('/api/v1/namespaces/shop/configmaps/a', (live) => JSON.stringify(live?.['data']) === '{"v":"1"}');
    await rig.live('/api/v1/namespaces/shop/services/web', (live) => live !== null);
  });

  it('whose watches stall without a word is found out by the silence', async () => {
    const { rig, cluster } = await open();
    await rig.start({ timing: { watchIdleMs: 300 } });
    await rig.healthy(await rig.assign(before));
    const back = cluster.setFault({ stallWatches: true });
    await rig.edit('/api/v1/namespaces/shop/configmaps/a', { data: { v: 'by hand' } });
    await new Promise((resolve) => setTimeout(resolve, 100));
    back();
    await rig.live('/api/v1/namespaces/shop/configmaps/a', (live) => JSON.stringify(live?.['data']) === '{"v":"1"}');
  });

  it('does not set the agent and a controller that wants its own way off without end', async () => {
    const { rig, cluster } = await open();
    await rig.start();
    await rig.healthy(await rig.assign([configMap('a', { v: '1' })]));
    const path = '/api/v1/namespaces/shop/configmaps/a';
    let edits = 0;
    let isOn = true;
    const stop = cluster.onWrite(() => {
      if (!isOn) return;
      setImmediate(() => {
        const data = cluster
          .objects('configmaps')
          .find((each) => (each['metadata'] as { name: string }).name === 'a')?.['data'];
        if (JSON.stringify(data) !== '{"v":"1"}' || !isOn) return;
        edits += 1;
        rig.edit(path, { data: { v: `mine ${edits}` } }, 'stubborn-controller').catch(() => undefined);
      });
    });
    await rig.edit(path, { data: { v: 'mine' } }, 'stubborn-controller');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    isOn = false;
    stop();
    expect(edits).toBeGreaterThan(2);
    expect(edits).toBeLessThan(12);
  });

  it('whose prune is denied keeps the object in the inventory, says so, and deletes it later', async () => {
    const { rig, cluster } = await open();
    await rig.start();
    await rig.healthy(await rig.assign(before));
    const back = cluster.setFault({
      methods: ['DELETE'],
      path: '/configmaps/old',
      status: 403,
      message: 'a webhook says no',
      reason: 'Forbidden',
    });
    const assigned = await rig.assign(after);
    const report = await rig.hub.until(
      'shop',
      (each) => each.generation === assigned.generation && each.phase === 'failed',
    );
    expect(report).toMatchObject({ findings: [{ name: 'old', message: 'a webhook says no' }], objects: 5 });
    back();
    await rig.healthy(assigned);
    expect(held(cluster)).not.toContain('ConfigMap/old');
  });
});
