import { describeKubeContract } from '#ports/contract-suites/kube-contract-suite';

import { openFakeCluster, serveFakeWebhook } from './fake-kube.js';

describeKubeContract('FakeKube', async () => {
  const { cluster, kube } = openFakeCluster({ readyMs: 50 });
  return {
    kube,
    serveWebhook: (handler) => serveFakeWebhook(cluster, handler),
    close: async () => {
      kube.close();
      cluster.close();
    },
  };
});
