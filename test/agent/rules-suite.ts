import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { type Rig, rigOn, type SuiteCluster } from './rig.js';
import { configMap, deployment, secret, service } from './samples.js';

const SYNC_WAVE = 'flotilla.dev/sync-wave';

/** The rules by which objects are written and deleted, one by one. */
export function describeRulesSuite(name: string, openCluster: () => Promise<SuiteCluster>): void {
  describe(`the rules of applying on ${name}`, () => {
    const withRig = rigOn(openCluster);
    const core = (rig: Rig, plural: string, named: string) =>
      `/api/v1/namespaces/${rig.cluster.namespace}/${plural}/${named}`;
    const failed = (rig: Rig, generation: number) =>
      rig.hub.until(rig.application, (each) => each.generation === generation && each.phase === 'failed', 30_000);
    const writes = (rig: Rig) => rig.kube.writes(rig.cluster.agentNamespace);
    /** `plural/name` of each write, in order of their start. */
    const written = (rig: Rig) => writes(rig).map(({ path }) => path.split('/').slice(-2).join('/'));
    const annotated = (object: JsonObject, annotations: JsonObject): JsonObject => ({
      ...object,
      metadata: { ...(object['metadata'] as JsonObject), annotations },
    });

    it(
      'writes stage by stage: what others need, then classes, then the rest in waves, webhooks at the end',
      () =>
        withRig(async (rig) => {
          const id = randomBytes(3).toString('hex');
          const { namespace } = rig.cluster;
          const group = `w${id}.example.com`;
          const named = (apiVersion: string, kind: string, rest: JsonObject): JsonObject => ({
            apiVersion,
            kind,
            metadata: { name: `a-${id}` },
            ...rest,
          });
          const rbac = 'rbac.authorization.k8s.io/v1';
          const wave = (name: string, at: string) => annotated(configMap(name), { [SYNC_WAVE]: at });
          const objects: JsonObject[] = [
            // Would refuse everything of this namespace, were it there before the rest.
            named('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', {
              webhooks: [
                {
                  name: `no.${group}`,
                  clientConfig: { url: 'https://127.0.0.1:1/' },
                  rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['*'] }],
                  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
                  admissionReviewVersions: ['v1'],
                  sideEffects: 'None',
                  timeoutSeconds: 1,
                },
              ],
            }),
            wave('last', '5'),
            wave('first', '-1'),
            deployment('web'),
            configMap('middle'),
            service('web'),
            named('scheduling.k8s.io/v1', 'PriorityClass', { value: 10 }),
            named(rbac, 'ClusterRoleBinding', {
              roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `a-${id}` },
              subjects: [],
            }),
            named(rbac, 'ClusterRole', { rules: [] }),
            {
              apiVersion: 'apiextensions.k8s.io/v1',
              kind: 'CustomResourceDefinition',
              metadata: { name: `boats.${group}` },
              spec: {
                group,
                scope: 'Namespaced',
                names: { kind: 'Boat', plural: 'boats', singular: 'boat', listKind: 'BoatList' },
                versions: [
                  { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
                ],
              },
            },
            { apiVersion: `${group}/v1`, kind: 'Boat', metadata: { name: 'ann' } },
            { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `ns-${id}` } },
            { ...configMap('inside'), metadata: { name: 'inside', namespace: `ns-${id}` } },
          ];
          await rig.start();
          await rig.healthy(await rig.assign(objects), 60_000);
          const order = written(rig);
          const stage = (...names: string[]) => names.map((each) => order.indexOf(each));
          const stages = [
            stage(
              `namespaces/ns-${id}`,
              `customresourcedefinitions/boats.${group}`,
              `clusterroles/a-${id}`,
              `clusterrolebindings/a-${id}`,
            ),
            stage(`priorityclasses/a-${id}`),
            stage('configmaps/first'),
            stage('configmaps/middle', 'services/web', 'boats/ann', 'deployments/web', 'configmaps/inside'),
            stage('configmaps/last'),
            stage(`validatingwebhookconfigurations/a-${id}`),
          ];
          expect(stages.flat()).not.toContain(-1);
          stages.slice(1).forEach((each, at) => {
            expect(Math.min(...each)).toBeGreaterThan(Math.max(...(stages[at] ?? [])));
          });
          // Within a stage what others refer to comes first.
          const [middle, web, , deployed] = stages[3] as [number, number, number, number];
          expect([middle, web, deployed]).toEqual([middle, web, deployed].sort((a, b) => a - b));
          rig.kube.requests = [];
          await rig.healthy(await rig.assign(null), 60_000);
          // The webhook that refuses everything goes first: it is the first in the reverse order.
          expect(written(rig)[0]).toBe(`validatingwebhookconfigurations/a-${id}`);
          expect(written(rig).at(-1)).toBe(`namespaces/ns-${id}`);
        }),
      120_000,
    );

    it('records old and new together before the first write, so that a crash leaves no orphan', () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(await rig.assign([configMap('old'), configMap('kept')]));
        rig.kube.requests = [];
        await rig.healthy(await rig.assign([configMap('kept', { v: '2' }), configMap('new')]));
        const record = `/secrets/flotilla-app-${rig.application}`;
        const acts = rig.kube.requests.filter(
          ({ method, query }) => method !== 'GET' && query?.['dryRun'] === undefined,
        );
        const recorded = acts.findIndex(({ path }) => path.endsWith(record));
        const first = acts.findIndex(({ path }) => path.includes('/configmaps/'));
        expect(recorded).toBeGreaterThanOrEqual(0);
        expect(recorded).toBeLessThan(first);
        const { data } = acts[recorded]?.body as { data: { record: string } };
        const { inventory } = JSON.parse(Buffer.from(data.record, 'base64').toString()) as {
          inventory: readonly { readonly name: string }[];
        };
        expect(inventory.map((entry) => entry.name).sort()).toEqual(['kept', 'new', 'old']);
      }));

    it('writes nothing of a stage in which the API server refuses one object, and tells of all that it refuses', () =>
      withRig(async (rig) => {
        await rig.start();
        const before = [configMap('settings', { v: '1' }), deployment('web'), deployment('api')];
        await rig.healthy(await rig.assign(before));
        rig.kube.requests = [];
        const broken = (named: string): JsonObject => {
          const { spec, ...rest } = deployment(named) as { readonly spec: JsonObject };
          return { ...rest, spec: { ...spec, template: { metadata: { labels: { app: named } } } } };
        };
        const { generation } = await rig.assign([configMap('settings', { v: '2' }), broken('web'), broken('api')]);
        const report = await failed(rig, generation);
        expect(report.findings.map((finding) => finding.name).sort()).toEqual(['api', 'web']);
        for (const { message } of report.findings) {
          expect(message).toContain('spec.template.spec.containers: Required value');
        }
        expect(writes(rig)).toEqual([]);
        expect(await rig.get(core(rig, 'configmaps', 'settings'))).toMatchObject({ data: { v: '1' } });
      }));

    it('begins no later stage after one in which something could not be made', () =>
      withRig(async (rig) => {
        await rig.start();
        const wave = (object: JsonObject, at: string) => annotated(object, { [SYNC_WAVE]: at });
        const { generation } = await rig.assign([
          wave(configMap('before'), '0'),
          wave(configMap('Not_A_Name'), '1'),
          wave(configMap('beside'), '1'),
          wave(configMap('after'), '2'),
        ]);
        const report = await failed(rig, generation);
        expect(report.findings.map((finding) => finding.name)).toEqual(['Not_A_Name']);
        expect(await rig.get(core(rig, 'configmaps', 'before'))).not.toBeNull();
        expect(await rig.get(core(rig, 'configmaps', 'after'))).toBeNull();
      }));

    it(
      'deletes what a release no longer has only once the rest is healthy',
      () =>
        withRig(async (rig) => {
          await rig.start();
          await rig.healthy(await rig.assign([deployment('web'), configMap('old')]), 30_000);
          const { generation } = await rig.assign([deployment('web', 'registry.example/web:bad')]);
          await failed(rig, generation);
          expect(await rig.get(core(rig, 'configmaps', 'old'))).not.toBeNull();
          await rig.healthy(await rig.assign([deployment('web', 'registry.example/web:1.1')]), 60_000);
          expect(await rig.get(core(rig, 'configmaps', 'old'))).toBeNull();
        }),
      120_000,
    );

    it(
      'lets no value of a Secret out, in whatever way it is touched: not in reports, not in logs, not in heartbeats',
      () =>
        withRig(async (rig) => {
          const values = ['first-password-1', 'second-password-2', 'by-hand-password-3', 'left-behind-password-4'];
          const [first = '', second = '', byHand = '', behind = ''] = values;
          const encode = (text: string) => Buffer.from(text).toString('base64');
          // As kubectl leaves it: the values are in an annotation, too.
          const lastApplied = JSON.stringify({ stringData: { old: behind } });
          await rig.create(
            `/api/v1/namespaces/${rig.cluster.namespace}/secrets`,
            {
              ...secret('keys', { old: behind }),
              metadata: {
                name: 'keys',
                annotations: { 'kubectl.kubernetes.io/last-applied-configuration': lastApplied },
              },
            },
            'kubectl-client-side-apply',
          );
          await rig.start();
          await rig.healthy(await rig.assign([secret('keys', { token: first })]));
          const taken = JSON.stringify(await rig.get(core(rig, 'secrets', 'keys')));
          for (const text of [behind, encode(behind), 'last-applied']) expect(taken).not.toContain(text);
          await rig.edit(core(rig, 'secrets', 'keys'), { stringData: { token: byHand, extra: byHand } });
          await rig.live(
            core(rig, 'secrets', 'keys'),
            (live) => JSON.stringify(live?.['data']) === JSON.stringify({ token: encode(first) }),
          );
          await rig.healthy(await rig.assign([secret('keys', { token: first })], { drift: 'report' }));
          await rig.edit(core(rig, 'secrets', 'keys'), { stringData: { token: byHand } });
          await rig.hub.until(rig.application, (each) => each.drift?.drifted === 1);
          // Refused, with the value in what the API server says.
          const odd: JsonObject = { ...secret('odd', {}), data: { token: `${second}!` } };
          const { generation } = await rig.assign([secret('keys', { token: first }), odd]);
          await rig.hub.until(
            rig.application,
            (each) => each.generation === generation && each.phase !== 'progressing',
          );
          const out = JSON.stringify([rig.hub.reports, rig.hub.heartbeats]) + rig.log.join('');
          for (const value of values) {
            expect(out).not.toContain(value);
            expect(out).not.toContain(encode(value));
          }
          // What the cluster itself remembers is in Secrets alone, and no text there.
          const list = await rig.get(`/api/v1/namespaces/${rig.cluster.agentNamespace}/secrets`);
          for (const value of values) expect(JSON.stringify(list)).not.toContain(value);
          const maps = await rig.get(`/api/v1/namespaces/${rig.cluster.agentNamespace}/configmaps`);
          for (const value of values) expect(JSON.stringify(maps)).not.toContain(value);
        }),
      60_000,
    );
  });
}
