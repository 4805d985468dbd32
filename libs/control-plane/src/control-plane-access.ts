import { type Kubectl } from './kubectl.js';

/** All that a client of a control plane needs; the control plane itself has more. */
export interface ControlPlaneAccess {
  readonly name: string;
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** PEM: the API server's certificate and the authority that signed it. */
  readonly caFile: string;
  /** A bearer token of the group system:masters. */
  readonly adminToken: string;
  /** A kubeconfig with the same rights, the CA inlined. */
  readonly kubeconfigPath: string;
  readonly kubectlPath: string;
  readonly kubectl: Kubectl;
}
