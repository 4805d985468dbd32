import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServiceAccountKubeconfig } from '#control-plane';
import type { JsonObject } from '#domain';
import { configMap, deployment, service } from '../agent/samples.js';
import { eventually } from '../helpers/test-hub.js';
import { runFlotilla, type CliSurroundings, type Ran } from '../helpers/run-flotilla.js';
import { sharedControlPlane } from './control-plane/shared-control-plane.js';
import { createNamespace, type TestNamespace } from './control-plane/with-namespace.js';
import { Installation } from './installation.js';

const WITHIN_MS = 60_000;

describe('flotilla agent uninstall', () => {
  const plane = sharedControlPlane();
  let installed: Installation;
  let shop: TestNamespace;
  let id: string;
  let leftovers: string[];

  beforeEach(async () => {
    id = randomBytes(3).toString('hex');
    leftovers = [];
    installed = await Installation.open(plane);
    shop = await createNamespace(plane, 'shop');
  }, 120_000);

  afterEach(async () => {
    await installed.close();
    await shop.delete();
    if (leftovers.length > 0) await plane.kubectl(['delete', '--ignore-not-found', '--wait=false', ...leftovers]);
  }, 120_000);

  const uninstall = (words: readonly string[] = [], surroundings?: CliSurroundings): Promise<Ran> =>
    runFlotilla(['agent', 'uninstall', '--kubeconfig', plane.kubeconfigPath, ...words], surroundings);
  const names = async (...words: string[]): Promise<readonly string[]> => {
    const text = await installed.kubectl('get', ...words, '--ignore-not-found', '-o', 'name');
    return text.split('\n').filter(Boolean);
  };
  const inNamespace = (object: JsonObject, namespace: string, annotations: object = {}): JsonObject => ({
    ...object,
    metadata: { ...(object['metadata'] as JsonObject), namespace, annotations } as JsonObject,
  });
  const namespaceObject = (name: string): JsonObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const definition = (plural: string, kind: string): JsonObject => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.u${id}.example` },
    spec: {
      group: `u${id}.example`,
      scope: 'Namespaced',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  });
  const custom = (kind: string, name: string): JsonObject => ({
    apiVersion: `u${id}.example/v1`,
    kind,
    metadata: { name, namespace: shop.name },
  });
  const run = async (application: string, objects: readonly JsonObject[]): Promise<void> => {
    const { generation } = await installed.hub.assign(application, objects, { namespace: shop.name });
    await installed.hub.until(
      application,
      (report) => report.generation === generation && report.phase === 'healthy',
      WITHIN_MS,
    );
  };
  /** Everything of the agent that can be seen. */
  const ofAgent = async (): Promise<readonly string[]> => [
    ...(await names('namespace/flotilla-system')),
    ...(await names('clusterroles,clusterrolebindings', '-l', 'app.kubernetes.io/part-of=flotilla')),
    ...(await names(
      'roles,rolebindings,deployments,serviceaccounts',
      '-A',
      '-l',
      'app.kubernetes.io/part-of=flotilla',
    )),
    ...(await names('secrets', '-n', 'flotilla-system')),
  ];

  it('says what goes and what stays, asks, and takes the agent alone', async () => {
    await installed.apply();
    await installed.agent.start();
    await run(`shop-${id}`, [configMap('settings', { a: 'b' }), service('web'), deployment('web')]);
    const before = await ofAgent();
    expect(before).toContain('secret/flotilla-agent-identity');
    const workloads = async (): Promise<string> =>
      await installed.kubectl(
        'get',
        'configmaps,services,deployments',
        '-n',
        shop.name,
        '-l',
        `flotilla.dev/application=shop-${id}`,
        '-o',
        'jsonpath={range .items[*]}{.kind}/{.metadata.name}={.metadata.uid}@{.metadata.generation}{"\\n"}{end}',
      );
    const running = await workloads();
    expect(running.trim().split('\n')).toHaveLength(3);

    const dry = await uninstall(['--dry-run']);
    expect(dry).toMatchObject({ code: 0, error: '' });
    expect(dry.out).toContain(`The Flotilla agent of ${plane.url} (context test)`);
    expect(dry.out).toMatch(
      /Goes: {2}its Deployment, 2 roles and 2 bindings, its account, \d+ Secrets of its own, the namespace flotilla-system\n/,
    );
    expect(dry.out).toMatch(new RegExp(`shop-${id}: 1 ConfigMap, 1 Deployment, 1 Service\\n`));
    expect(dry.out).toContain('Nothing was changed');
    expect(await ofAgent()).toEqual(before);

    const nobody = await uninstall();
    expect(nobody).toMatchObject({ code: 1, error: expect.stringContaining('Give --yes') });
    const asked: string[] = [];
    const no = await uninstall([], { ask: async (question) => (asked.push(question), 'n') });
    expect(no).toMatchObject({ code: 1, error: 'Nothing was changed.\n' });
    expect(asked.join()).toContain(`This takes the agent out of ${plane.url}.`);
    expect(await ofAgent()).toEqual(before);

    const done = await uninstall(['--yes']);
    expect(done).toMatchObject({ code: 0, error: '' });
    expect(done.out).toContain('the agent has stopped');
    expect(done.out).toContain('End it there: flotilla cluster remove lab --leave\n');
    expect(await ofAgent()).toEqual([]);
    expect(await workloads()).toBe(running);

    const again = await uninstall(['--yes']);
    expect(again).toMatchObject({ code: 1, out: '' });
    expect(again.error).toContain('There is no Flotilla agent in namespace flotilla-system');
    expect(again.error).toContain(`${plane.url}, context test`);
  }, 240_000);

  it('deletes by the record where it is told to, and nothing that is not its to delete', async () => {
    const [mine, shared] = [`mine-${id}`, `shared-${id}`];
    leftovers.push(`namespace/${mine}`, `namespace/${shared}`);
    leftovers.push(...['gears', 'bolts'].map((plural) => `crd/${plural}.u${id}.example`));
    await installed.apply();
    await installed.agent.start();
    await run(`all-${id}`, [
      namespaceObject(mine),
      namespaceObject(shared),
      definition('gears', 'Gear'),
      definition('bolts', 'Bolt'),
      custom('Gear', 'first'),
      custom('Bolt', 'first'),
      inNamespace(deployment('web'), mine),
      inNamespace(configMap('a'), shared),
      inNamespace(configMap('kept'), shop.name, { 'flotilla.dev/prune': 'disabled' }),
      configMap('taken'),
      configMap('plain'),
    ]);
    // By persons: in a namespace and of a kind that the application brought, and one that another application has taken.
    await installed.kubectl('create', 'configmap', 'by-hand', '-n', shared);
    const bolt = path.join(installed.folder, 'bolt.json');
    writeFileSync(bolt, JSON.stringify(custom('Bolt', 'by-hand')));
    await installed.kubectl('create', '-f', bolt);
    await installed.agent.kill();
    await installed.kubectl(
      'label',
      'configmap/taken',
      '-n',
      shop.name,
      '--overwrite',
      'flotilla.dev/application=other',
    );
    // Running while it is taken out, as an agent on a node that is cut off would.
    await installed.agent.start();

    const dry = await uninstall(['--delete-workloads', '--dry-run']);
    expect(dry).toMatchObject({ code: 0, error: '' });
    for (const stays of [
      `Stays: Namespace ${shared}: there is more in it: ConfigMap ${shared}/by-hand\n`,
      `Stays: CustomResourceDefinition bolts.u${id}.example: there is more in it: Bolt ${shop.name}/by-hand\n`,
      `Stays: ConfigMap ${shop.name}/kept: it bears flotilla.dev/prune: disabled\n`,
      `Stays: ConfigMap ${shop.name}/taken: it is other's by now\n`,
    ]) {
      expect(dry.out).toContain(stays);
    }
    expect(await names('configmap/plain', '-n', shop.name)).toEqual(['configmap/plain']);

    const done = await uninstall(['--delete-workloads', '--yes']);
    expect(done).toMatchObject({ code: 0, error: '' });
    expect(done.out).toContain('7 objects of its applications are deleted');
    await eventually(
      'what goes has gone',
      async () => [
        ...(await names(`namespace/${mine}`)),
        ...(await names(`crd/gears.u${id}.example`)),
        ...(await names('configmap/plain', '-n', shop.name)),
        ...(await names('configmap/a', '-n', shared)),
        ...(await names(`bolt.u${id}.example/first`, '-n', shop.name)),
      ],
      (left) => left.length === 0,
      WITHIN_MS,
    );
    expect(await names('configmap/kept', 'configmap/taken', '-n', shop.name)).toHaveLength(2);
    expect(await names('configmap/by-hand', '-n', shared)).toHaveLength(1);
    expect(await names(`bolt.u${id}.example/by-hand`, '-n', shop.name)).toHaveLength(1);
    expect(await ofAgent()).toEqual([]);
  }, 240_000);

  it('can be gone on with when some objects could not be deleted, and keeps a namespace with something of others', async () => {
    await installed.apply();
    await installed.agent.start();
    await run(`shop-${id}`, [configMap('stubborn'), service('web')]);
    await installed.kubectl('create', 'configmap', 'of-others', '-n', 'flotilla-system');
    const role = `most-${id}`;
    leftovers.push(`clusterrole/${role}`, `clusterrolebinding/${role}`);
    const input = [
      { kind: 'ClusterRole', rules: mostRights },
      {
        kind: 'ClusterRoleBinding',
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: shop.name }],
      },
    ].map((each) => JSON.stringify({ apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: role }, ...each }));
    const made = await plane.kubectl(['apply', '-f', '-'], { input: input.join('\n---\n') });
    expect(made.stderr).toBe('');
    const account = { namespace: shop.name, name: 'default' };
    const limited = await createServiceAccountKubeconfig(plane, account, installed.folder);
    const refused = await runFlotilla([
      'agent',
      'uninstall',
      '--kubeconfig',
      limited.kubeconfigPath,
      '--delete-workloads',
      '--yes',
    ]);
    expect(refused.code).toBe(1);
    expect(refused.error).toMatch(/1 objects could not be deleted: ConfigMap shop-\w+\/stubborn: .*cannot delete/);
    expect(await names('deployments', '-n', 'flotilla-system')).toEqual([]);
    expect(await names('secrets', '-n', 'flotilla-system')).toContain(`secret/flotilla-app-shop-${id}`);

    const done = await uninstall(['--delete-workloads', '--yes']);
    expect(done).toMatchObject({ code: 0, error: '' });
    expect(done.out).toContain(
      'Stays: the namespace flotilla-system, because there is more in it: ConfigMap flotilla-system/of-others\n',
    );
    expect(await names('configmap/stubborn', '-n', shop.name)).toEqual([]);
    expect(await names('configmap/of-others', '-n', 'flotilla-system')).toHaveLength(1);
    expect(await names('secrets,serviceaccounts', '-n', 'flotilla-system')).toEqual(['serviceaccount/default']);
  }, 240_000);

  it('says which context it is, who may not, and where there is nothing', async () => {
    const wrong = await uninstall(['--context', 'nowhere']);
    expect(wrong).toMatchObject({
      code: 1,
      error: expect.stringContaining('there is no context "nowhere"; there are test'),
    });
    const missing = await runFlotilla(['agent', 'uninstall', '--kubeconfig', path.join(installed.folder, 'none')]);
    expect(missing).toMatchObject({ code: 1, error: expect.stringContaining("The kubeconfig can't be used") });
    const none = await uninstall(['--namespace', shop.name]);
    expect(none.error).toContain(`There is no Flotilla agent in namespace ${shop.name}`);
    const account = { namespace: shop.name, name: 'default' };
    const limited = await createServiceAccountKubeconfig(plane, account, installed.folder);
    await installed.apply();
    const before = await ofAgent();
    const forbidden = await runFlotilla(['agent', 'uninstall', '--kubeconfig', limited.kubeconfigPath, '--yes']);
    expect(forbidden.code).toBe(1);
    expect(forbidden.error).toContain('The API server does not let you read Deployment flotilla-agent: ');
    expect(forbidden.error).toContain(`cannot get resource "deployments"`);
    const kubeconfig = JSON.parse(readFileSync(plane.kubeconfigPath, 'utf8')) as JsonObject;
    const stranger = path.join(installed.folder, 'stranger');
    writeFileSync(stranger, JSON.stringify({ ...kubeconfig, users: [{ name: 'test', user: { token: 'wrong' } }] }));
    const unknown = await runFlotilla(['agent', 'uninstall', '--kubeconfig', stranger, '--yes']);
    expect(unknown).toMatchObject({ code: 1, error: expect.stringContaining('it does not know you') });
    const away = path.join(installed.folder, 'away');
    writeFileSync(away, JSON.stringify(kubeconfig).replaceAll(plane.url, 'https://127.0.0.1:1'));
    const nobody = await runFlotilla(['agent', 'uninstall', '--kubeconfig', away, '--yes']);
    expect(nobody).toMatchObject({ code: 1, error: expect.stringContaining('127.0.0.1:1') });
    expect(await ofAgent()).toEqual(before);
  }, 120_000);
});

/** Everything but deleting ConfigMaps. */
const mostRights: readonly JsonObject[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list'] },
  { apiGroups: ['apps', 'rbac.authorization.k8s.io'], resources: ['*'], verbs: ['delete'] },
  { apiGroups: [''], resources: ['services', 'secrets', 'serviceaccounts', 'namespaces'], verbs: ['delete'] },
  { nonResourceURLs: ['*'], verbs: ['get'] },
];
