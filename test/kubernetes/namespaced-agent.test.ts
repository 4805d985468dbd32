import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { diffAnswerSchema, eventsAnswerSchema, treeAnswerSchema, type TreeNode } from '#contract';
import { type JsonObject } from '#domain';
import { openHttpKube } from '#kube';
import type { Kube, KubeRequest } from '#ports';
import { configMap, deployment, service } from '../agent/samples.js';
import { runFlotilla } from '../helpers/run-flotilla.js';
import { eventually } from '../helpers/test-hub.js';
import { sharedControlPlane } from './control-plane/shared-control-plane.js';
import { createNamespace, type TestNamespace } from './control-plane/with-namespace.js';
import { Installation } from './installation.js';

const WITHIN_MS = 60_000;
const rbac = (kind: string, name: string, rest: object, namespace?: string): JsonObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name, ...(namespace !== undefined && { namespace }) },
  ...rest,
});

describe('an agent that is kept to namespaces, with the rights of its manifest', () => {
  const plane = sharedControlPlane();
  let installed: Installation;
  let shop: TestNamespace;
  let pay: TestNamespace;
  let foreign: TestNamespace;
  /** With the agent's own token. */
  let kube: Kube;

  beforeAll(async () => {
    installed = await Installation.open(plane);
    [shop, pay, foreign] = await Promise.all([
      createNamespace(plane, 'shop'),
      createNamespace(plane, 'pay'),
      createNamespace(plane, 'foreign'),
    ]);
    await installed.apply([shop.name, pay.name]);
    await installed.agent.start();
    const token = readFileSync(path.join(installed.folder, 'token'), 'utf8');
    kube = openHttpKube({ url: plane.url, access: { token, ca: readFileSync(plane.caFile, 'utf8') } });
  }, 180_000);

  afterAll(async () => {
    kube?.close();
    await installed?.close();
    await Promise.all([shop, pay, foreign].map((each) => each?.delete()));
  }, 120_000);

  const status = async (request: KubeRequest): Promise<number> => (await kube.request(request)).status;
  const get = async (...words: string[]): Promise<string> => await installed.kubectl('get', ...words);

  it('has Pods that the restricted pod security standard admits, and the namespace holds them to it', async () => {
    const pods = await eventually(
      "the Deployment's Pod runs",
      () => get('pods', '-n', 'flotilla-system', '-o', 'jsonpath={.items[*].status.phase}'),
      (phases) => phases === 'Running',
      WITHIN_MS,
    );
    expect(pods).toBe('Running');
    const label = await get('namespace/flotilla-system', '-o', 'jsonpath={.metadata.labels}');
    expect(JSON.parse(label)).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'loose', namespace: 'flotilla-system' } };
    const input = JSON.stringify({ ...pod, spec: { containers: [{ name: 'main', image: 'registry.example/x:1' }] } });
    const loose = await plane.kubectl(['apply', '-f', '-'], { input });
    expect(loose.code).not.toBe(0);
    expect(loose.stderr).toContain('violates PodSecurity "restricted');
  });

  it('joins, and tells what it may know of the cluster and to what it is kept', () => {
    const facts = installed.hub.joins[0]?.facts ?? {};
    expect(facts).toMatchObject({
      'agent.mode': 'namespaced',
      'agent.namespaces': [pay.name, shop.name].sort().join(','),
      'kubernetes.minor': '1.36',
    });
    expect(Object.keys(facts)).not.toContain('nodes');
  });

  it('can neither read nor write beyond them with its token, whatever it asks', async () => {
    const core = '/api/v1';
    const rbacApi = '/apis/rbac.authorization.k8s.io/v1';
    const out = `${core}/namespaces/${foreign.name}`;
    const own = `${core}/namespaces/flotilla-system`;
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'intruder' } };
    const grant = {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'flotilla-agent', namespace: 'flotilla-system' }],
    };
    const applied = { contentType: 'application/apply-patch+yaml', query: { fieldManager: 'x', force: 'true' } };
    const as = (user: string, request: KubeRequest): KubeRequest => ({ ...request, asUser: user });
    const requests: readonly KubeRequest[] = [
      ...['configmaps', 'secrets', 'pods', 'serviceaccounts'].flatMap((plural): KubeRequest[] => [
        { method: 'GET', path: `${out}/${plural}` },
        { method: 'GET', path: `${core}/namespaces/kube-system/${plural}` },
        { method: 'GET', path: `${core}/${plural}` },
      ]),
      { method: 'POST', path: `${out}/configmaps`, body: map },
      { method: 'PATCH', path: `${out}/configmaps/intruder`, body: map, ...applied },
      { method: 'DELETE', path: `${out}/configmaps/kube-root-ca.crt` },
      { method: 'GET', path: '/apis/apps/v1/deployments' },
      { method: 'GET', path: `${core}/namespaces` },
      { method: 'GET', path: `${core}/namespaces/${foreign.name}` },
      { method: 'DELETE', path: `${core}/namespaces/${foreign.name}` },
      { method: 'POST', path: `${core}/namespaces`, body: { ...map, kind: 'Namespace' } },
      { method: 'GET', path: `${core}/nodes` },
      { method: 'GET', path: `${core}/persistentvolumes` },
      { method: 'GET', path: '/apis/storage.k8s.io/v1/storageclasses' },
      { method: 'GET', path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions' },
      { method: 'GET', path: `${rbacApi}/clusterroles` },
      { method: 'POST', path: `${rbacApi}/clusterroles`, body: rbac('ClusterRole', 'intruder', { rules: [] }) },
      {
        method: 'POST',
        path: `${rbacApi}/clusterrolebindings`,
        body: rbac('ClusterRoleBinding', 'intruder', grant),
      },
      {
        method: 'POST',
        path: `${rbacApi}/namespaces/${foreign.name}/rolebindings`,
        body: rbac('RoleBinding', 'intruder', grant),
      },
      // Its own place: its records, and neither its rights nor what runs there.
      {
        method: 'POST',
        path: `${rbacApi}/namespaces/flotilla-system/rolebindings`,
        body: rbac('RoleBinding', 'intruder', grant),
      },
      { method: 'GET', path: `${own}/pods` },
      { method: 'POST', path: `${own}/serviceaccounts/flotilla-agent/token`, body: {} },
      { method: 'GET', path: '/apis/apps/v1/namespaces/flotilla-system/deployments' },
      // Somebody else's rights.
      as(`system:serviceaccount:${foreign.name}:default`, { method: 'GET', path: `${out}/configmaps` }),
      as('system:serviceaccount:kube-system:default', { method: 'GET', path: '/version' }),
      as('admin', { method: 'GET', path: `${core}/nodes` }),
      as('system:admin', { method: 'GET', path: `${core}/nodes` }),
      { method: 'GET', path: '/metrics' },
      { method: 'GET', path: '/logs/' },
    ];
    const allowed: string[] = [];
    for (const request of requests) {
      const answered = await status(request);
      if (answered !== 403)
        allowed.push(`${request.method} ${request.path} as ${request.asUser ?? 'itself'}: ${answered}`);
    }
    expect(allowed).toEqual([]);
    await expect(
      (async () => {
        const signal = AbortSignal.timeout(10_000);
        for await (const _event of kube.watch({ path: `${out}/configmaps`, query: { watch: 'true' }, signal })) break;
      })(),
    ).rejects.toMatchObject({ details: { status: 403 } });
    // Inside it may, so it is not the token that is refused.
    expect(await status({ method: 'GET', path: `${core}/namespaces/${shop.name}/configmaps` })).toBe(200);
    expect(await status({ method: 'GET', path: `${own}/secrets` })).toBe(200);
    const asOwn = as(`system:serviceaccount:${shop.name}:default`, { method: 'GET', path: '/version' });
    expect(await status(asOwn)).toBe(200);
  });

  it('applies in each of them, judges by pods, and keeps its records', async () => {
    const inPay = (object: JsonObject): JsonObject => ({
      ...object,
      metadata: { ...(object['metadata'] as JsonObject), namespace: pay.name },
    });
    const operator = { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['deletecollection'] }] };
    const objects = [
      configMap('settings', { colour: 'blue' }),
      service('web'),
      deployment('web'),
      rbac('Role', 'operator', operator),
      inPay(configMap('ledger', { currency: 'eur' })),
      inPay(deployment('till')),
    ];
    const assigned = await installed.hub.assign('shop', objects, { namespace: shop.name });
    await installed.hub.until(
      'shop',
      ({ generation, phase }) => generation === assigned.generation && phase === 'healthy',
      WITHIN_MS,
    );
    for (const each of [shop, pay]) {
      const available = await get(
        'deployments',
        '-n',
        each.name,
        '-o',
        'jsonpath={.items[*].status.availableReplicas}',
      );
      expect(available).toBe('1');
    }
    expect(await get('secrets', '-n', 'flotilla-system', '-o', 'name')).toContain('secret/flotilla-app-shop');

    const crashing = [...objects.slice(0, 2), deployment('web', 'registry.example/web:crash'), ...objects.slice(3)];
    await installed.hub.assign('shop', crashing, { namespace: shop.name });
    const failed = await installed.hub.until('shop', ({ phase }) => phase === 'failed', WITHIN_MS);
    expect(JSON.stringify(failed.findings)).toContain('CrashLoopBackOff');

    const fewer = objects.filter((object) => object['kind'] !== 'Service');
    const next = await installed.hub.assign('shop', fewer, { namespace: shop.name });
    await installed.hub.until(
      'shop',
      ({ generation, phase }) => generation === next.generation && phase === 'healthy',
      WITHIN_MS,
    );
    await eventually(
      'the Service went with what Git has no more',
      () => get('services', '-n', shop.name, '-o', 'name'),
      (text) => text === '',
      WITHIN_MS,
    );
  }, 240_000);

  it('puts back what somebody changes or deletes, in each of them', async () => {
    const patch = '{"data":{"currency":"usd"}}';
    await installed.kubectl('patch', 'configmap/ledger', '-n', pay.name, '--type=merge', '-p', patch);
    await installed.kubectl('delete', 'configmap/settings', '-n', shop.name);
    await eventually(
      'both are as they were',
      async () => [
        await get('configmap/ledger', '-n', pay.name, '-o', 'jsonpath={.data.currency}'),
        await get('configmap/settings', '-n', shop.name, '--ignore-not-found', '-o', 'jsonpath={.data.colour}'),
      ],
      (values) => values.join() === 'eur,blue',
      WITHIN_MS,
    );
  });

  it('refuses what belongs to the cluster or to others, says why and what to do, and writes nothing of that release', async () => {
    const elsewhere = { ...configMap('stray'), metadata: { name: 'stray', namespace: foreign.name } };
    const objects = [
      configMap('new'),
      elsewhere,
      rbac('ClusterRole', 'wide', { rules: [] }),
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: shop.name } },
    ];
    const { generation } = await installed.hub.assign('other', objects, { namespace: shop.name });
    const report = await installed.hub.until(
      'other',
      (each) => each.generation === generation && each.phase === 'failed',
      WITHIN_MS,
    );
    expect(report).toMatchObject({ cause: 'sync' });
    const told = JSON.stringify([report.message, report.findings]);
    expect(told).toContain('namespaced mode');
    expect(told).toContain(`\\"${foreign.name}\\" is not among them`);
    expect(told).toContain('a ClusterRole belongs to the whole cluster');
    expect(told).toContain('a Namespace belongs to the whole cluster');
    expect(told).toContain('--cluster-wide');
    expect(await get('configmap/new', '-n', shop.name, '--ignore-not-found', '-o', 'name')).toBe('');
  });

  it('goes on after a new start, and never asked for what it may not have', async () => {
    await installed.agent.kill();
    await installed.agent.start();
    await installed.hub.until('shop', ({ boot, phase }) => boot === 2 && phase === 'healthy', WITHIN_MS);
    expect(installed.agent.log).not.toMatch(/forbidden/i);
    expect(installed.agent.log).not.toContain(installed.hub.token);
  });

  it("applies as an application's own service account, with that account's rights and no more", async () => {
    await installed.kubectl('create', 'serviceaccount', 'deployer', '-n', shop.name);
    const verbs = '--verb=get,create,patch';
    await installed.kubectl('create', 'role', 'deployer', '-n', shop.name, verbs, '--resource=configmaps');
    const account = `--serviceaccount=${shop.name}:deployer`;
    await installed.kubectl('create', 'rolebinding', 'deployer', '-n', shop.name, '--role=deployer', account);
    const terms = { namespace: shop.name, serviceAccount: 'deployer' };
    const small = await installed.hub.assign('small', [configMap('of-deployer')], terms);
    await installed.hub.until(
      'small',
      ({ generation, phase }) => generation === small.generation && phase === 'healthy',
      WITHIN_MS,
    );
    const more = await installed.hub.assign('small', [configMap('of-deployer'), service('not-its')], terms);
    const refused = await installed.hub.until(
      'small',
      ({ generation, phase }) => generation === more.generation && phase === 'failed',
      WITHIN_MS,
    );
    expect(JSON.stringify([refused.message, refused.findings])).toContain(
      `system:serviceaccount:${shop.name}:deployer`,
    );
    expect(await get('services', '-n', shop.name, '-o', 'name')).toBe('');
    await installed.hub.assign('small', [configMap('of-deployer')], terms);
  }, 120_000);

  it('answers what people ask of it, within its rights', async () => {
    const tree = treeAnswerSchema.parse(await installed.hub.ask('tree', 'shop'));
    const told = flat(tree.objects).map(({ kind, namespace, health }) => `${kind} ${namespace ?? ''} ${health}`);
    for (const each of [shop, pay]) expect(told).toContain(`Pod ${each.name} healthy`);
    const diff = diffAnswerSchema.parse(await installed.hub.ask('diff', 'shop'));
    expect(diff.objects).toEqual([]);
    expect(diff.same).toBe(5);
    const events = eventsAnswerSchema.parse(await installed.hub.ask('events', 'shop'));
    expect(events.events.length).toBeGreaterThan(0);
  }, 120_000);

  it('goes with its roles in each of them, and what it applied stays', async () => {
    const words = ['agent', 'uninstall', '--kubeconfig', plane.kubeconfigPath, '--yes'];
    const { out, error, code } = await runFlotilla(words);
    expect({ error, code }).toEqual({ error: '', code: 0 });
    expect(out).toContain(`kept to ${[shop.name, pay.name].join(', ')}\n`);
    expect(out).toMatch(/shop: \d ConfigMap, 2 Deployment, 1 Role\n/);
    expect(await get('roles,rolebindings', '-A', '-l', 'app.kubernetes.io/part-of=flotilla', '-o', 'name')).toBe('');
    expect(await get('deployments', '-n', pay.name, '-o', 'name')).toBe('deployment.apps/till\n');
  }, 120_000);
});

function flat(nodes: readonly TreeNode[]): readonly TreeNode[] {
  return nodes.flatMap((node) => [node, ...flat(node.children ?? [])]);
}
