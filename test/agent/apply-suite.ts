import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { type Rig, rigOn, type SuiteCluster } from './rig.js';
import { configMap, deployment, job, service } from './samples.js';

/** The finer rules of applying; the same on a simulated cluster and on a real one. */
export function describeApplySuite(name: string, openCluster: () => Promise<SuiteCluster>): void {
  describe(`applying on ${name}`, () => {
    const withRig = rigOn(openCluster);
    const inNamespace = (rig: Rig, base: string, plural: string, named: string) =>
      `${base}/namespaces/${rig.cluster.namespace}/${plural}/${named}`;
    const core = (rig: Rig, plural: string, named: string) => inNamespace(rig, '/api/v1', plural, named);
    const deploymentPath = (rig: Rig, named: string) => inNamespace(rig, '/apis/apps/v1', 'deployments', named);

    it('takes over what kubectl applied, so that what Git does not have goes', () =>
      withRig(async (rig) => {
        const annotations = {
          'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"password":"in-the-clear"}}',
        };
        const theirs = {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'settings', annotations },
          data: { colour: 'red', gone: 'yes' },
        };
        await rig.create(`/api/v1/namespaces/${rig.cluster.namespace}/configmaps`, theirs, 'kubectl-client-side-apply');
        await rig.start();
        await rig.healthy(await rig.assign([configMap('settings', { colour: 'blue' })]));
        const live = await rig.get(core(rig, 'configmaps', 'settings'));
        expect(live?.['data']).toEqual({ colour: 'blue' });
        expect(JSON.stringify(live)).not.toContain('in-the-clear');
      }));

    it(
      'makes an object anew for an immutable field only where it asks for that',
      () =>
        withRig(async (rig) => {
          await rig.start();
          await rig.healthy(await rig.assign([job('migrate')]), 20_000);
          const path = inNamespace(rig, '/apis/batch/v1', 'jobs', 'migrate');
          const before = (await rig.get(path))?.['metadata'] as JsonObject;
          const refused = await rig.assign([job('migrate', {}, 'registry.example/job:2')]);
          const report = await rig.hub.until(
            rig.application,
            (each) => each.generation === refused.generation && each.phase === 'failed',
          );
          expect(report.message).toMatch(/field is immutable.*flotilla\.dev\/recreate: enabled/);
          expect(((await rig.get(path))?.['metadata'] as JsonObject)['uid']).toBe(before['uid']);
          const asked = job('migrate', { 'flotilla.dev/recreate': 'enabled' }, 'registry.example/job:2');
          await rig.healthy(await rig.assign([asked]), 30_000);
          const after = (await rig.get(path))?.['metadata'] as JsonObject;
          expect(after['uid']).not.toBe(before['uid']);
        }),
      90_000,
    );

    it(
      'does not run a finished Job again that its TTL removed, after a restart neither',
      () =>
        withRig(async (rig) => {
          await rig.start();
          await rig.healthy(await rig.assign([configMap('settings'), job('migrate')]), 20_000);
          const path = inNamespace(rig, '/apis/batch/v1', 'jobs', 'migrate');
          // The record of what ran to its end follows the report.
          await new Promise((resolve) => setTimeout(resolve, 200));
          await rig.removeWithDependents(path);
          await rig.live(path, (live) => live === null);
          await new Promise((resolve) => setTimeout(resolve, 300));
          expect(await rig.get(path)).toBeNull();
          expect(rig.hub.latest(rig.application)?.phase).toBe('healthy');
          await rig.stop();
          await rig.start();
          await rig.hub.until(rig.application, (each) => each.boot === 2 && each.phase === 'healthy');
          expect(await rig.get(path)).toBeNull();
        }),
      60_000,
    );

    it(
      "leaves replicas that an autoscaler set, and puts a person's scaling back",
      () =>
        withRig(async (rig) => {
          await rig.start();
          await rig.healthy(await rig.assign([deployment('web')]));
          const path = deploymentPath(rig, 'web');
          const replicasOf = (live: JsonObject | null) => (live?.['spec'] as JsonObject | undefined)?.['replicas'];
          await rig.edit(`${path}/scale`, { spec: { replicas: 3 } }, 'kubectl');
          await rig.live(path, (live) => replicasOf(live) === 1);
          await rig.edit(`${path}/scale`, { spec: { replicas: 2 } }, 'kube-controller-manager');
          await new Promise((resolve) => setTimeout(resolve, 300));
          expect(replicasOf(await rig.get(path))).toBe(2);
          await rig.healthy(await rig.assign([deployment('web', 'registry.example/web:2.0')]), 20_000);
          expect(replicasOf(await rig.get(path))).toBe(2);
          expect(rig.hub.latest(rig.application)?.drift?.drifted ?? 0).toBe(0);
        }),
      60_000,
    );

    it(
      'applies a namespace, a definition and its objects from one bundle, and withdraws them in reverse',
      () =>
        withRig(async (rig) => {
          const id = randomBytes(3).toString('hex');
          const group = `g${id}.example.com`;
          const definition = {
            apiVersion: 'apiextensions.k8s.io/v1',
            kind: 'CustomResourceDefinition',
            metadata: { name: `boats.${group}` },
            spec: {
              group,
              scope: 'Namespaced',
              names: { kind: 'Boat', plural: 'boats', singular: 'boat', listKind: 'BoatList' },
              versions: [
                {
                  name: 'v1',
                  served: true,
                  storage: true,
                  schema: {
                    openAPIV3Schema: {
                      type: 'object',
                      properties: { spec: { type: 'object', properties: { sails: { type: 'integer' } } } },
                    },
                  },
                },
              ],
            },
          };
          const fleet = `fleet-${id}`;
          const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: fleet } };
          const boat = {
            apiVersion: `${group}/v1`,
            kind: 'Boat',
            metadata: { name: 'ann', namespace: fleet },
            spec: { sails: 2 },
          };
          await rig.start();
          await rig.healthy(await rig.assign([boat, definition, namespace]), 20_000);
          const path = `/apis/${group}/v1/namespaces/${fleet}/boats/ann`;
          expect(await rig.get(path)).toMatchObject({ spec: { sails: 2 } });
          await rig.edit(path, { spec: { sails: 5 } });
          await rig.live(path, (live) => ((live?.['spec'] as JsonObject)['sails'] as number) === 2);
          await rig.healthy(await rig.assign(null));
          await rig.live(
            `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/boats.${group}`,
            (live) => live === null,
          );
          const deletions = rig.kube.requests.filter(({ method }) => method === 'DELETE').map(({ path: at }) => at);
          expect(deletions.map((at) => at.split('/').at(-2))).toEqual([
            'boats',
            'customresourcedefinitions',
            'namespaces',
          ]);
        }),
      60_000,
    );

    it(
      'keeps a bundle that no single Secret can hold, and enforces it after a restart without the hub',
      () =>
        withRig(async (rig) => {
          // Nothing that gzip can make small.
          const large = (named: string) => configMap(named, { blob: randomBytes(330_000).toString('base64') });
          const objects = [large('a'), large('b'), large('c'), service('web')];
          await rig.start();
          await rig.healthy(await rig.assign(objects), 30_000);
          await new Promise((resolve) => setTimeout(resolve, 200));
          await rig.stop();
          rig.bus.stop();
          await rig.remove(core(rig, 'configmaps', 'b'));
          await rig.start();
          await rig.live(core(rig, 'configmaps', 'b'), (live) => live !== null, 20_000);
          await rig.stop();
          rig.bus.start();
          await rig.start();
          await rig.healthy(await rig.assign([service('web')], { maxDeletions: 3 }), 20_000);
          const chunks = async () => {
            const list = await rig.get(`/api/v1/namespaces/${rig.cluster.agentNamespace}/secrets`);
            return (list?.['items'] as readonly JsonObject[]).filter((each) => JSON.stringify(each).includes('"chunk"'))
              .length;
          };
          for (let tries = 0; (await chunks()) > 0; tries += 1) {
            expect(tries).toBeLessThan(50);
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
        }),
      90_000,
    );

    it('refuses kinds that the cluster does not serve, and objects of the agent itself, and applies nothing then', () =>
      withRig(async (rig) => {
        await rig.start();
        const unknown = { apiVersion: 'nobody.example.com/v1', kind: 'Nothing', metadata: { name: 'x' } };
        const own = {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'flotilla-agent-identity', namespace: rig.cluster.agentNamespace },
          data: {},
        };
        const { generation } = await rig.assign([configMap('settings'), unknown, own]);
        const report = await rig.hub.until(
          rig.application,
          (each) => each.generation === generation && each.phase === 'failed',
        );
        expect(report.findings.map(({ reason }) => reason).sort()).toEqual(['Forbidden', 'NoSuchKind']);
        expect(await rig.get(core(rig, 'configmaps', 'settings'))).toBeNull();
      }));

    it(
      'changes nothing at a second pass over objects that the API server fills in and rewrites',
      () =>
        withRig(async (rig) => {
          const odd: JsonObject[] = [
            {
              apiVersion: 'v1',
              kind: 'Pod',
              metadata: { name: 'odd', creationTimestamp: null, annotations: {}, labels: { a: 'b' } },
              spec: {
                containers: [
                  {
                    name: 'main',
                    image: 'registry.example/odd:1',
                    resources: { limits: { cpu: '1000m', memory: '1024Mi' }, requests: { cpu: 0.5 } },
                    env: [{ name: 'EMPTY', value: '' }],
                    ports: [{ containerPort: 80 }],
                  },
                ],
              },
              status: {},
            },
            { ...service('web'), spec: { ports: [{ port: 80 }], selector: {} } },
            {
              apiVersion: 'v1',
              kind: 'Secret',
              metadata: { name: 'odd' },
              stringData: { a: 'b' },
              data: { c: 'ZA==' },
            },
          ];
          await rig.start();
          await rig.healthy(await rig.assign(odd), 20_000);
          const versions = async () =>
            await Promise.all(
              [core(rig, 'services', 'web'), core(rig, 'secrets', 'odd')].map(
                async (path) => ((await rig.get(path))?.['metadata'] as JsonObject)['resourceVersion'],
              ),
            );
          const before = await versions();
          await rig.stop();
          rig.kube.requests = [];
          await rig.start();
          await rig.hub.until(rig.application, (each) => each.boot === 2 && each.phase === 'healthy');
          expect(rig.kube.writes(rig.cluster.agentNamespace)).toEqual([]);
          expect(await versions()).toEqual(before);
        }),
      60_000,
    );
  });
}
