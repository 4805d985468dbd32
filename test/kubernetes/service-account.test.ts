import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { openHttpKube } from '#kube';
import { Rig } from '../agent/rig.js';
import { configMap, deployment, secret } from '../agent/samples.js';
import { sharedControlPlane } from './control-plane/shared-control-plane.js';
import { openReal } from './open-real.js';

const serviceAccount = 'deployer';
const RBAC = 'rbac.authorization.k8s.io';

describe('an application with a service account of its own', () => {
  const withRig = async (work: (rig: Rig) => Promise<void>): Promise<void> => {
    const rig = await Rig.open(await openReal());
    try {
      await work(rig);
    } catch (error) {
      process.stderr.write(`${rig.log.slice(-20).join('')}\n${JSON.stringify(rig.hub.reports.slice(-3), null, 1)}\n`);
      throw error;
    } finally {
      await rig.close();
    }
  };
  const makeAccount = (rig: Rig, namespace: string, name: string) =>
    rig.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name },
    });
  /** Gives an account rights in a namespace. */
  const allow = async (
    rig: Rig,
    namespace: string,
    account: { readonly namespace: string; readonly name: string },
    rights: {
      readonly groups: readonly string[];
      readonly resources: readonly string[];
      readonly verbs: readonly string[];
    },
  ): Promise<void> => {
    const { groups, resources, verbs } = rights;
    const name = `${account.name}-${resources.join('-').replaceAll('*', 'all')}-${verbs.length}`;
    const base = `/apis/${RBAC}/v1/namespaces/${namespace}`;
    const head = { apiVersion: `${RBAC}/v1`, metadata: { name } };
    await rig.create(`${base}/roles`, { ...head, kind: 'Role', rules: [{ apiGroups: groups, resources, verbs }] });
    await rig.create(`${base}/rolebindings`, {
      ...head,
      kind: 'RoleBinding',
      roleRef: { apiGroup: RBAC, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', ...account }],
    });
  };
  const failed = (rig: Rig, generation: number) =>
    rig.hub.until(rig.application, (each) => each.generation === generation && each.phase === 'failed', 30_000);
  const path = (rig: Rig, base: string, plural: string, name: string) =>
    `${base}/namespaces/${rig.cluster.namespace}/${plural}/${name}`;
  const writing = ['get', 'create', 'patch'];

  it(
    'may do what that may and no more, is told who may not what, and goes on once it may',
    () =>
      withRig(async (rig) => {
        const { namespace } = rig.cluster;
        const account = { namespace, name: serviceAccount };
        await makeAccount(rig, namespace, serviceAccount);
        await allow(rig, namespace, account, { groups: [''], resources: ['configmaps'], verbs: writing });
        await rig.start();
        const objects = [configMap('settings'), deployment('web'), secret('keys', { token: 'a-secret-token' })];
        const { generation } = await rig.assign(objects, { serviceAccount });
        const report = await failed(rig, generation);
        const user = `system:serviceaccount:${namespace}:${serviceAccount}`;
        const told = Object.fromEntries(report.findings.map(({ kind, message }) => [kind, message]));
        expect(Object.keys(told).sort()).toEqual(['Deployment', 'Secret']);
        expect(told['Deployment']).toContain(`deployments.apps "web" is forbidden: User "${user}" cannot get resource`);
        expect(told['Deployment']).toContain(`(as the service account ${namespace}/${serviceAccount})`);
        // The agent itself may do everything here: it is the account that counts.
        expect(await rig.get(path(rig, '/api/v1', 'configmaps', 'settings'))).toBeNull();
        await allow(rig, namespace, account, {
          groups: ['', 'apps'],
          resources: ['deployments', 'secrets'],
          verbs: writing,
        });
        await rig.hub.until(
          rig.application,
          (each) => each.generation === generation && each.phase === 'healthy',
          60_000,
        );
      }),
    120_000,
  );

  it(
    'keeps in its inventory what it may not delete, and deletes it once it may',
    () =>
      withRig(async (rig) => {
        const { namespace } = rig.cluster;
        const account = { namespace, name: serviceAccount };
        await makeAccount(rig, namespace, serviceAccount);
        await allow(rig, namespace, account, { groups: [''], resources: ['configmaps'], verbs: writing });
        await rig.start();
        await rig.healthy(await rig.assign([configMap('settings'), configMap('old')], { serviceAccount }));
        const { generation } = await rig.assign([configMap('settings')], { serviceAccount });
        const report = await failed(rig, generation);
        expect(report).toMatchObject({ objects: 2, findings: [{ kind: 'ConfigMap', name: 'old' }] });
        expect(report.findings[0]?.message).toContain('cannot delete resource "configmaps"');
        expect(await rig.get(path(rig, '/api/v1', 'configmaps', 'old'))).not.toBeNull();
        await allow(rig, namespace, account, { groups: [''], resources: ['configmaps'], verbs: ['delete'] });
        await rig.hub.until(rig.application, (each) => each.phase === 'healthy' && each.objects === 1, 60_000);
        expect(await rig.get(path(rig, '/api/v1', 'configmaps', 'old'))).toBeNull();
      }),
    120_000,
  );

  it(
    'is told that there is no such account',
    () =>
      withRig(async (rig) => {
        await rig.start();
        const { generation } = await rig.assign([configMap('settings')], { serviceAccount: 'nobody' });
        const report = await failed(rig, generation);
        expect(report.findings[0]?.message).toMatch(/cannot get resource "configmaps".*nobody, which is not there\)$/);
      }),
    60_000,
  );

  it(
    'is as whoever it names from the moment that it names another one',
    () =>
      withRig(async (rig) => {
        const { namespace } = rig.cluster;
        await makeAccount(rig, namespace, serviceAccount);
        await allow(
          rig,
          namespace,
          { namespace, name: serviceAccount },
          { groups: ['*'], resources: ['*'], verbs: ['*'] },
        );
        await rig.start();
        const objects = [configMap('settings')];
        const { generation } = await rig.assign(objects, { serviceAccount: 'nobody' });
        await failed(rig, generation);
        await rig.assign(objects, { generation, serviceAccount });
        await rig.hub.until(rig.application, (each) => each.phase === 'healthy', 30_000);
        const { requests } = rig.kube;
        const last = requests.filter(({ path: at }) => at.endsWith('/configmaps/settings')).at(-1);
        expect(last?.asUser).toBe(`system:serviceaccount:${namespace}:${serviceAccount}`);
      }),
    90_000,
  );

  it(
    'is told where the agent may act as nobody',
    () =>
      withRig(async (rig) => {
        const plane = sharedControlPlane();
        const { namespace, agentNamespace } = rig.cluster;
        const agent = { namespace: agentNamespace, name: 'agent' };
        await makeAccount(rig, agentNamespace, agent.name);
        await allow(rig, agentNamespace, agent, { groups: [''], resources: ['secrets'], verbs: ['*'] });
        await allow(rig, namespace, agent, { groups: [''], resources: ['configmaps'], verbs: ['*'] });
        const token = await tokenOf(rig, agent);
        const kube = openHttpKube({ url: plane.url, access: { token, ca: readFileSync(plane.caFile, 'utf8') } });
        try {
          await rig.start({ kube });
          const { generation } = await rig.assign([configMap('settings')], { serviceAccount });
          const report = await failed(rig, generation);
          expect(report.findings[0]?.message).toMatch(/agent" cannot impersonate/);
          expect(await rig.get(path(rig, '/api/v1', 'configmaps', 'settings'))).toBeNull();
          // As the agent's manifest has it.
          await allow(rig, namespace, agent, { groups: [''], resources: ['serviceaccounts'], verbs: ['impersonate'] });
          const account = { namespace, name: serviceAccount };
          await allow(rig, namespace, account, { groups: [''], resources: ['configmaps'], verbs: ['*'] });
          await rig.hub.until(rig.application, (each) => each.phase === 'healthy', 60_000);
        } finally {
          await rig.stop();
          kube.close();
        }
      }),
    90_000,
  );

  async function tokenOf(rig: Rig, account: { readonly namespace: string; readonly name: string }): Promise<string> {
    const at = `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`;
    const body: JsonObject = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const answer = await rig.cluster.kube.request({ method: 'POST', path: at, body });
    return (answer.body['status'] as JsonObject)['token'] as string;
  }
});
