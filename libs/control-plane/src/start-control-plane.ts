/**
 * A real Kubernetes control plane (etcd, kube-apiserver, kube-controller-manager, kube-scheduler) without containers; kwok plays the kubelet.
 *
 *     const cluster = await startControlPlane({ folder: await mkdtemp(join(tmpdir(), 'cluster-')) });
 *     await cluster.kubectl(['apply', '-f', '-'], { input: manifest });   // → { code, stdout, stderr }, never throws for a code
 *     await cluster.programs.etcd.kill();                                  // … pause(), resume(), start() for each of the five
 *     await cluster.stop();                                                // nothing is left, also when this process is killed instead
 *
 * The first call on a machine builds the programs into the tool cache (five minutes); later ones are ready in a few seconds.
 * Requests go to `url` with `authorization: Bearer ${adminToken}` and the CA of `caFile`, or by `kubeconfigPath`. RBAC is on and service account
 * tokens are real: createServiceAccountKubeconfig gives an agent its manifest's own rights. What a Pod does is told by its image's tag; see
 * stages/pod.yaml (`:bad`, `:crash`, `:crash-after-30s`, `:slow`, …; Jobs' Pods complete).
 *
 * The demo runs three of them. Test files mostly share one, which `npm run test:kubernetes` starts: see test/kubernetes/control-plane.
 */
import { generateKeyPairSync, randomBytes, randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { type ApiServerAccess, callApiServer } from './api-server.js';
import { buildControlPlane, type ProgramPaths } from './build-control-plane.js';
import { type ControlPlaneAccess } from './control-plane-access.js';
import { writeKubeconfig } from './kubeconfig.js';
import { kubectlFor } from './kubectl.js';
import { moduleFolder } from './module-folder.js';
import {
  apiServerArguments,
  type ControlPlaneFiles,
  controlPlaneFiles,
  controllerManagerArguments,
  etcdArguments,
  kwokArguments,
  schedulerArguments,
  schedulerConfiguration,
} from './program-arguments.js';
import { type WatchedProgram, type WatchedPrograms, watchPrograms } from './watched-programs.js';

export interface ControlPlane extends ControlPlaneAccess {
  readonly programs: {
    readonly etcd: WatchedProgram;
    readonly apiServer: WatchedProgram;
    readonly controllerManager: WatchedProgram;
    readonly scheduler: WatchedProgram;
    readonly kwok: WatchedProgram;
  };
  /** Settles when the API server says that it is ready, as after a restart; rejects with the end of its log after 30 s. */
  ready(): Promise<void>;
  /** Ends all programs, within a second. The folder stays, and a start with the same folder goes on from its data. */
  stop(): Promise<void>;
}

export interface ControlPlaneSettings {
  /** Everything is kept in here; made when missing. */
  readonly folder: string;
  /** Names the node `<name>-node`; `test` unless told. */
  readonly name?: string;
  /** Labels of the node, such as topology.kubernetes.io/region. */
  readonly nodeLabels?: Readonly<Record<string, string>>;
  /** Further flags of kube-apiserver, such as `--audit-log-path=…`, `--etcd-compaction-interval=1s`, `--min-request-timeout=2`. */
  readonly apiServerFlags?: readonly string[];
  /** Told of builds before they start; standard error unless told. */
  readonly log?: (line: string) => void;
}

const READY_WITHIN_MS = 30_000;

export async function startControlPlane(settings: ControlPlaneSettings): Promise<ControlPlane> {
  const paths = await buildControlPlane(settings.log);
  mkdirSync(settings.folder, { recursive: true, mode: 0o700 });
  const files = controlPlaneFiles(realpathSync(settings.folder));
  const programs = await watchPrograms(files.folder);
  try {
    return await startPrograms(settings, paths, files, programs);
  } catch (error) {
    await programs.close();
    throw error;
  }
}

async function startPrograms(
  { name = 'test', nodeLabels = {}, apiServerFlags = [] }: ControlPlaneSettings,
  paths: ProgramPaths,
  files: ControlPlaneFiles,
  watched: WatchedPrograms,
): Promise<ControlPlane> {
  const { port, adminToken } = await prepareFiles(files);
  const access: ApiServerAccess = { url: `https://127.0.0.1:${port}`, caFile: files.caFile, token: adminToken };
  const env = { ...process.env, HOME: files.folder };
  const etcd = await watched.start('etcd', paths.etcd, etcdArguments(files), env);
  const apiServer = await watched.start(
    'kube-apiserver',
    paths['kube-apiserver'],
    [...apiServerArguments(files, port), ...apiServerFlags],
    env,
  );
  const ready = () => untilReady(access, [apiServer, etcd]);
  await ready();
  writeKubeconfigs(files, access);
  const [controllerManager, scheduler, kwok] = await Promise.all([
    watched.start('kube-controller-manager', paths['kube-controller-manager'], controllerManagerArguments(files), env),
    watched.start('kube-scheduler', paths['kube-scheduler'], schedulerArguments(files), env),
    watched.start('kwok', paths.kwok, kwokArguments(files, kwokConfigurations()), env),
  ]);
  await addStorageClass(access);
  await addNode(access, `${name}-node`, nodeLabels, [kwok, controllerManager]);
  return {
    name,
    url: access.url,
    caFile: files.caFile,
    adminToken,
    kubeconfigPath: files.adminKubeconfig,
    kubectlPath: paths.kubectl,
    kubectl: kubectlFor(paths.kubectl, files.adminKubeconfig),
    programs: { etcd, apiServer, controllerManager, scheduler, kwok },
    ready,
    stop: () => watched.close(),
  };
}

/** Makes what the programs read, keeping the key, the token and (when it is free) the port of an earlier start. */
async function prepareFiles(files: ControlPlaneFiles): Promise<{ port: number; adminToken: string }> {
  if (!existsSync(files.serviceAccountKey)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(files.serviceAccountKey, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  }
  const earlier = existsSync(files.tokens) ? readFileSync(files.tokens, 'utf8').split(',')[0] : undefined;
  const adminToken = earlier ?? randomBytes(24).toString('base64url');
  const tokens = [
    `${adminToken},admin,admin,"system:masters"`,
    ...USERS.map(({ user }) => `${adminToken}-${user},${user},${user},"system:masters"`),
  ];
  writeFileSync(files.tokens, `${tokens.join('\n')}\n`, { mode: 0o600 });
  const portFile = join(files.folder, 'port');
  const port = await freePort(existsSync(portFile) ? Number(readFileSync(portFile, 'utf8')) : undefined);
  writeFileSync(portFile, `${port}\n`);
  writeFileSync(files.schedulerConfiguration, JSON.stringify(schedulerConfiguration(files)));
  return { port, adminToken };
}

/** Who is who in audit and managed fields; all of them may do everything. */
const USERS = [
  { user: 'system:kube-controller-manager', file: 'controllerManagerKubeconfig' },
  { user: 'system:kube-scheduler', file: 'schedulerKubeconfig' },
  { user: 'kwok', file: 'kwokKubeconfig' },
] as const;

function writeKubeconfigs(files: ControlPlaneFiles, access: ApiServerAccess): void {
  writeKubeconfig(files.adminKubeconfig, access);
  for (const { user, file } of USERS) writeKubeconfig(files[file], { ...access, token: `${access.token}-${user}` });
}

function kwokConfigurations(): readonly string[] {
  const folder = join(moduleFolder(), 'stages');
  return ['kwok.yaml', 'node.yaml', 'pod.yaml', 'service.yaml', 'volume.yaml'].map((file) => join(folder, file));
}

async function untilReady(access: ApiServerAccess, programs: readonly WatchedProgram[]): Promise<void> {
  await until('the API server is ready', programs, async () => {
    // /readyz alone remembers a good answer for a while after etcd has gone; reading one object asks etcd.
    for (const path of ['/readyz', '/api/v1/namespaces/default']) {
      const { status } = await callApiServer(access, 'GET', path);
      if (status !== 200) return false;
    }
    return true;
  });
}

/** The default one, whose volumes come from stages/volume.yaml. */
async function addStorageClass(access: ApiServerAccess): Promise<void> {
  const made = await callApiServer(access, 'POST', '/apis/storage.k8s.io/v1/storageclasses', {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'test.flotilla.dev/volume',
  });
  if (made.status !== 201 && made.status !== 409) throw new Error(`The storage class was refused: ${made.body}`);
}

/** The one node is large enough for any test. Settles when the scheduler may use it and the default namespace takes Pods. */
async function addNode(
  access: ApiServerAccess,
  node: string,
  labels: Readonly<Record<string, string>>,
  programs: readonly WatchedProgram[],
): Promise<void> {
  const metadata = { name: node, labels: { 'kubernetes.io/hostname': node, 'kubernetes.io/os': 'linux', ...labels } };
  const object = { apiVersion: 'v1', kind: 'Node', metadata, spec: { providerID: `kwok://${node}` } };
  const made = await callApiServer(access, 'POST', '/api/v1/nodes', object);
  if (made.status !== 201 && made.status !== 409) throw new Error(`The node was refused: ${made.body}`);
  await until('the node is ready', programs, async () => {
    const { body } = await callApiServer(access, 'GET', `/api/v1/nodes/${node}`);
    const { spec, status } = JSON.parse(body) as NodeState;
    return (
      spec.taints === undefined && status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
    );
  });
  await until('the default service account exists', programs, async () => {
    const answer = await callApiServer(access, 'GET', '/api/v1/namespaces/default/serviceaccounts/default');
    return answer.status === 200;
  });
}

interface NodeState {
  readonly spec: { readonly taints?: readonly unknown[] };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Asks every 50 ms; a question that fails is asked again. */
async function until(
  what: string,
  programs: readonly WatchedProgram[],
  question: () => Promise<boolean | undefined>,
): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    if ((await question().catch(() => false)) === true) return;
    const ended = programs.find(({ pid }) => pid === undefined);
    if (ended !== undefined || performance.now() > deadline) {
      const ends = programs.map(({ name, logFile }) => `${name}: ${readFileSync(logFile, 'utf8').slice(-1500)}`);
      const why = ended === undefined ? `not within ${READY_WITHIN_MS / 1000} s` : `${ended.name} has ended`;
      throw new Error(`Waiting until ${what}: ${why}.\n${ends.join('\n')}`);
    }
    await sleep(50);
  }
}

/**
 * A port of 127.0.0.1 that nobody listens on, `preferred` if it can be. Not one that the system itself hands out (32768 and up on Linux):
 * such a port is given to somebody's outgoing connection while an API server is being restarted.
 */
async function freePort(preferred?: number): Promise<number> {
  if (preferred !== undefined && (await isFree(preferred))) return preferred;
  for (let tries = 0; tries < 100; tries += 1) {
    const port = 20_000 + randomInt(12_000);
    if (await isFree(port)) return port;
  }
  throw new Error('No free port of 127.0.0.1 between 20000 and 32000.');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
