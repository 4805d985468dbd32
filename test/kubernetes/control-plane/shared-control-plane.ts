import { kubectlFor, type ControlPlaneAccess } from '#control-plane';

/** Set by global-setup.mjs for all test files of a run: one for each worker. */
export const SHARED_CONTROL_PLANES = 'FLOTILLA_TEST_CONTROL_PLANES';

/** What of a control plane can be told to another process. */
export type ControlPlaneAddress = Omit<ControlPlaneAccess, 'kubectl'>;

/**
 * The control plane that `npm run test:kubernetes` starts once for all files of a worker: work in namespaces of your own (withNamespace), and leave nothing
 * cluster-wide behind. A test that pauses or kills a part of it starts its own with startControlPlane.
 */
export function sharedControlPlane(): ControlPlaneAccess {
  const all = JSON.parse(process.env[SHARED_CONTROL_PLANES] ?? '[]') as ControlPlaneAddress[];
  // Jest counts its workers from 1, and runs one file at a time in each.
  const address = all[Number(process.env['JEST_WORKER_ID'] ?? '1') - 1];
  if (address === undefined) throw new Error('No shared control plane: run this file by `npm run test:kubernetes`.');
  return { ...address, kubectl: kubectlFor(address.kubectlPath, address.kubeconfigPath) };
}
