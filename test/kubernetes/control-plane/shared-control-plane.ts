import { kubectlFor, type ControlPlaneAccess } from '#control-plane';

/** Set by global-setup.mjs for all test files of a run. */
export const SHARED_CONTROL_PLANE = 'FLOTILLA_TEST_CONTROL_PLANE';

/** What of a control plane can be told to another process. */
export type ControlPlaneAddress = Omit<ControlPlaneAccess, 'kubectl'>;

/**
 * The control plane that `npm run test:kubernetes` starts once for all its files: work in namespaces of your own (withNamespace), and leave nothing
 * cluster-wide behind. A test that pauses or kills a part of it starts its own with startControlPlane.
 */
export function sharedControlPlane(): ControlPlaneAccess {
  const text = process.env[SHARED_CONTROL_PLANE];
  if (text === undefined) throw new Error('No shared control plane: run this file by `npm run test:kubernetes`.');
  const address = JSON.parse(text) as ControlPlaneAddress;
  return { ...address, kubectl: kubectlFor(address.kubectlPath, address.kubeconfigPath) };
}
