import { readFileSync } from 'node:fs';

import { kubeconfigOptions, openHttpKube } from '#kube';
import { describeKubeContract } from '#ports/contract-suites/kube-contract-suite';

import { sharedControlPlane } from './control-plane/shared-control-plane.js';

describeKubeContract('HttpKube to a real API server', async () => {
  const { url, caFile, adminToken } = sharedControlPlane();
  const kube = openHttpKube({ url, access: { token: adminToken, ca: readFileSync(caFile, 'utf8') } });
  return { kube, close: async () => kube.close() };
});

describeKubeContract('HttpKube by a kubeconfig', async () => {
  const { kubeconfigPath } = sharedControlPlane();
  const kube = openHttpKube(await kubeconfigOptions({ file: kubeconfigPath }));
  return { kube, close: async () => kube.close() };
});
