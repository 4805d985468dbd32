import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { Rig } from '../agent/rig.js';
import { deployment } from '../agent/samples.js';
import { sharedControlPlane } from './control-plane/shared-control-plane.js';
import { openReal } from './open-real.js';

/** Rules of applying that need a real API server: kubectl itself, admission, what the server fills in. */
describe('what an API server does of its own', () => {
  const plane = sharedControlPlane();

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
  const metadataOf = (live: JsonObject | null) => (live?.['metadata'] ?? {}) as JsonObject;
  const kubectl = async (rig: Rig, args: readonly string[], input?: JsonObject): Promise<void> => {
    const answer = await plane.kubectl([...args, '-n', rig.cluster.namespace], {
      ...(input !== undefined && { input: JSON.stringify(input) }),
    });
    if (answer.code !== 0) throw new Error(answer.stderr);
  };

  it.each([
    ['client-side', ['apply', '-f', '-']],
    ['server-side', ['apply', '--server-side', '-f', '-']],
  ])('takes over what kubectl itself applied %s, with its copy of it, and what Git lacks goes', (_how, args) =>
    withRig(async (rig) => {
      const theirs = deployment('web', 'registry.example/web:0.9', 2);
      const template = ((theirs['spec'] as JsonObject)['template'] as JsonObject)['spec'] as JsonObject;
      const [main] = template['containers'] as [JsonObject];
      const env = [{ name: 'PASSWORD', value: 'in-the-clear' }];
      const containers: JsonObject[] = [
        { ...main, env },
        { name: 'side', image: 'registry.example/side:1' },
      ];
      const spec = {
        ...(theirs['spec'] as JsonObject),
        template: { metadata: { labels: { app: 'web' } }, spec: { containers } },
      };
      await kubectl(rig, args, { ...theirs, spec });
      await rig.start();
      await rig.healthy(await rig.assign([deployment('web')]), 60_000);
      const live = await rig.get(`/apis/apps/v1/namespaces/${rig.cluster.namespace}/deployments/web`);
      const pod = (((live?.['spec'] as JsonObject)['template'] as JsonObject)['spec'] as JsonObject)['containers'];
      expect((pod as readonly JsonObject[]).map((each) => each['name'])).toEqual(['main']);
      expect(JSON.stringify(live)).not.toContain('in-the-clear');
      expect(JSON.stringify(live)).not.toContain('last-applied');
      const managers = (metadataOf(live)['managedFields'] as readonly JsonObject[]).map((each) => each['manager']);
      expect(managers.filter((each) => typeof each === 'string' && each.startsWith('kubectl'))).toEqual([]);
    }),
  );

  it('leaves what kubectl restarted and does not undo it', () =>
    withRig(async (rig) => {
      await rig.start();
      await rig.healthy(await rig.assign([deployment('web')]), 60_000);
      await kubectl(rig, ['rollout', 'restart', 'deployment/web']);
      await rig.hub.until(rig.application, (each) => each.phase === 'healthy', 60_000);
      await rig.healthy(await rig.assign([deployment('web', 'registry.example/web:2')]), 60_000);
      const live = await rig.get(`/apis/apps/v1/namespaces/${rig.cluster.namespace}/deployments/web`);
      expect(JSON.stringify(live)).toContain('kubectl.kubernetes.io/restartedAt');
      expect(rig.hub.latest(rig.application)?.drift).toBeUndefined();
    }));

  it.each(['PersistentVolumeClaim', 'CustomResourceDefinition'])(
    'never makes a %s anew, however it is annotated',
    (kind) =>
      withRig(async (rig) => {
        const id = randomBytes(3).toString('hex');
        const [path, before, after] = immutable(kind, id, rig.cluster.namespace);
        await rig.start();
        const first = await rig.assign([before]);
        await rig.hub.until(
          rig.application,
          (each) => each.generation === first.generation && each.runs !== '',
          30_000,
        );
        const { uid } = metadataOf(await rig.get(path));
        expect(uid).toBeDefined();
        const { generation } = await rig.assign([after]);
        const report = await rig.hub.until(
          rig.application,
          (each) => each.generation === generation && each.phase === 'failed',
          30_000,
        );
        expect(report.findings[0]).toMatchObject({ kind });
        expect(metadataOf(await rig.get(path))['uid']).toBe(uid);
        expect(rig.kube.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
        await rig.assign(null);
        await rig.live(path, (live) => live === null || metadataOf(live)['deletionTimestamp'] !== undefined, 30_000);
      }),
    90_000,
  );
});

/** Where an object is, how it is at first, and with a field changed that may not be. */
function immutable(kind: string, id: string, namespace: string): readonly [string, JsonObject, JsonObject] {
  const annotations = { 'flotilla.dev/recreate': 'enabled' };
  const metadata = { name: `data-${id}`, annotations };
  if (kind === 'PersistentVolumeClaim') {
    const claim = (volumeName: string): JsonObject => ({
      apiVersion: 'v1',
      kind,
      metadata,
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName },
    });
    const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${metadata.name}`;
    return [path, claim('one'), claim('two')];
  }
  const group = `i${id}.example.com`;
  const definition = (scope: string): JsonObject => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind,
    metadata: { ...metadata, name: `boats.${group}` },
    spec: {
      group,
      scope,
      names: { kind: 'Boat', plural: 'boats', singular: 'boat', listKind: 'BoatList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  });
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/boats.${group}`;
  return [path, definition('Namespaced'), definition('Cluster')];
}
