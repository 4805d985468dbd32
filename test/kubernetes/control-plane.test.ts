import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import {
  type ControlPlane,
  createServiceAccountKubeconfig,
  kubernetesVersion,
  moduleFolder,
  startControlPlane,
} from '#control-plane';
import { identifyProcess } from '#kit';

import { sharedControlPlane } from './control-plane/shared-control-plane.js';
import { createNamespace, type TestNamespace, withNamespace } from './control-plane/with-namespace.js';

const cluster = sharedControlPlane();

describe('the shared control plane', () => {
  let namespace: TestNamespace;
  beforeAll(async () => {
    namespace = await createNamespace(cluster, 'control-plane');
  });
  afterAll(() => namespace.delete());

  it('is of the version that go.mod names', async () => {
    const { serverVersion, clientVersion } = JSON.parse(await kubectl('version', '-o', 'json'));
    expect(serverVersion).toMatchObject({ gitVersion: `v${await kubernetesVersion()}`, major: '1' });
    expect(clientVersion.gitVersion).toBe(serverVersion.gitVersion);
  });

  it('rolls a Deployment of three replicas out', async () => {
    await kubectl('create', 'deployment', 'good', '--image=app:1', '--replicas=3', '-n', namespace.name);
    await kubectl('wait', '--for=condition=Available', 'deployment/good', '-n', namespace.name, '--timeout=15s');
    const { status } = await get('deployment/good');
    expect(status).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3 });
  });

  it('shows a bad image as ImagePullBackOff with its message', async () => {
    await kubectl('create', 'deployment', 'bad', '--image=app:1.2-bad', '-n', namespace.name);
    const container = await podState('app=bad', ({ state }) => state.waiting?.reason === 'ImagePullBackOff');
    expect(container.state.waiting?.message).toBe(
      'Back-off pulling image "app:1.2-bad": ErrImagePull: failed to pull and unpack image "app:1.2-bad": not found',
    );
    expect((await get('deployment/bad')).status.unavailableReplicas).toBe(1);
  });

  it('shows a container that fails as CrashLoopBackOff with what it said last', async () => {
    await kubectl('create', 'deployment', 'crash', '--image=app:crash', '-n', namespace.name);
    const container = await podState('app=crash', ({ restartCount }) => restartCount >= 3);
    expect(container).toMatchObject({
      ready: false,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: {
        terminated: { exitCode: 1, reason: 'Error', message: 'fatal: cannot start, as the tag of app:crash says' },
      },
    });
  });

  it('lets a container be ready for a while before it fails, and starts it again', async () => {
    await kubectl('create', 'deployment', 'later', '--image=app:crash-after-3s', '-n', namespace.name);
    await kubectl('wait', '--for=condition=Available', 'deployment/later', '-n', namespace.name, '--timeout=15s');
    const failed = await podState('app=later', ({ state }) => state.waiting?.reason === 'CrashLoopBackOff');
    expect(failed).toMatchObject({ ready: false, restartCount: 1, lastState: { terminated: { exitCode: 1 } } });
    const again = await podState('app=later', ({ ready }) => ready);
    expect(again).toMatchObject({ restartCount: 1, state: { running: expect.anything() } });
  });

  it('completes a Job, and fails one whose Pods fail', async () => {
    await kubectl('create', 'job', 'done', '--image=app:1', '-n', namespace.name);
    await apply({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'failing', namespace: namespace.name },
      spec: {
        backoffLimit: 0,
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'app:crash' }] } },
      },
    });
    await kubectl('wait', '--for=condition=Complete', 'job/done', '-n', namespace.name, '--timeout=15s');
    await kubectl('wait', '--for=condition=Failed', 'job/failing', '-n', namespace.name, '--timeout=15s');
    expect((await get('job/done')).status).toMatchObject({ succeeded: 1 });
  });

  it('binds a volume and gives a load balancer its address', async () => {
    await apply({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace: namespace.name },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    await kubectl('create', 'service', 'loadbalancer', 'front', '--tcp=80', '-n', namespace.name);
    await kubectl('wait', '--for=jsonpath={.status.phase}=Bound', 'pvc/data', '-n', namespace.name, '--timeout=15s');
    const address = '--for=jsonpath={.status.loadBalancer.ingress[0].ip}';
    await kubectl('wait', address, 'service/front', '-n', namespace.name, '--timeout=15s');
  });

  it('denies a service account what its role does not name', async () => {
    const { name } = namespace;
    await kubectl('create', 'serviceaccount', 'reader', '-n', name);
    await kubectl('create', 'role', 'reader', '--verb=get,list', '--resource=configmaps', '-n', name);
    await kubectl('create', 'rolebinding', 'reader', '--role=reader', `--serviceaccount=${name}:reader`, '-n', name);
    const folder = dirname(cluster.kubeconfigPath);
    const reader = await createServiceAccountKubeconfig(cluster, { namespace: name, name: 'reader' }, folder);

    expect(await reader.kubectl(['get', 'configmaps', '-o', 'name'])).toMatchObject({
      code: 0,
      stdout: 'configmap/kube-root-ca.crt\n',
    });
    const denials = [
      { args: ['get', 'secrets'], denied: 'cannot list resource "secrets"' },
      { args: ['create', 'configmap', 'x'], denied: 'cannot create resource "configmaps"' },
      { args: ['get', 'configmaps', '-n', 'kube-system'], denied: 'in the namespace "kube-system"' },
    ];
    for (const { args, denied } of denials) {
      const { code, stderr } = await reader.kubectl(args);
      expect(code).toBe(1);
      expect(stderr).toContain(`User "system:serviceaccount:${name}:reader" cannot`);
      expect(stderr).toContain(denied);
    }
  });

  it('establishes a CRD and then takes its objects', async () => {
    const group = `${namespace.name}.example.com`;
    await apply({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `widgets.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'widgets', singular: 'widget', kind: 'Widget' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', properties: { size: { type: 'integer' } } } },
          },
        ],
      },
    });
    try {
      await kubectl('wait', '--for=condition=Established', `crd/widgets.${group}`, '--timeout=15s');
      const widget = { apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'w', namespace: namespace.name } };
      await apply({ ...widget, size: 3 });
      const refused = await cluster.kubectl(['apply', '-f', '-'], {
        input: JSON.stringify({ ...widget, size: 'big' }),
      });
      expect(refused.stderr).toContain('must be of type integer');
    } finally {
      await kubectl('delete', 'crd', `widgets.${group}`);
    }
  });

  it('removes a namespace with all that is in it', async () => {
    const name = await withNamespace(cluster, async (own) => {
      await kubectl('create', 'deployment', 'app', '--image=app:1', '-n', own);
      await kubectl('wait', '--for=condition=Available', 'deployment/app', '-n', own, '--timeout=15s');
      return own;
    });
    await kubectl('wait', '--for=delete', `namespace/${name}`, '--timeout=30s');
  });

  async function get(object: string) {
    return JSON.parse(await kubectl('get', object, '-n', namespace.name, '-o', 'json'));
  }

  /** The first container's status of the one Pod with this label, as soon as it is as wanted. */
  async function podState(label: string, wanted: (status: ContainerStatus) => boolean): Promise<ContainerStatus> {
    for (const deadline = performance.now() + 20_000; ; await sleep(100)) {
      const { items } = JSON.parse(await kubectl('get', 'pods', '-l', label, '-n', namespace.name, '-o', 'json'));
      const status = items[0]?.status.containerStatuses?.[0];
      if (status !== undefined && wanted(status)) return status;
      if (performance.now() > deadline) throw new Error(`Pod ${label} is still ${JSON.stringify(status)}`);
    }
  }
});

describe('a control plane of its own', () => {
  let folder: string;
  let own: ControlPlane;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flotilla-control-plane-'));
    own = await startControlPlane({
      folder,
      name: 'own',
      nodeLabels: { 'topology.kubernetes.io/region': 'eu-1' },
      apiServerFlags: ['--runtime-config=autoscaling/v1=false'],
    });
  });
  afterAll(async () => {
    await own.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('shares nothing with another one on the same machine', async () => {
    const { stdout } = await own.kubectl(['get', 'nodes', '-L', 'topology.kubernetes.io/region', '--no-headers']);
    expect(stdout).toMatch(/^own-node +Ready .* eu-1\n$/);
    expect(own.url).not.toBe(cluster.url);
    const foreign = await own.kubectl(['get', 'nodes', `--token=${cluster.adminToken}`]);
    expect(foreign.code).toBe(1);
  });

  it('passes further flags on to its API server', async () => {
    const { stdout } = await own.kubectl(['api-versions']);
    expect(stdout).toContain('autoscaling/v2\n');
    expect(stdout).not.toContain('autoscaling/v1\n');
  });

  it('keeps its objects when etcd is killed and started again', async () => {
    await own.kubectl(['create', 'configmap', 'kept']);
    await own.programs.etcd.kill();
    expect((await own.kubectl(['get', 'configmap', 'kept', '--request-timeout=1s'])).code).toBe(1);
    await own.programs.etcd.start();
    await own.ready();
    expect(await own.kubectl(['get', 'configmap', 'kept', '-o', 'name'])).toMatchObject({ stdout: 'configmap/kept\n' });
  });

  it('answers nobody while its API server is paused, and everybody afterwards', async () => {
    own.programs.apiServer.pause();
    expect((await own.kubectl(['get', 'nodes', '--request-timeout=1s'])).code).toBe(1);
    own.programs.apiServer.resume();
    expect((await own.kubectl(['get', 'nodes'])).code).toBe(0);
  });

  it('is at the same address when its API server is killed and started again', async () => {
    await own.programs.apiServer.kill();
    expect((await own.kubectl(['get', 'nodes', '--request-timeout=1s'])).code).toBe(1);
    await own.programs.apiServer.start();
    await own.ready();
    expect((await own.kubectl(['rollout', 'status', 'deployment/none'])).stderr).toContain('NotFound');
  });

  it('refuses a folder that another one is using', async () => {
    await expect(startControlPlane({ folder })).rejects.toThrow(/is in use by another process/);
  });

  it('goes on from its data, at the same address, after a stop', async () => {
    const { url } = own;
    await own.stop();
    own = await startControlPlane({ folder, name: 'own' });
    expect(own.url).toBe(url);
    expect((await own.kubectl(['get', 'configmap', 'kept'])).code).toBe(0);
  });
});

describe('a process that starts a control plane', () => {
  it('leaves none of its programs behind when it is killed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-control-plane-'));
    const bundle = join(moduleFolder(), '../../node_modules/.cache/flotilla/test-control-plane.mjs');
    const script = `
      const { startControlPlane } = await import(${JSON.stringify(pathToFileURL(bundle).href)});
      const { programs } = await startControlPlane({ folder: ${JSON.stringify(folder)} });
      console.log(JSON.stringify(Object.values(programs).map(({ pid }) => pid)));
      setInterval(() => undefined, 1000);`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const pids = JSON.parse(await new Promise((resolve) => owner.stdout.once('data', resolve))) as number[];
      expect(pids.filter(isRunning)).toHaveLength(5);
      owner.kill('SIGKILL');
      for (const deadline = performance.now() + 5000; pids.some(isRunning); await sleep(50)) {
        if (performance.now() > deadline) throw new Error(`Still running: ${pids.filter(isRunning).join(' ')}`);
      }
    } finally {
      owner.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});

interface ContainerStatus {
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: { readonly waiting?: { readonly reason: string; readonly message?: string } };
}

/** Standard output; fails the test when kubectl fails. */
async function kubectl(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

async function apply(object: unknown): Promise<void> {
  const { code, stderr } = await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) });
  if (code !== 0) throw new Error(stderr);
}

const isRunning = (pid: number): boolean => identifyProcess(pid) !== undefined;
