import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import type { Kube } from '#ports';
import { type Rig, rigOn, type SuiteCluster } from './rig.js';
import { configMap, deployment, service } from './samples.js';

const main: JsonObject = { name: 'main', image: 'registry.example/web:1.0' };

/** How what others did to an object is mended, and what is left to them. */
export function describeMendSuite(name: string, openCluster: () => Promise<SuiteCluster>): void {
  describe(`mending on ${name}`, () => {
    const withRig = rigOn(openCluster);
    const core = (rig: Rig, plural: string, named: string) =>
      `/api/v1/namespaces/${rig.cluster.namespace}/${plural}/${named}`;
    const uidOf = (live: JsonObject | null) => (live?.['metadata'] as JsonObject | undefined)?.['uid'];
    const portsOf = (live: JsonObject | null) =>
      ((live?.['spec'] as JsonObject | undefined)?.['ports'] as readonly JsonObject[] | undefined) ?? [];

    it(
      'takes over what kubectl applied also where somebody changes it at that very moment',
      () =>
        withRig(async (rig) => {
          const path = `/apis/apps/v1/namespaces/${rig.cluster.namespace}/deployments`;
          const { spec, ...rest } = deployment('web') as { readonly spec: JsonObject };
          const two = [main, { name: 'side', image: 'registry.example/side:1' }];
          const template = { metadata: { labels: { app: 'web' } }, spec: { containers: two } };
          await rig.create(path, { ...rest, spec: { ...spec, template } }, 'kubectl-client-side-apply');
          let isChanged = false;
          const kube: Kube = {
            request: async (request) => {
              const isTaking = request.contentType === 'application/merge-patch+json' && request.path === `${path}/web`;
              if (isTaking && !isChanged) {
                isChanged = true;
                await rig.edit(`${path}/web`, { metadata: { annotations: { seen: 'yes' } } }, 'somebody');
              }
              return await rig.kube.request(request);
            },
            watch: (request) => rig.kube.watch(request),
            close: () => undefined,
          };
          await rig.start({ kube });
          await rig.healthy(await rig.assign([deployment('web')]), 60_000);
          const live = await rig.get(`${path}/web`);
          expect(JSON.stringify(live)).not.toContain('registry.example/side:1');
          expect(isChanged).toBe(true);
        }),
      90_000,
    );

    it(
      'does not take back what was given to another application, and tells whose it is',
      () =>
        withRig(async (rig) => {
          await rig.start();
          await rig.healthy(await rig.assign([configMap('settings', { colour: 'blue' }), configMap('other')]));
          const path = core(rig, 'configmaps', 'settings');
          await rig.edit(path, {
            metadata: { labels: { 'flotilla.dev/application': 'somebody-else' } },
            data: { colour: 'red' },
          });
          const report = await rig.hub.until(rig.application, (each) => each.phase === 'failed', 30_000);
          expect(report.findings[0]).toMatchObject({ kind: 'ConfigMap', name: 'settings' });
          expect(report.findings[0]?.message).toContain('it belongs to the application somebody-else');
          expect(await rig.get(path)).toMatchObject({ data: { colour: 'red' } });
          // Without any label it is nobody's, and put back.
          await rig.edit(path, { metadata: { labels: null } });
          await rig.live(path, (live) => JSON.stringify(live?.['data']) === '{"colour":"blue"}', 30_000);
          await rig.hub.until(rig.application, (each) => each.phase === 'healthy', 30_000);
        }),
      90_000,
    );

    it.each([
      ['by hand, as kubectl does it', 'kubectl-patch'],
      ['by a program that is not kubectl', 'port-mover'],
    ])(
      'mends a Service whose port was replaced by another of the same name %s',
      (_how, manager) =>
        withRig(async (rig) => {
          await rig.start();
          await rig.healthy(await rig.assign([service('web')]));
          const path = core(rig, 'services', 'web');
          const before = await rig.get(path);
          const others = { metadata: { annotations: { note: "somebody's" } }, spec: { sessionAffinity: 'ClientIP' } };
          await rig.edit(path, others, 'somebody');
          const theirs = [
            { name: 'http', port: 81, protocol: 'TCP', targetPort: 8081 },
            { name: 'metrics', port: 9090, protocol: 'TCP', targetPort: 9090 },
          ];
          await rig.edit(path, { spec: { ports: theirs } }, manager);
          const mended = await rig.live(path, (live) => portsOf(live).some(({ port }) => port === 80));
          const ports = portsOf(mended).map(({ name: named, port, targetPort }) => [named, port, targetPort]);
          // What somebody put beside it and does not clash stays, unless it was a person by hand.
          expect(ports.filter(([named]) => named === 'http')).toEqual([['http', 80, 8080]]);
          expect(ports.some(([named]) => named === 'metrics')).toBe(manager === 'port-mover');
          expect(mended).toMatchObject(others);
          expect(uidOf(mended)).toBe(uidOf(before));
          const report = await rig.hub.until(rig.application, (each) => (each.drift?.corrected ?? 0) > 0);
          expect(report).toMatchObject({ drift: { drifted: 0 }, findings: [] });
          // And it stays so: there is nothing left to put back.
          await new Promise((resolve) => setTimeout(resolve, 500));
          expect(rig.hub.latest(rig.application)?.drift?.corrected).toBe(report.drift?.corrected);
        }),
      60_000,
    );

    it('only tells of such a Service where drift is reported', () =>
      withRig(async (rig) => {
        await rig.start();
        await rig.healthy(await rig.assign([service('web')], { drift: 'report' }));
        const path = core(rig, 'services', 'web');
        const ports = [{ name: 'http', port: 81, protocol: 'TCP', targetPort: 8081 }];
        await rig.edit(path, { spec: { ports } }, 'port-mover');
        const report = await rig.hub.until(rig.application, (each) => each.drift?.drifted === 1);
        expect(report.drift?.fields?.join()).toContain('spec.ports[]');
        expect(portsOf(await rig.get(path)).map(({ port }) => port)).toEqual([81]);
      }));
  });
}
