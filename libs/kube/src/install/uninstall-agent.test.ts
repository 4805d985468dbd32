import { afterEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import type { Kube } from '#ports';
import { APPLICATION_LABEL } from '../apply/marks.js';
import { refOf } from '../apply/object-ref.js';
import { RecordStore } from '../apply/record-store.js';
import { openFakeCluster } from '../fake/fake-kube.js';
import { agentManifest } from './agent-manifest.js';
import { inspectInstallation } from './inspect-installation.js';
import { planWorkloadRemoval } from './plan-workload-removal.js';
import { uninstallAgent } from './uninstall-agent.js';

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const input = { hubUrl: 'https://hub.example', caPem: null, token: 'fj_x', clusterName: 'eu-1', image: 'registry/a:1' };
const core = (kind: string, name: string, more: object = {}): JsonObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'shop', labels: { [APPLICATION_LABEL]: 'web' }, ...more },
});

/** An agent with one application of three objects. */
async function open() {
  const { cluster, kube } = openFakeCluster({ readyMs: 0 });
  closers.push(() => {
    kube.close();
    cluster.close();
  });
  const plurals: Readonly<Record<string, string>> = {
    Namespace: 'namespaces',
    ServiceAccount: 'serviceaccounts',
    ClusterRole: 'clusterroles',
    ClusterRoleBinding: 'clusterrolebindings',
    Role: 'roles',
    RoleBinding: 'rolebindings',
    Secret: 'secrets',
    Deployment: 'deployments',
    ConfigMap: 'configmaps',
  };
  const objects = [
    ...agentManifest(input),
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { [APPLICATION_LABEL]: 'web' } } },
    core('ConfigMap', 'settings'),
    core('ConfigMap', 'kept', { annotations: { 'flotilla.dev/prune': 'disabled' } }),
  ] as readonly JsonObject[];
  for (const object of objects) {
    const { apiVersion, kind, namespace } = refOf(object);
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const inside = namespace === undefined ? '' : `/namespaces/${namespace}`;
    const path = `${base}${inside}/${plurals[kind] ?? ''}`;
    expect([path, (await kube.request({ method: 'POST', path, body: object })).status]).toEqual([path, 201]);
  }
  const inventory = objects.slice(-3).map(refOf);
  const assignment = { generation: 1, digest: 'd' };
  const record = { cluster: 'c', application: 'web', assignment, runs: 'd', inventory };
  await new RecordStore(kube, 'flotilla-system').save(record, 'd', new Uint8Array());
  return { cluster, kube };
}

async function uninstall(kube: Kube, isAll: boolean, signal = new AbortController().signal) {
  const installation = await inspectInstallation(kube, 'flotilla-system');
  const workloads = isAll ? await planWorkloadRemoval(kube, installation) : null;
  const steps: string[] = [];
  const onStep = (step: string): void => void steps.push(step);
  await uninstallAgent({ kube, installation, workloads, onStep, signal, goneWithinMs: 2_000 });
  return { installation, workloads, steps };
}

const left = (cluster: { objects(): Record<string, unknown>[] }): readonly string[] =>
  cluster
    .objects()
    .map((object) => refOf(object as JsonObject))
    .filter(({ namespace, name }) => [namespace, name].some((each) => /shop|flotilla/.test(each ?? '')))
    .map(({ kind, name }) => `${kind}/${name}`)
    .filter((each) => !['ConfigMap/kube-root-ca.crt', 'ServiceAccount/default'].includes(each))
    .sort();

describe('an agent that is uninstalled', () => {
  it('goes with all that is its own, and its applications stay', async () => {
    const { cluster, kube } = await open();
    const { installation, steps } = await uninstall(kube, false);
    expect(installation).toMatchObject({ clusterName: 'eu-1', hubUrl: input.hubUrl, namespaces: null, strangers: [] });
    expect(installation.applications).toEqual([
      {
        name: 'web',
        kinds: [
          { kind: 'ConfigMap', count: 2 },
          { kind: 'Namespace', count: 1 },
        ],
      },
    ]);
    expect(steps).toContain('the agent has stopped');
    expect(left(cluster)).toEqual(['ConfigMap/kept', 'ConfigMap/settings', 'Namespace/shop']);
    await expect(inspectInstallation(kube, 'flotilla-system')).rejects.toMatchObject({ code: 'no-agent' });
  });

  it('takes along what it recorded, but neither what says that it stays nor the namespace around that', async () => {
    const { cluster, kube } = await open();
    const { workloads } = await uninstall(kube, true);
    expect(workloads?.kept.map(({ ref, why }) => `${ref.kind}/${ref.name}: ${why}`)).toEqual([
      'ConfigMap/kept: it bears flotilla.dev/prune: disabled',
      'Namespace/shop: there is more in it: ConfigMap shop/kept',
    ]);
    expect(left(cluster)).toEqual(['ConfigMap/kept', 'Namespace/shop']);
  });

  it('is not begun once somebody has interrupted it', async () => {
    const { cluster, kube } = await open();
    const before = left(cluster);
    const stop = AbortSignal.abort();
    await expect(uninstall(kube, true, stop)).rejects.toMatchObject({ code: 'interrupted' });
    expect(left(cluster)).toEqual(before);
  });
});
