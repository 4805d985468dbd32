import { openFakeCluster } from '#kube/fake';
import type { SuiteCluster } from './rig.js';

/** A simulated cluster for one test. */
export async function openSimulated(): Promise<SuiteCluster> {
  const { cluster, kube } = openFakeCluster({
    readyMs: 50,
    nodes: 3,
    provider: 'aws:///eu-west-1a',
    nodeLabels: { 'topology.kubernetes.io/region': 'eu-west-1' },
  });
  for (const name of ['flotilla-system', 'shop']) {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await kube.request({ method: 'POST', path: '/api/v1/namespaces', body });
  }
  return {
    kube,
    namespace: 'shop',
    agentNamespace: 'flotilla-system',
    application: 'shop',
    close: async () => {
      kube.close();
      cluster.close();
    },
  };
}
