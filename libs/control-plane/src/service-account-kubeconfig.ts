import { join } from 'node:path';

import { type ControlPlaneAccess } from './control-plane-access.js';
import { writeKubeconfig } from './kubeconfig.js';
import { type Kubectl, kubectlFor } from './kubectl.js';

export interface ServiceAccountAccess {
  readonly kubeconfigPath: string;
  /** A token as a Pod of this service account would have it. */
  readonly token: string;
  readonly kubectl: Kubectl;
}

/**
 * Lets a process outside the cluster act as a service account, with that account's rights and no more. The account must exist.
 * The files go into `folder`; the token lasts an hour unless told.
 */
export async function createServiceAccountKubeconfig(
  cluster: ControlPlaneAccess,
  account: { readonly namespace: string; readonly name: string },
  folder: string,
  lifetimeSeconds = 3600,
): Promise<ServiceAccountAccess> {
  const { namespace, name } = account;
  const duration = `--duration=${lifetimeSeconds}s`;
  const { code, stdout, stderr } = await cluster.kubectl(['create', 'token', name, '-n', namespace, duration]);
  if (code !== 0) throw new Error(`No token for the service account ${namespace}/${name}: ${stderr}`);
  const token = stdout.trim();
  const kubeconfigPath = join(folder, `${namespace}-${name}.kubeconfig`);
  writeKubeconfig(kubeconfigPath, { url: cluster.url, caFile: cluster.caFile, token }, namespace);
  return { kubeconfigPath, token, kubectl: kubectlFor(cluster.kubectlPath, kubeconfigPath) };
}
