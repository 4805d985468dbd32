import { readFileSync } from 'node:fs';

import { kubeconfigOptions, openHttpKube } from '#kube';
import { describeKubeContract, type KubeHarness } from '#ports/contract-suites/kube-contract-suite';

import { WebhookServer } from '../helpers/webhook-server.js';
import { sharedControlPlane } from './control-plane/shared-control-plane.js';

describeKubeContract('HttpKube to a real API server', async () => {
  const { url, caFile, adminToken } = sharedControlPlane();
  const kube = openHttpKube({ url, access: { token: adminToken, ca: readFileSync(caFile, 'utf8') } });
  return { kube, serveWebhook, close: async () => kube.close() };
});

describeKubeContract('HttpKube by a kubeconfig', async () => {
  const { kubeconfigPath } = sharedControlPlane();
  const kube = openHttpKube(await kubeconfigOptions({ file: kubeconfigPath }));
  return { kube, serveWebhook, close: async () => kube.close() };
});

const serveWebhook: KubeHarness['serveWebhook'] = async (handler) => {
  const server = await WebhookServer.start();
  server.refuse = (object) => handler(object).deny ?? null;
  server.mutate = (object) => handler(object).patch ?? [];
  return { clientConfig: server.clientConfig, close: () => server.close() };
};
