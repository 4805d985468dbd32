import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { type Rig, rigOn, type SuiteCluster } from './rig.js';
import { configMap, deployment, service } from './samples.js';

/** On what terms an application is kept: what it ignores, what becomes of drift, where its objects go. */
export function describeTermsSuite(name: string, openCluster: () => Promise<SuiteCluster>): void {
  describe(`the terms of an application on ${name}`, () => {
    const withRig = rigOn(openCluster);
    const core = (rig: Rig, plural: string, named: string, namespace = rig.cluster.namespace) =>
      `/api/v1/namespaces/${namespace}/${plural}/${named}`;
    const apps = (rig: Rig, named: string) => `/apis/apps/v1/namespaces/${rig.cluster.namespace}/deployments/${named}`;
    const dataOf = (live: JsonObject | null) => live?.['data'];
    const writes = (rig: Rig) => rig.kube.writes(rig.cluster.agentNamespace);
    const taken = (rig: Rig) =>
      rig.hub.eventually(
        () => (rig.agent?.state().sequence === rig.hub.sequence ? true : undefined),
        () => 'the manifest was not taken up',
      );
    /** Until nothing has been asked for a while. */
    const quiet = async (rig: Rig): Promise<void> => {
      for (let before = -1; before < rig.kube.requests.length;) {
        before = rig.kube.requests.length;
        await new Promise((resolve) => setTimeout(resolve, 400));
      }
    };

    it(
      'leaves ignored fields as others set them, puts the others back, and writes nothing for what is ignored',
      () =>
        withRig(async (rig) => {
          const ignoreDifferences = [
            { kind: 'apps/Deployment', jsonPointers: ['/spec/replicas', '/spec/template/spec/containers/0/image'] },
            { kind: 'ConfigMap', name: 'settings', jsonPointers: ['/data/tuned'] },
          ];
          const settings = configMap('settings', { colour: 'blue', tuned: 'by Git' });
          await rig.start();
          const assigned = await rig.assign([settings, deployment('web')], { ignoreDifferences });
          await rig.healthy(assigned, 30_000);
          // At first it is applied whole.
          expect(dataOf(await rig.get(core(rig, 'configmaps', 'settings')))).toEqual({
            colour: 'blue',
            tuned: 'by Git',
          });
          await quiet(rig);
          rig.kube.requests = [];
          await rig.edit(core(rig, 'configmaps', 'settings'), { data: { tuned: 'by hand' } });
          await rig.edit(apps(rig, 'web'), { spec: { replicas: 2 } }, 'somebody');
          await quiet(rig);
          expect(writes(rig)).toEqual([]);
          await rig.hub.until(rig.application, (each) => each.phase === 'healthy', 30_000);
          expect(rig.hub.latest(rig.application)?.drift).toBeUndefined();
          // What is not ignored of the same objects goes on being put back.
          await rig.edit(core(rig, 'configmaps', 'settings'), { data: { colour: 'red', tuned: 'by hand again' } });
          await rig.live(
            core(rig, 'configmaps', 'settings'),
            (live) => JSON.stringify(dataOf(live)) === '{"colour":"blue","tuned":"by hand again"}',
          );
          // A new release leaves them, too; another look at everything finds nothing to do.
          await rig.healthy(
            await rig.assign([configMap('settings', { colour: 'green', tuned: 'other' }), deployment('web')], {
              ignoreDifferences,
            }),
            30_000,
          );
          expect(dataOf(await rig.get(core(rig, 'configmaps', 'settings')))).toEqual({
            colour: 'green',
            tuned: 'by hand again',
          });
          expect(((await rig.get(apps(rig, 'web')))?.['spec'] as JsonObject)['replicas']).toBe(2);
          await rig.stop();
          await quiet(rig);
          rig.kube.requests = [];
          await rig.start();
          await rig.hub.until(rig.application, (each) => each.boot === 2 && each.phase === 'healthy', 30_000);
          await quiet(rig);
          expect(writes(rig)).toEqual([]);
        }),
      120_000,
    );

    it(
      'keeps an ignored field that Git no longer has, and one that only the agent owned',
      () =>
        withRig(async (rig) => {
          const ignoreDifferences = [{ kind: 'ConfigMap', jsonPointers: ['/data/kept', '/data/theirs'] }];
          await rig.start();
          const first = configMap('settings', { colour: 'blue', kept: 'yes', theirs: 'ours', gone: 'yes' });
          await rig.healthy(await rig.assign([first]));
          await rig.edit(core(rig, 'configmaps', 'settings'), { data: { theirs: 'theirs' } }, 'somebody');
          await rig.live(core(rig, 'configmaps', 'settings'), (live) =>
            JSON.stringify(live).includes('"theirs":"ours"'),
          );
          await rig.healthy(await rig.assign([configMap('settings', { colour: 'blue' })], { ignoreDifferences }));
          expect(dataOf(await rig.get(core(rig, 'configmaps', 'settings')))).toEqual({
            colour: 'blue',
            kept: 'yes',
            theirs: 'ours',
          });
        }),
      60_000,
    );

    it(
      'leaves to a field manager that is named what it owns, and puts back what others change',
      () =>
        withRig(async (rig) => {
          const ignoreDifferences = [{ kind: '*', managers: ['tuner'] }];
          // What somebody takes from that manager is found when everything is verified.
          await rig.start({ timing: { verifyMs: 700 } });
          await rig.healthy(
            await rig.assign([configMap('settings', { colour: 'blue', size: '1' })], { ignoreDifferences }),
          );
          const path = core(rig, 'configmaps', 'settings');
          await rig.edit(path, { data: { size: '7' } }, 'tuner');
          await new Promise((resolve) => setTimeout(resolve, 1_000));
          expect(dataOf(await rig.get(path))).toEqual({ colour: 'blue', size: '7' });
          await rig.edit(path, { data: { colour: 'red' } }, 'somebody');
          await rig.live(path, (live) => JSON.stringify(dataOf(live)) === '{"colour":"blue","size":"7"}');
          await rig.edit(path, { data: { size: '8' } }, 'somebody');
          await rig.live(path, (live) => JSON.stringify(dataOf(live)) === '{"colour":"blue","size":"1"}');
        }),
      60_000,
    );

    it(
      'goes over everything when the rules change: what was ignored is put back, what is ignored now is left',
      () =>
        withRig(async (rig) => {
          const objects = [configMap('settings', { colour: 'blue', size: '1' })];
          const rule = (pointer: string) => ({ ignoreDifferences: [{ kind: 'ConfigMap', jsonPointers: [pointer] }] });
          const path = core(rig, 'configmaps', 'settings');
          await rig.start();
          const { generation } = await rig.assign(objects, rule('/data/size'));
          await rig.hub.until(rig.application, (each) => each.phase === 'healthy');
          await rig.edit(path, { data: { size: '2' } }, 'somebody');
          await quiet(rig);
          await rig.assign(objects, { generation, ...rule('/data/colour') });
          await rig.live(path, (live) => JSON.stringify(dataOf(live)) === '{"colour":"blue","size":"1"}');
          await rig.edit(path, { data: { colour: 'red' } }, 'somebody');
          await quiet(rig);
          expect(dataOf(await rig.get(path))).toEqual({ colour: 'red', size: '1' });
        }),
      60_000,
    );

    it(
      'takes drift as the application says, also when it says otherwise later: off, report, correct',
      () =>
        withRig(async (rig) => {
          const objects = [configMap('settings', { colour: 'blue' }), service('web')];
          const path = core(rig, 'configmaps', 'settings');
          await rig.start({ timing: { verifyMs: 500 } });
          const { generation } = await rig.assign(objects, { drift: 'off' });
          await rig.hub.until(rig.application, (each) => each.phase === 'healthy');
          await rig.edit(path, { data: { colour: 'red' } }, 'somebody');
          // Longer than it takes to look at everything again.
          await new Promise((resolve) => setTimeout(resolve, 1_500));
          expect(dataOf(await rig.get(path))).toEqual({ colour: 'red' });
          expect(rig.hub.latest(rig.application)?.drift).toBeUndefined();
          await rig.assign(objects, { generation, drift: 'report' });
          const told = await rig.hub.until(rig.application, (each) => each.drift?.drifted === 1);
          expect(told.drift?.fields).toEqual([`ConfigMap ${rig.cluster.namespace}/settings: data.colour`]);
          expect(dataOf(await rig.get(path))).toEqual({ colour: 'red' });
          await rig.assign(objects, { generation, drift: 'correct' });
          await rig.live(path, (live) => JSON.stringify(dataOf(live)) === '{"colour":"blue"}');
          const mended = await rig.hub.until(rig.application, (each) => each.drift?.corrected === 1);
          expect(mended.drift?.drifted).toBe(0);
          await rig.assign(objects, { generation, drift: 'report' });
          await taken(rig);
          await rig.edit(path, { data: { colour: 'green' } }, 'somebody');
          await rig.hub.until(rig.application, (each) => each.drift?.drifted === 1);
          await rig.assign(objects, { generation, drift: 'off' });
          await rig.hub.until(rig.application, (each) => (each.drift?.drifted ?? 0) === 0);
          expect(dataOf(await rig.get(path))).toEqual({ colour: 'green' });
        }),
      60_000,
    );

    it(
      'puts objects that name no namespace into the one of the application, and takes them along when it changes',
      () =>
        withRig(async (rig) => {
          const { namespace, agentNamespace } = rig.cluster;
          const elsewhere = { ...configMap('elsewhere'), metadata: { name: 'elsewhere', namespace: agentNamespace } };
          const objects = [configMap('settings', { colour: 'blue' }), elsewhere];
          await rig.start();
          const { generation } = await rig.assign(objects);
          await rig.hub.until(rig.application, (each) => each.phase === 'healthy');
          expect(await rig.get(core(rig, 'configmaps', 'settings', namespace))).not.toBeNull();
          expect(await rig.get(core(rig, 'configmaps', 'elsewhere', agentNamespace))).not.toBeNull();
          await rig.assign(objects, { generation, namespace: agentNamespace });
          await rig.live(core(rig, 'configmaps', 'settings', agentNamespace), (live) => live !== null);
          await rig.live(core(rig, 'configmaps', 'settings', namespace), (live) => live === null);
          expect(await rig.get(core(rig, 'configmaps', 'elsewhere', agentNamespace))).not.toBeNull();
          await rig.healthy(await rig.assign(null, { namespace: agentNamespace }));
        }),
      60_000,
    );

    it(
      'asks, applies, corrects and deletes as its service account, and watches and keeps its records as the agent',
      () =>
        withRig(async (rig) => {
          const serviceAccount = 'deployer';
          const user = `system:serviceaccount:${rig.cluster.namespace}:${serviceAccount}`;
          const namespace = rig.cluster.namespace;
          const role = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: serviceAccount, namespace } };
          const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
          const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
          await rig.create(`${rbac}/roles`, { ...role, kind: 'Role', rules });
          await rig.create(`${rbac}/rolebindings`, {
            ...role,
            kind: 'RoleBinding',
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: serviceAccount },
            subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace }],
          });
          await rig.start();
          await rig.healthy(
            await rig.assign([configMap('settings', { colour: 'blue' }), configMap('old')], { serviceAccount }),
          );
          await rig.edit(core(rig, 'configmaps', 'settings'), { data: { colour: 'red' } });
          await rig.live(
            core(rig, 'configmaps', 'settings'),
            (live) => JSON.stringify(dataOf(live)) === '{"colour":"blue"}',
          );
          await rig.healthy(await rig.assign([configMap('settings', { colour: 'green' })], { serviceAccount }));
          await quiet(rig);
          const about = (method: string) =>
            rig.kube.requests.filter(
              (request) => request.method === method && /\/configmaps\/(settings|old)$/.test(request.path),
            );
          for (const method of ['GET', 'PATCH', 'DELETE']) {
            expect(about(method).length).toBeGreaterThan(0);
            expect(new Set(about(method).map(({ asUser }) => asUser))).toEqual(new Set([user]));
          }
          const others = rig.kube.requests.filter(({ path }) => !/\/configmaps\/(settings|old)$/.test(path));
          expect(new Set(others.map(({ asUser }) => asUser))).toEqual(new Set([undefined]));
        }),
      60_000,
    );
  });
}
