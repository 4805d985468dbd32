import { describeKubeContract } from '#ports/contract-suites/kube-contract-suite';

import { openFakeCluster } from './fake-kube.js';

describeKubeContract('FakeKube', async () => {
  const { cluster, kube } = openFakeCluster({ readyMs: 50 });
  return {
    kube,
    close: async () => {
      kube.close();
      cluster.close();
    },
  };
});
