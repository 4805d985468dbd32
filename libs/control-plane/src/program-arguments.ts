import { join } from 'node:path';

/** Where the files of one control plane lie, all of them under its folder. */
export interface ControlPlaneFiles {
  readonly folder: string;
  readonly certificates: string;
  /** The API server's own certificate authority, which it makes at its first start. */
  readonly caFile: string;
  readonly serviceAccountKey: string;
  readonly tokens: string;
  readonly adminKubeconfig: string;
  readonly controllerManagerKubeconfig: string;
  readonly schedulerKubeconfig: string;
  readonly schedulerConfiguration: string;
  readonly kwokKubeconfig: string;
}

export function controlPlaneFiles(folder: string): ControlPlaneFiles {
  const certificates = join(folder, 'certificates');
  return {
    folder,
    certificates,
    caFile: join(certificates, 'apiserver.crt'),
    serviceAccountKey: join(folder, 'service-account.key'),
    tokens: join(folder, 'tokens.csv'),
    adminKubeconfig: join(folder, 'admin.kubeconfig'),
    controllerManagerKubeconfig: join(folder, 'controller-manager.kubeconfig'),
    schedulerKubeconfig: join(folder, 'scheduler.kubeconfig'),
    schedulerConfiguration: join(folder, 'scheduler.yaml'),
    kwokKubeconfig: join(folder, 'kwok.kubeconfig'),
  };
}

/** The file `localhost:0` in the working folder of both programs: no port to find, and no path too long for a socket. */
const ETCD_SOCKET = 'unix://localhost:0';

export function etcdArguments(files: ControlPlaneFiles): readonly string[] {
  return [
    `--data-dir=${join(files.folder, 'etcd')}`,
    `--listen-client-urls=${ETCD_SOCKET}`,
    `--advertise-client-urls=${ETCD_SOCKET}`,
    // One member has no peers: any free port will do.
    '--listen-peer-urls=http://127.0.0.1:0',
    '--log-level=warn',
    // A crash of the machine may lose data, a kill of the process may not: enough for tests.
    '--unsafe-no-fsync',
  ];
}

export function apiServerArguments(files: ControlPlaneFiles, port: number): readonly string[] {
  return [
    '--bind-address=127.0.0.1',
    // Or it looks for the address of a network interface, and a machine without a network has none.
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${files.certificates}`,
    `--etcd-servers=${ETCD_SOCKET}`,
    '--authorization-mode=RBAC',
    `--token-auth-file=${files.tokens}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${files.serviceAccountKey}`,
    `--service-account-signing-key-file=${files.serviceAccountKey}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    // A loopback address is refused as an endpoint, once every ten seconds.
    '--endpoint-reconciler-type=none',
    '--allow-privileged=true',
    '--profiling=false',
  ];
}

export function controllerManagerArguments(files: ControlPlaneFiles): readonly string[] {
  return [
    `--kubeconfig=${files.controllerManagerKubeconfig}`,
    '--leader-elect=false',
    '--secure-port=0',
    `--service-account-private-key-file=${files.serviceAccountKey}`,
    `--root-ca-file=${files.caFile}`,
    // The defaults (20 requests a second) make a bundle of some hundred objects a test of patience.
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
    '--horizontal-pod-autoscaler-sync-period=1s',
    '--profiling=false',
  ];
}

/** The part of the scheduler's settings that has no flag of its own. */
export function schedulerConfiguration(files: ControlPlaneFiles): unknown {
  return {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    clientConnection: { kubeconfig: files.schedulerKubeconfig, qps: 500, burst: 1000 },
    leaderElection: { leaderElect: false },
  };
}

export function schedulerArguments(files: ControlPlaneFiles): readonly string[] {
  return [`--config=${files.schedulerConfiguration}`, '--secure-port=0', '--profiling=false'];
}

export function kwokArguments(files: ControlPlaneFiles, configurations: readonly string[]): readonly string[] {
  return [
    `--kubeconfig=${files.kwokKubeconfig}`,
    '--manage-all-nodes',
    '--cidr=10.244.0.0/16',
    ...configurations.map((path) => `--config=${path}`),
  ];
}
