import { afterEach, describe, expect, it } from '@jest/globals';
import { openSimulated } from './open-simulated.js';
import { Rig } from './rig.js';
import { configMap, deployment } from './samples.js';

const opened: Rig[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((rig) => rig.close()));
});

async function open(): Promise<Rig> {
  const rig = await Rig.open(await openSimulated());
  opened.push(rig);
  for (const name of ['pay', 'foreign']) {
    await rig.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  return rig;
}

const inside = (namespace: string, name: string) => ({
  ...configMap(name, { v: '1' }),
  metadata: { name, namespace },
});
/** What is asked of all namespaces at once: a list of a kind that has them. */
const isClusterWide = (path: string): boolean => /^(\/api\/v1|\/apis\/[^/]+\/[^/]+)\/[^/]+$/.test(path);

describe('an agent that is kept to namespaces', () => {
  it('lists and watches by namespace, only where applications are, and nothing of the cluster', async () => {
    const rig = await open();
    await rig.start({ namespaces: ['pay', 'shop', 'unused'] });
    await rig.healthy(await rig.assign([configMap('a'), deployment('web'), inside('pay', 'b')]));
    await rig.edit('/api/v1/namespaces/pay/configmaps/b', { data: { v: '2' } });
    await rig.remove('/api/v1/namespaces/shop/configmaps/a');
    await rig.hub.eventually(
      () => (rig.kube.requests.filter(({ method }) => method === 'PATCH').length >= 5 ? true : undefined),
      () => JSON.stringify(rig.kube.requests.map(({ method, path }) => `${method} ${path}`)),
    );
    const paths = rig.kube.requests.map(({ path }) => path);
    expect(paths.filter((path) => isClusterWide(path) || path.includes('/nodes'))).toEqual([]);
    expect(paths.filter((path) => path.includes('/unused/') || path.includes('/foreign/'))).toEqual([]);
    expect(paths).toContain('/api/v1/namespaces/pay/configmaps');
    expect(paths).not.toContain('/apis/apps/v1/namespaces/pay/deployments');
    expect(rig.hub.joins[0]?.facts).toMatchObject({
      'agent.mode': 'namespaced',
      'agent.namespaces': 'pay,shop,unused',
    });
    const corrected = async (path: string) => JSON.stringify(await rig.get(path));
    for (const [namespace, name, wanted] of [
      ['pay', 'b', '"v":"1"'],
      ['shop', 'a', '"name":"a"'],
    ] as const) {
      const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`;
      const deadline = performance.now() + 15_000;
      while (!(await corrected(path)).includes(wanted) && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(await corrected(path)).toContain(wanted);
    }
  });

  it('takes an object of one namespace for gone only where that namespace is listed', async () => {
    const rig = await open();
    await rig.start({ namespaces: ['pay', 'shop'], timing: { watchIdleMs: 200 } });
    const assigned = await rig.assign([inside('shop', 'a'), inside('pay', 'a')]);
    await rig.healthy(assigned);
    rig.kube.requests = [];
    // Lists of the one and of the other come now and then, and neither knows the other's.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(rig.kube.writes('flotilla-system')).toEqual([]);
    expect(rig.hub.latest(rig.application)).toMatchObject({ phase: 'healthy', breaks: 0 });
  });

  it('refuses the rest before the API server is asked for it', async () => {
    const rig = await open();
    await rig.start({ namespaces: ['shop'] });
    const cluster = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'mine' } };
    const { generation } = await rig.assign([configMap('a'), inside('foreign', 'b'), cluster]);
    const report = await rig.hub.until(
      rig.application,
      (each) => each.generation === generation && each.phase === 'failed',
    );
    expect(report.findings.map(({ reason }) => reason)).toEqual(['BeyondReach', 'BeyondReach']);
    expect(rig.kube.writes('flotilla-system')).toEqual([]);
    expect(rig.kube.requests.filter(({ path }) => path.includes('foreign'))).toEqual([]);
  });
});
