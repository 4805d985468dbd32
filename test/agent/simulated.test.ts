import { openFakeCluster } from '#kube/fake';
import { describeAgentSuite } from './agent-suite.js';

describeAgentSuite('a simulated cluster', async () => {
  const { cluster, kube } = openFakeCluster({
    readyMs: 50,
    nodes: 3,
    provider: 'aws:///eu-west-1a',
    nodeLabels: { 'topology.kubernetes.io/region': 'eu-west-1' },
  });
  for (const name of ['flotilla-system', 'shop']) {
    await kube.request({
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    });
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
});
