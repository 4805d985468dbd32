import { afterEach, describe, expect, it } from '@jest/globals';
import { openFakeCluster } from '#kube/fake';
import { Rig } from './rig.js';
import { configMap, deployment, service } from './samples.js';

/** Ten objects, of which two change with the version. */
const ten = (version: string) => [
  ...Array.from({ length: 6 }, (_, at) => configMap(`settings-${at}`, { version: at === 0 ? version : 'same' })),
  service('api'),
  service('web'),
  deployment('api'),
  deployment('web', `registry.example/web:${version}`),
];

describe('the work of an agent grows with what changed', () => {
  let rig: Rig | null = null;

  afterEach(async () => {
    await rig?.close();
  });

  it('and not with what is installed: two changes of ten objects take two dry-runs and two writes', async () => {
    const { cluster, kube } = openFakeCluster({ readyMs: 0 });
    for (const name of ['flotilla-system', 'shop']) {
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      await kube.request({ method: 'POST', path: '/api/v1/namespaces', body });
    }
    const close = async (): Promise<void> => cluster.close();
    const one = await Rig.open({
      kube,
      namespace: 'shop',
      agentNamespace: 'flotilla-system',
      application: 'shop',
      close,
    });
    rig = one;
    // A slow machine is no reason to look at pods.
    await one.start({ timing: { podsAfterMs: 60_000 } });
    const requestsOf = async (version: string): Promise<readonly string[]> => {
      one.kube.requests = [];
      await one.healthy(await one.assign(ten(version)));
      // What is recorded after the report: until nothing more comes.
      for (let before = -1; before < one.kube.requests.length;) {
        before = one.kube.requests.length;
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      return one.kube.requests.map(({ method, query, path }) => {
        const dry = query?.['dryRun'] === undefined ? '' : ' dry-run';
        return `${method}${dry} ${path.split('/').slice(-2).join('/')}`;
      });
    };
    // Two discoveries, ten reads, ten writes, three lists, and the records.
    expect((await requestsOf('1')).length).toBeLessThanOrEqual(28);
    expect([...(await requestsOf('2'))].sort()).toEqual([
      'PATCH configmaps/settings-0',
      'PATCH deployments/web',
      'PATCH dry-run configmaps/settings-0',
      'PATCH dry-run deployments/web',
      'PATCH secrets/flotilla-agent-state',
      'PATCH secrets/flotilla-app-shop',
      'PUT secrets/flotilla-app-shop',
    ]);
    expect([...(await requestsOf('2'))].sort()).toEqual([
      'PATCH secrets/flotilla-agent-state',
      // That it is applied whole; nothing else is touched.
      'PATCH secrets/flotilla-app-shop',
      'PUT secrets/flotilla-app-shop',
    ]);
  });
});
