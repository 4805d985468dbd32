import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';

import type { JsonObject } from '#domain';

import { describeKubeControllers } from './kube-controllers-contract-suite.js';
import type { Kube, KubeRequest, KubeResponse, KubeWatchEvent } from '../kube.js';

/** What a webhook does with an object: it refuses it, changes it by a JSON patch, or lets it be. */
export type WebhookHandler = (object: JsonObject) => { readonly deny?: string; readonly patch?: readonly JsonObject[] };

export interface KubeHarness {
  readonly kube: Kube;
  /** A server that the cluster can call; it refuses with the code 403. */
  serveWebhook(
    handler: WebhookHandler,
  ): Promise<{ readonly clientConfig: JsonObject; readonly close: () => Promise<void> }>;
  close(): Promise<void>;
}

/** As loose as what comes over the wire: a wrong guess fails the test that made it. */
type Loose = ReturnType<typeof JSON.parse>;

interface Live {
  metadata: {
    name: string;
    uid: string;
    resourceVersion: string;
    generation?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
    deletionTimestamp?: string;
    managedFields?: { manager: string; operation: string; subresource?: string; fieldsV1: Record<string, unknown> }[];
    ownerReferences?: { uid: string }[];
    continue?: string;
  };
  /** Of a list. */
  items: Live[];
  [key: string]: Loose;
}

const apply = 'application/apply-patch+yaml';
const partialList = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
const partial = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

/**
 * What the agent relies on of a Kubernetes API, held against the simulated one and a real one alike.
 * Workloads' Pods behave as the tags of their images say in both.
 */
export function describeKubeContract(name: string, open: () => Promise<KubeHarness>): void {
  describeKubeControllers(name, open);
  describe(`${name} keeps to the contract of a Kube`, () => {
    let harness: KubeHarness;
    let kube: Kube;
    let namespace: string;
    const made: string[] = [];

    beforeAll(async () => {
      harness = await open();
      kube = harness.kube;
    }, 120_000);
    afterAll(async () => {
      for (const each of made) await kube.request({ method: 'DELETE', path: `/api/v1/namespaces/${each}` });
      await harness?.close();
    });
    beforeEach(async () => {
      namespace = `suite-${randomBytes(4).toString('hex')}`;
      made.push(namespace);
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
      expect((await kube.request({ method: 'POST', path: '/api/v1/namespaces', body })).status).toBe(201);
    });

    const core = (plural: string, object?: string): string =>
      `/api/v1/namespaces/${namespace}/${plural}${object === undefined ? '' : `/${object}`}`;
    const apps = (plural: string, object?: string): string =>
      `/apis/apps/v1/namespaces/${namespace}/${plural}${object === undefined ? '' : `/${object}`}`;

    function live(response: KubeResponse): Live {
      return response.body as unknown as Live;
    }
    async function send(request: KubeRequest, status: number): Promise<Live> {
      const response = await kube.request(request);
      expect([response.status, response.body['message']]).toEqual([
        status,
        response.status < 400 ? undefined : expect.any(String),
      ]);
      return live(response);
    }
    async function get(path: string, query?: Record<string, string>): Promise<Live> {
      return send({ method: 'GET', path, ...(query === undefined ? {} : { query }) }, 200);
    }
    function applyRequest(
      path: string,
      body: JsonObject,
      manager = 'suite',
      query: Record<string, string> = {},
    ): KubeRequest {
      return { method: 'PATCH', path, contentType: apply, query: { fieldManager: manager, ...query }, body };
    }
    async function applied(
      path: string,
      body: JsonObject,
      manager?: string,
      query?: Record<string, string>,
    ): Promise<Live> {
      const response = await kube.request(applyRequest(path, body, manager, query));
      expect([200, 201, response.body['message']]).toContain(response.status);
      return live(response);
    }
    function configMap(data: Record<string, string>, metadata: JsonObject = {}, objectName = 'settings'): JsonObject {
      return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: objectName, namespace, ...metadata }, data };
    }
    function deployment(image: string, replicas = 2, more: JsonObject = {}): JsonObject {
      return {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace },
        spec: {
          replicas,
          selector: { matchLabels: { app: 'web' } },
          template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image, ...more }] } },
        },
      };
    }
    async function until(path: string, fits: (object: Live) => boolean, withinMs = 20_000): Promise<Live> {
      const end = Date.now() + withinMs;
      for (;;) {
        const response = await kube.request({ method: 'GET', path });
        if (response.status === 200 && fits(live(response))) return live(response);
        if (Date.now() > end)
          throw new Error(`${path} never came to be so: ${JSON.stringify(response.body).slice(0, 2000)}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    }
    async function untilGone(path: string): Promise<void> {
      const end = Date.now() + 20_000;
      while ((await kube.request({ method: 'GET', path })).status !== 404) {
        if (Date.now() > end) throw new Error(`${path} never went`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    }
    /** The first events that a watch tells, until `enough` says so. */
    async function watched(
      path: string,
      query: Record<string, string>,
      enough: (events: KubeWatchEvent[]) => boolean,
      accept?: string,
    ): Promise<KubeWatchEvent[]> {
      const ending = new AbortController();
      const timer = setTimeout(() => ending.abort(), 10_000);
      const events: KubeWatchEvent[] = [];
      try {
        for await (const event of kube.watch({
          path,
          query,
          signal: ending.signal,
          ...(accept === undefined ? {} : { accept }),
        })) {
          events.push(event);
          if (enough(events)) break;
        }
      } finally {
        clearTimeout(timer);
        ending.abort();
      }
      return events;
    }
    const nameOf = (event: KubeWatchEvent): string => (event.object as unknown as Live).metadata.name;

    describe('discovery', () => {
      it('tells its version, its groups and what they serve', async () => {
        expect((await get('/version'))['gitVersion']).toMatch(/^v1\.\d+\.\d+/);
        const groups = (await get('/apis'))['groups'] as { name: string; preferredVersion: { groupVersion: string } }[];
        expect(groups.find((group) => group.name === 'apps')?.preferredVersion.groupVersion).toBe('apps/v1');
        const resources = (await get('/apis/apps/v1'))['resources'] as JsonObject[];
        expect(resources.find((each) => each['name'] === 'deployments')).toMatchObject({
          kind: 'Deployment',
          namespaced: true,
          verbs: expect.arrayContaining(['get', 'list', 'watch', 'patch', 'delete']),
        });
        expect(resources.map((each) => each['name'])).toContain('deployments/scale');
        expect(((await get('/api/v1'))['resources'] as JsonObject[]).map((each) => each['name'])).toContain(
          'configmaps',
        );
      });

      it('tells all at once where that is asked for', async () => {
        const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
        const found = await send({ method: 'GET', path: '/apis', accept }, 200);
        const group = found.items.find((each) => each.metadata.name === 'apps');
        expect(group?.['versions'][0]['version']).toBe('v1');
        const resource = (group?.['versions'][0]['resources'] as JsonObject[]).find(
          (each) => each['resource'] === 'deployments',
        );
        expect(resource).toMatchObject({ scope: 'Namespaced', responseKind: { kind: 'Deployment' } });
      });

      it('calls each of its documents by the SHA-512 of the bytes, which it hands over as they are', async () => {
        const paths = (await get('/openapi/v3'))['paths'] as Record<string, { serverRelativeURL: string }>;
        for (const each of ['api/v1', 'apis/apps/v1', 'apis/apiextensions.k8s.io/v1']) {
          const hash = createHash('sha512');
          const sink = (bytes: Uint8Array): void => void hash.update(bytes);
          const answer = await kube.request({ method: 'GET', path: `/openapi/v3/${each}`, sink });
          expect(answer).toEqual({ status: 200, body: {} });
          expect(paths[each]?.serverRelativeURL).toBe(`/openapi/v3/${each}?hash=${hash.digest('hex').toUpperCase()}`);
        }
      });

      it('answers 404 for what it does not serve', async () => {
        expect((await kube.request({ method: 'GET', path: '/apis/nowhere.example.com/v1' })).status).toBe(404);
        expect((await kube.request({ method: 'GET', path: '/apis/apps/v1/unheardof' })).status).toBe(404);
      });
    });

    describe('reading', () => {
      it('answers a Status with its reason for what is not there', async () => {
        const answer = await kube.request({ method: 'GET', path: core('configmaps', 'none') });
        expect(answer).toMatchObject({ status: 404, body: { kind: 'Status', reason: 'NotFound', code: 404 } });
        expect(answer.body['message']).toBe('configmaps "none" not found');
      });

      it('lists in pages, by labels, by name, or the metadata alone', async () => {
        for (const each of ['a', 'b', 'c']) {
          await applied(core('configmaps', each), configMap({ k: each }, { labels: { letter: each } }, each));
        }
        const byLabel = await get(core('configmaps'), { labelSelector: 'letter in (a,c)' });
        expect(byLabel['kind']).toBe('ConfigMapList');
        expect(byLabel.items.map((each) => each.metadata.name)).toEqual(['a', 'c']);
        expect(byLabel.items[0]?.['kind']).toBeUndefined();
        const absent = await get(core('configmaps'), { labelSelector: 'letter!=a,letter' });
        expect(absent.items.map((each) => each.metadata.name)).toEqual(['b', 'c']);
        const named = await get(core('configmaps'), { fieldSelector: 'metadata.name=b' });
        expect(named.items.map((each) => each['data']['k'])).toEqual(['b']);

        const first = await get(core('configmaps'), { limit: '2', labelSelector: 'letter' });
        expect(first.items).toHaveLength(2);
        const second = await get(core('configmaps'), {
          limit: '2',
          labelSelector: 'letter',
          continue: first.metadata.continue ?? '',
        });
        expect(second.items.map((each) => each.metadata.name)).toEqual(['c']);
        expect(second.metadata.continue).toBeUndefined();

        const slim = await send(
          { method: 'GET', path: core('configmaps'), accept: partialList, query: { labelSelector: 'letter=a' } },
          200,
        );
        expect(slim).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
        expect(slim.items[0]).toMatchObject({ metadata: { name: 'a', labels: { letter: 'a' } } });
        expect(slim.items[0]?.['data']).toBeUndefined();
        const one = await send({ method: 'GET', path: core('configmaps', 'a'), accept: partial }, 200);
        expect([one['kind'], one['data'], one.metadata.name]).toEqual(['PartialObjectMetadata', undefined, 'a']);
      });

      it('refuses a selector that it cannot read', async () => {
        expect(
          (await kube.request({ method: 'GET', path: core('configmaps'), query: { labelSelector: 'a in (' } })).status,
        ).toBe(400);
      });
    });

    describe('writing', () => {
      it('creates once, and says 409 AlreadyExists after that', async () => {
        const created = await send({ method: 'POST', path: core('configmaps'), body: configMap({ a: '1' }) }, 201);
        expect(created).toMatchObject({
          kind: 'ConfigMap',
          apiVersion: 'v1',
          metadata: { name: 'settings', namespace },
        });
        expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
        const again = await kube.request({ method: 'POST', path: core('configmaps'), body: configMap({}) });
        expect(again).toMatchObject({ status: 409, body: { reason: 'AlreadyExists' } });
      });

      it('makes up a name where one is asked for', async () => {
        const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'made-' } };
        expect((await send({ method: 'POST', path: core('configmaps'), body }, 201)).metadata.name).toMatch(
          /^made-.{5}$/,
        );
      });

      it('replaces only the version that the client saw', async () => {
        const created = await send({ method: 'POST', path: core('configmaps'), body: configMap({ a: '1' }) }, 201);
        const path = core('configmaps', 'settings');
        const seen = { resourceVersion: created.metadata.resourceVersion };
        const updated = await send({ method: 'PUT', path, body: configMap({ a: '2' }, seen) }, 200);
        expect(updated['data']).toEqual({ a: '2' });
        expect(updated.metadata.uid).toBe(created.metadata.uid);
        const stale = await kube.request({ method: 'PUT', path, body: configMap({ a: '3' }, seen) });
        expect(stale).toMatchObject({ status: 409, body: { reason: 'Conflict' } });
      });

      it('merges a merge patch, null taking away', async () => {
        await send({ method: 'POST', path: core('configmaps'), body: configMap({ a: '1', b: '2' }) }, 201);
        const contentType = 'application/merge-patch+json';
        const body = { data: { a: null, c: '3' } };
        const patched = await send({ method: 'PATCH', path: core('configmaps', 'settings'), contentType, body }, 200);
        expect(patched['data']).toEqual({ b: '2', c: '3' });
      });

      it('refuses to write into a namespace that is not there', async () => {
        const path = '/api/v1/namespaces/nowhere-at-all/configmaps';
        const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'nowhere-at-all' } };
        const created = await kube.request({ method: 'POST', path, body });
        expect(created).toMatchObject({ status: 404, body: { message: 'namespaces "nowhere-at-all" not found' } });
        expect((await kube.request(applyRequest(`${path}/x`, body))).status).toBe(404);
      });

      it('names each field at fault', async () => {
        const bad = { ...deployment('web:1') };
        const spec = {
          selector: { matchLabels: { app: 'other' } },
          template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web' }] } },
        };
        const answer = await kube.request(applyRequest(apps('deployments', 'web'), { ...bad, spec }));
        expect(answer).toMatchObject({ status: 422, body: { reason: 'Invalid' } });
        const causes = (answer.body as unknown as { details: { causes: { field: string }[] } }).details.causes;
        expect(causes.map((cause) => cause.field).sort()).toEqual([
          'spec.template.metadata.labels',
          'spec.template.spec.containers[0].image',
        ]);
        const named = await kube.request(
          applyRequest(core('configmaps', 'Not_A_Name'), configMap({}, {}, 'Not_A_Name')),
        );
        expect(named.status).toBe(422);
      });

      it('refuses a body of another kind or name than its path', async () => {
        const path = core('configmaps', 'settings');
        expect(
          (
            await kube.request({
              method: 'PATCH',
              path,
              contentType: apply,
              query: { fieldManager: 'suite' },
              body: { ...configMap({}), kind: 'Secret' },
            })
          ).status,
        ).toBe(400);
        expect((await kube.request(applyRequest(path, configMap({}, { name: 'other' })))).status).toBe(400);
      });

      it('keeps what is immutable', async () => {
        await applied(apps('deployments', 'web'), deployment('web:1', 1));
        const moved = deployment('web:1', 1) as unknown as Live;
        moved['spec'].selector = { matchLabels: { app: 'web', more: 'x' } };
        moved['spec'].template.metadata.labels.more = 'x';
        const answer = await kube.request(applyRequest(apps('deployments', 'web'), moved));
        expect(answer).toMatchObject({
          status: 422,
          body: { reason: 'Invalid', message: expect.stringMatching(/field is immutable/) },
        });

        const frozen = { ...configMap({ a: '1' }), immutable: true };
        await applied(core('configmaps', 'settings'), frozen);
        const changed = await kube.request(
          applyRequest(core('configmaps', 'settings'), { ...frozen, data: { a: '2' } }),
        );
        expect(changed).toMatchObject({ status: 422, body: { message: expect.stringMatching(/immutable/) } });
      });

      it('fills in what a client leaves out', async () => {
        const service = {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'web', namespace },
          spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
        };
        const { spec } = await applied(core('services', 'web'), service);
        expect(spec).toMatchObject({
          type: 'ClusterIP',
          clusterIP: expect.any(String),
          ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
        });
        const made = await applied(apps('deployments', 'web'), deployment('web:1', 1));
        expect(made['spec']).toMatchObject({
          progressDeadlineSeconds: 600,
          revisionHistoryLimit: 10,
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
          template: {
            spec: {
              restartPolicy: 'Always',
              containers: [{ imagePullPolicy: 'IfNotPresent', terminationMessagePolicy: 'File' }],
            },
          },
        });
        const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace }, data: { a: 'MQ==' } };
        expect((await applied(core('secrets', 's'), secret))['type']).toBe('Opaque');
      });
    });

    describe('server-side apply', () => {
      it('creates with 201, changes with 200, and moves nothing when nothing changed', async () => {
        const path = apps('deployments', 'web');
        const first = await kube.request(applyRequest(path, deployment('web:1', 1)));
        expect(first.status).toBe(201);
        await until(path, (object) => object['status']?.availableReplicas === 1);
        const before = await get(path);
        const second = await kube.request(applyRequest(path, deployment('web:1', 1)));
        expect(second.status).toBe(200);
        expect(second.body).toEqual(before);
        const third = await applied(path, deployment('web:2', 1));
        expect(third.metadata.generation).toBe(2);
        expect(third.metadata.resourceVersion).not.toBe(before.metadata.resourceVersion);
      });

      it('raises the generation for the spec, and not for labels', async () => {
        const path = apps('deployments', 'web');
        expect((await applied(path, deployment('web:1', 0))).metadata.generation).toBe(1);
        const labelled = { ...deployment('web:1', 0), metadata: { name: 'web', namespace, labels: { a: '1' } } };
        expect((await applied(path, labelled)).metadata.generation).toBe(1);
        expect(
          (await applied(path, { ...labelled, spec: deployment('web:1', 1)['spec'] ?? null })).metadata.generation,
        ).toBe(2);
      });

      it('takes away what the configuration no longer names, and leaves what others set', async () => {
        const path = core('configmaps', 'settings');
        await applied(path, configMap({ a: '1', b: '2' }, { labels: { l: '1', m: '1' } }));
        const body = { metadata: { annotations: { other: 'x' } }, data: { c: '3' } };
        await send(
          {
            method: 'PATCH',
            path,
            contentType: 'application/merge-patch+json',
            query: { fieldManager: 'someone' },
            body,
          },
          200,
        );
        const after = await applied(path, configMap({ a: '1' }, { labels: { l: '1' } }));
        expect(after['data']).toEqual({ a: '1', c: '3' });
        expect(after.metadata).toMatchObject({ labels: { l: '1' }, annotations: { other: 'x' } });
        expect(after.metadata.labels).toEqual({ l: '1' });
      });

      it('tells who owns the field that it may not take, and takes it when forced', async () => {
        const path = core('configmaps', 'settings');
        await applied(path, configMap({ a: '1' }), 'first');
        const refused = await kube.request(applyRequest(path, configMap({ a: '2' }), 'second'));
        expect(refused).toMatchObject({
          status: 409,
          body: { reason: 'Conflict', details: { causes: [{ reason: 'FieldManagerConflict', field: '.data.a' }] } },
        });
        expect(refused.body['message']).toMatch(/conflict with "first"/);
        expect((await applied(path, configMap({ a: '1' }), 'second'))['data']).toEqual({ a: '1' });
        expect((await applied(path, configMap({ a: '2' }), 'second', { force: 'true' }))['data']).toEqual({ a: '2' });
        const managers = (await get(path)).metadata.managedFields?.map((each) => each.manager);
        expect(managers).toEqual(['second']);
      });

      it('shares a field that several managers want alike, until the last one drops it', async () => {
        const path = core('configmaps', 'settings');
        await applied(path, configMap({ a: '1', b: '1' }), 'first');
        await applied(path, configMap({ a: '1' }), 'second');
        expect((await applied(path, configMap({ b: '1' }), 'first'))['data']).toEqual({ a: '1', b: '1' });
        expect((await applied(path, configMap({}), 'second'))['data']).toEqual({ b: '1' });
      });

      it('writes nothing in a dry run, and answers as if it had', async () => {
        const path = core('configmaps', 'settings');
        const dry = await kube.request(applyRequest(path, configMap({ a: '1' }), 'suite', { dryRun: 'All' }));
        expect(dry).toMatchObject({ status: 201, body: { data: { a: '1' } } });
        expect((await kube.request({ method: 'GET', path })).status).toBe(404);
        const real = await applied(path, configMap({ a: '1' }));
        const second = await applied(path, configMap({ a: '2' }), 'suite', { dryRun: 'All' });
        expect(second['data']).toEqual({ a: '2' });
        expect(await get(path)).toEqual(real);
        const same = await applied(path, configMap({ a: '1' }), 'suite', { dryRun: 'All' });
        expect(same.metadata.resourceVersion).toBe(real.metadata.resourceVersion);
      });

      it('merges lists by their keys and replaces the others', async () => {
        const path = apps('deployments', 'web');
        const env = (entries: Record<string, string>): JsonObject => ({
          env: Object.entries(entries).map(([key, value]) => ({ name: key, value })),
        });
        await applied(
          path,
          deployment('web:1', 0, { ...env({ A: '1', B: '2' }), args: ['x', 'y'], ports: [{ containerPort: 80 }] }),
        );
        const sidecar = { ...deployment('web:1', 0) } as unknown as Live;
        sidecar['spec'] = {
          template: {
            spec: {
              containers: [
                { name: 'side', image: 'side:1' },
                { name: 'web', env: [{ name: 'C', value: '3' }] },
              ],
            },
          },
        };
        await applied(path, sidecar, 'injector');
        const after = await applied(
          path,
          deployment('web:2', 0, {
            ...env({ A: '1' }),
            args: ['z'],
            ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }],
          }),
        );
        const containers = after['spec'].template.spec.containers as Live[];
        expect(containers.map((each) => each['name']).sort()).toEqual(['side', 'web']);
        const web = containers.find((each) => each['name'] === 'web');
        expect((web?.['env'] as Live[]).map((each) => each['name']).sort()).toEqual(['A', 'C']);
        expect(web?.['args']).toEqual(['z']);
        expect(web?.['ports']).toHaveLength(2);
        expect(web?.['image']).toBe('web:2');
      });

      it('gives a field up to whoever changes it, and takes it back by force', async () => {
        const path = core('configmaps', 'settings');
        await applied(path, configMap({ a: '1' }), 'owner');
        const contentType = 'application/merge-patch+json';
        await send(
          { method: 'PATCH', path, contentType, query: { fieldManager: 'hand' }, body: { data: { a: 'changed' } } },
          200,
        );
        expect((await kube.request(applyRequest(path, configMap({ a: '1' }), 'owner'))).status).toBe(409);
        expect((await applied(path, configMap({ a: '1' }), 'owner', { force: 'true' }))['data']).toEqual({ a: '1' });
      });

      it('notes who manages which field', async () => {
        const { metadata } = await applied(
          core('configmaps', 'settings'),
          configMap({ a: '1' }, { labels: { l: '1' } }),
          'owner',
        );
        expect(metadata.managedFields).toMatchObject([
          {
            manager: 'owner',
            operation: 'Apply',
            apiVersion: 'v1',
            fieldsType: 'FieldsV1',
            fieldsV1: { 'f:data': { 'f:a': {} }, 'f:metadata': { 'f:labels': { 'f:l': {} } } },
          },
        ]);
      });

      it('names what its kind does not have, and what is of another type, by the path to it', async () => {
        const path = apps('deployments', 'web');
        const refused = async (body: JsonObject, at = path): Promise<string> =>
          (await send(applyRequest(at, body, 'suite', { fieldValidation: 'Strict', dryRun: 'All' }), 500))['message'];
        const of = `failed to create typed patch object (${namespace}/web; apps/v1, Kind=Deployment): `;
        const spec = deployment('web:1')['spec'] as JsonObject;
        expect(await refused({ ...deployment('web:1'), spec: { ...spec, replicsa: 3 } })).toBe(
          `${of}.spec.replicsa: field not declared in schema`,
        );
        expect(await refused({ ...deployment('web:1'), spec: { ...spec, replicas: '3' } })).toBe(
          `${of}.spec.replicas: expected numeric (int or float), got string`,
        );
        expect(await refused({ ...deployment('web:1'), spec: { ...spec, paused: 'yes' } })).toBe(
          `${of}.spec.paused: expected boolean, got &{yes}`,
        );
        const container = '.spec.template.spec.containers[name="web"]';
        expect(await refused(deployment('web:1', 1, { imag: 'x' }))).toBe(
          `${of}${container}.imag: field not declared in schema`,
        );
        expect(await refused(deployment('web:1', 1, { args: 'x' }))).toBe(
          `${of}${container}.args: expected list, got &{x}`,
        );
        const port = { ports: [{ containerPort: 80, prot: 'TCP' }] };
        expect(await refused(deployment('web:1', 1, port))).toBe(
          `${of}${container}.ports[containerPort=80,protocol="TCP"].prot: field not declared in schema`,
        );
        expect(await refused({ ...deployment('web:1'), spec: { ...spec, replicas: 2.5 } })).toMatch(
          /unable to convert unstructured object to apps\/v1, Kind=Deployment: cannot convert float64 to int32$/,
        );
        const settings = { ...configMap({}), data: { a: 1 } };
        expect(await refused(settings, core('configmaps', 'settings'))).toMatch(/: \.data\.a: expected string, got &/);
        // Of two a server tells both or the one that it comes upon first, and what is open lets everything through.
        const twice = { ...configMap({ a: '1' }, { nmae: 'x' }), dta: {} };
        expect(await refused(twice, core('configmaps', 'settings'))).toMatch(
          /\.(?:metadata\.nmae|dta): field not declared in schema$/,
        );
        const mixed = {
          resources: { limits: { cpu: 1, memory: '1Gi' } },
          livenessProbe: { httpGet: { port: 'http' } },
        };
        await applied(path, deployment('web:1', 1, mixed), 'suite', { dryRun: 'All' });
      });

      it('asks for a field manager', async () => {
        const answer = await kube.request({
          method: 'PATCH',
          path: core('configmaps', 'x'),
          contentType: apply,
          body: configMap({}, {}, 'x'),
        });
        expect([400, 422]).toContain(answer.status);
      });
    });

    describe('subresources', () => {
      it('keeps status and the rest apart', async () => {
        const path = core('persistentvolumeclaims', 'data');
        const claim = {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name: 'data', namespace },
          spec: {
            accessModes: ['ReadWriteOnce'],
            resources: { requests: { storage: '1Gi' } },
            storageClassName: 'none',
          },
          status: { phase: 'Lost' },
        };
        expect((await applied(path, claim))['status'].phase).toBe('Pending');
      });

      it('scales by the scale subresource, in a field manager of its own', async () => {
        const path = apps('deployments', 'web');
        await applied(path, deployment('web:1', 1));
        const contentType = 'application/merge-patch+json';
        const query = { fieldManager: 'autoscaler' };
        await send(
          { method: 'PATCH', path: `${path}/scale`, contentType, query, body: { spec: { replicas: 3 } } },
          200,
        );
        const after = await get(path);
        expect(after['spec'].replicas).toBe(3);
        const entry = after.metadata.managedFields?.find((each) => each.manager === 'autoscaler');
        expect(entry).toMatchObject({
          operation: 'Update',
          subresource: 'scale',
          fieldsV1: { 'f:spec': { 'f:replicas': {} } },
        });
        expect(await get(`${path}/scale`)).toMatchObject({ kind: 'Scale', spec: { replicas: 3 } });
      });
    });

    describe('watching', () => {
      it('tells what happened since a version, in order', async () => {
        const { metadata } = await get(core('configmaps'));
        const path = core('configmaps', 'settings');
        await applied(path, configMap({ a: '1' }));
        await applied(path, configMap({ a: '2' }));
        await send({ method: 'DELETE', path }, 200);
        const query = { resourceVersion: metadata.resourceVersion };
        const mine = (events: KubeWatchEvent[]): KubeWatchEvent[] =>
          events.filter((event) => nameOf(event) === 'settings');
        const events = mine(await watched(core('configmaps'), query, (all) => mine(all).length === 3));
        expect(events.map((event) => event.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
        expect(events.map((event) => (event.object as unknown as Live)['data'].a)).toEqual(['1', '2', '2']);
        const versions = events.map((event) => Number((event.object as unknown as Live).metadata.resourceVersion));
        expect([...versions].sort((a, b) => a - b)).toEqual(versions);
        expect(new Set(versions).size).toBe(3);
      });

      it('starts with what is there where no version is given, and may mark the end of it', async () => {
        await applied(core('configmaps', 'one'), configMap({ a: '1' }, { labels: { mine: 'yes' } }, 'one'));
        const query = { labelSelector: 'mine=yes' };
        const plain = await watched(core('configmaps'), query, (all) => all.length === 1);
        expect(plain.map((event) => [event.type, nameOf(event)])).toEqual([['ADDED', 'one']]);
        const marked = await watched(
          core('configmaps'),
          { ...query, sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: 'true' },
          (all) => all.some((event) => event.type === 'BOOKMARK'),
          partial,
        );
        expect(marked.map((event) => event.type)).toEqual(['ADDED', 'BOOKMARK']);
        expect(marked[0]?.object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'one' } });
        expect(marked[1]?.object).toMatchObject({ metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } });
      });

      it('tells by a label what comes to bear it and what ceases to', async () => {
        const path = core('configmaps', 'settings');
        const { metadata } = await get(core('configmaps'));
        await applied(path, configMap({}, { labels: { on: 'no' } }));
        await applied(path, configMap({}, { labels: { on: 'yes' } }));
        await applied(path, configMap({}, { labels: { on: 'no' } }));
        const query = { resourceVersion: metadata.resourceVersion, labelSelector: 'on=yes' };
        const events = await watched(core('configmaps'), query, (all) => all.length === 2);
        expect(events.map((event) => event.type)).toEqual(['ADDED', 'DELETED']);
      });

      it('refuses to watch what it does not serve', async () => {
        await expect(watched('/apis/apps/v1/unheardof', {}, () => true)).rejects.toMatchObject({
          code: 'kube-status',
          details: { status: 404 },
        });
      });

      it('ends when the time that the client gave is over, and when the client aborts', async () => {
        const { metadata } = await get(core('configmaps'));
        const query = {
          resourceVersion: metadata.resourceVersion,
          timeoutSeconds: '1',
          fieldSelector: 'metadata.name=none',
        };
        expect(
          (await watched(core('configmaps'), query, () => false)).filter((event) => event.type !== 'BOOKMARK'),
        ).toEqual([]);
        const ending = new AbortController();
        const stream = kube.watch({
          path: core('configmaps'),
          query: { ...query, timeoutSeconds: '60' },
          signal: ending.signal,
        });
        setTimeout(() => ending.abort(), 50);
        for await (const event of stream) expect(event.type).toBe('BOOKMARK');
      });

      it('ends by itself when nothing comes for too long', async () => {
        const { metadata } = await get(core('configmaps'));
        const query = { resourceVersion: metadata.resourceVersion, fieldSelector: 'metadata.name=none' };
        const started = Date.now();
        for await (const event of kube.watch({
          path: core('configmaps'),
          query,
          signal: new AbortController().signal,
          idleMs: 200,
        })) {
          expect(event.type).toBe('BOOKMARK');
        }
        expect(Date.now() - started).toBeLessThan(5000);
      });
    });

    describe('deleting', () => {
      it('answers what it deleted, and 404 after that', async () => {
        const created = await applied(core('configmaps', 'settings'), configMap({}));
        const path = core('configmaps', 'settings');
        expect(await send({ method: 'DELETE', path }, 200)).toMatchObject({
          kind: 'Status',
          status: 'Success',
          details: { uid: created.metadata.uid },
        });
        expect((await kube.request({ method: 'DELETE', path })).status).toBe(404);
      });

      it('deletes only the object that the client means', async () => {
        await applied(core('configmaps', 'settings'), configMap({}));
        const body = {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          preconditions: { uid: '00000000-0000-0000-0000-000000000000' },
        };
        expect((await kube.request({ method: 'DELETE', path: core('configmaps', 'settings'), body })).status).toBe(409);
      });

      it('waits for finalizers', async () => {
        const path = core('configmaps', 'settings');
        await applied(path, configMap({}, { finalizers: ['example.com/hold'] }));
        await send({ method: 'DELETE', path }, 200);
        expect((await get(path)).metadata.deletionTimestamp).toEqual(expect.any(String));
        await send(
          {
            method: 'PATCH',
            path,
            contentType: 'application/merge-patch+json',
            body: { metadata: { finalizers: null } },
          },
          200,
        );
        expect((await kube.request({ method: 'GET', path })).status).toBe(404);
      });

      it('takes along what the object owns, unless told to leave it', async () => {
        for (const policy of ['Background', 'Foreground', 'Orphan']) {
          const owner = await applied(core('configmaps', 'owner'), configMap({}, {}, 'owner'));
          const reference = {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            name: 'owner',
            uid: owner.metadata.uid,
            blockOwnerDeletion: true,
          };
          const owned = core('configmaps', policy.toLowerCase());
          await applied(owned, configMap({}, { ownerReferences: [reference] }, policy.toLowerCase()));
          await send(
            { method: 'DELETE', path: core('configmaps', 'owner'), query: { propagationPolicy: policy } },
            200,
          );
          await untilGone(core('configmaps', 'owner'));
          if (policy === 'Orphan') {
            await until(owned, (object) => object.metadata.ownerReferences === undefined);
          } else await untilGone(owned);
        }
      });

      it('empties a namespace before it goes', async () => {
        await applied(core('configmaps', 'settings'), configMap({}));
        await send({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` }, 200);
        await untilGone(`/api/v1/namespaces/${namespace}`);
        expect((await kube.request({ method: 'GET', path: core('configmaps', 'settings') })).status).toBe(404);
      });
    });

    describe('definitions of new kinds', () => {
      it('are established, served, and shape their objects', async () => {
        const group = `${namespace}.example.com`;
        const definition = {
          apiVersion: 'apiextensions.k8s.io/v1',
          kind: 'CustomResourceDefinition',
          metadata: { name: `widgets.${group}` },
          spec: {
            group,
            scope: 'Namespaced',
            names: { plural: 'widgets', kind: 'Widget' },
            versions: [
              {
                name: 'v1',
                served: true,
                storage: true,
                subresources: { status: {} },
                schema: {
                  openAPIV3Schema: {
                    type: 'object',
                    properties: {
                      spec: {
                        type: 'object',
                        required: ['size'],
                        properties: { size: { type: 'integer' }, colour: { type: 'string', default: 'red' } },
                      },
                      status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                    },
                  },
                },
              },
            ],
          },
        };
        const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
        const path = `${definitions}/widgets.${group}`;
        await applied(path, definition);
        try {
          await until(path, (object) =>
            ((object['status']?.conditions ?? []) as Live[]).some(
              (each) => each['type'] === 'Established' && each['status'] === 'True',
            ),
          );
          const widget = `/apis/${group}/v1/namespaces/${namespace}/widgets/one`;
          const object = { apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'one', namespace } };
          const end = Date.now() + 10_000;
          let made = await kube.request(applyRequest(widget, { ...object, spec: { size: 1 } }));
          while (made.status === 404 && Date.now() < end)
            made = await kube.request(applyRequest(widget, { ...object, spec: { size: 1 } }));
          expect(made).toMatchObject({
            status: 201,
            body: { spec: { size: 1, colour: 'red' }, metadata: { generation: 1 } },
          });
          expect(
            (await kube.request(applyRequest(widget, { ...object, spec: { size: 'big' } }))).status,
          ).toBeGreaterThanOrEqual(400);
          const unknown = await kube.request(applyRequest(widget, { ...object, spec: { size: 1, sise: 1 } }));
          expect(unknown).toMatchObject({
            status: 500,
            body: { message: expect.stringMatching(/: \.spec\.sise: field not declared in schema$/) },
          });
          const missing = await kube.request(applyRequest(widget, { ...object, spec: {} }));
          expect(missing).toMatchObject({ status: 422, body: { message: expect.stringMatching(/spec\.size/) } });
          const statusBody = { ...object, status: { conditions: [{ type: 'Ready', status: 'True' }] } };
          const withStatus = await applied(`${widget}/status`, statusBody, 'controller');
          expect(withStatus).toMatchObject({
            spec: { size: 1 },
            status: { conditions: [{ type: 'Ready' }] },
            metadata: { generation: 1 },
          });
          const resources = (await get(`/apis/${group}/v1`))['resources'] as JsonObject[];
          expect(resources.map((each) => each['name'])).toEqual(expect.arrayContaining(['widgets', 'widgets/status']));
        } finally {
          await send({ method: 'DELETE', path }, 200);
        }
        await untilGone(path);
        expect(
          (await kube.request({ method: 'GET', path: `/apis/${group}/v1/namespaces/${namespace}/widgets` })).status,
        ).toBe(404);
      });
    });

    describe('workloads', () => {
      it('bring a Deployment to ready, and keep it so when a bad image follows', async () => {
        const path = apps('deployments', 'web');
        await applied(path, deployment('web:1', 3));
        const ready = await until(path, (object) => object['status']?.availableReplicas === 3);
        expect(ready['status']).toMatchObject({
          observedGeneration: 1,
          replicas: 3,
          updatedReplicas: 3,
          readyReplicas: 3,
        });
        await applied(path, deployment('web:2-bad', 3));
        const stuck = await until(
          path,
          (object) => object['status']?.observedGeneration === 2 && object['status']?.updatedReplicas === 1,
        );
        expect(stuck['status'].availableReplicas).toBe(3);
        const reasons = async (): Promise<string[]> =>
          (await get(core('pods'), { labelSelector: 'app=web' })).items.map(
            (pod) => pod['status'].containerStatuses?.[0]?.state.waiting?.reason as string,
          );
        const end = Date.now() + 10_000;
        while (!(await reasons()).includes('ImagePullBackOff') && Date.now() < end)
          await new Promise((resolve) => setTimeout(resolve, 50));
        expect(await reasons()).toContain('ImagePullBackOff');
        await applied(path, deployment('web:3', 3));
        const mended = await until(
          path,
          (object) =>
            object['status']?.observedGeneration === 3 &&
            object['status']?.updatedReplicas === 3 &&
            object['status']?.replicas === 3,
        );
        expect(mended['status'].availableReplicas).toBeGreaterThanOrEqual(2);
        const pods = (await get(core('pods'), { labelSelector: 'app=web' })).items;
        expect(pods[0]?.metadata.ownerReferences).toHaveLength(1);
      });

      it('count the restarts of what crashes', async () => {
        await applied(apps('deployments', 'web'), deployment('web:1-crash', 1));
        await until(core('pods'), (list) =>
          list.items.some((pod) => {
            const [status] = pod['status'].containerStatuses ?? [];
            return (
              status?.restartCount >= 3 &&
              status.state.waiting?.reason === 'CrashLoopBackOff' &&
              status.lastState.terminated.exitCode === 1
            );
          }),
        );
        expect((await get(apps('deployments', 'web')))['status'].availableReplicas).toBeUndefined();
      });

      it('complete a Job', async () => {
        const job = {
          apiVersion: 'batch/v1',
          kind: 'Job',
          metadata: { name: 'once', namespace },
          spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'job:1' }] } } },
        };
        const path = `/apis/batch/v1/namespaces/${namespace}/jobs/once`;
        await applied(path, job);
        const done = await until(path, (object) => object['status']?.succeeded === 1);
        await until(path, (object) =>
          ((object['status'].conditions ?? []) as Live[]).some(
            (each) => each['type'] === 'Complete' && each['status'] === 'True',
          ),
        );
        expect(done['spec']).toMatchObject({ backoffLimit: 6, completions: 1, parallelism: 1 });
        const again = await applied(path, job);
        expect(again.metadata.generation).toBe(1);
      });

      it('roll a StatefulSet, one Pod after the other, and run a DaemonSet on each node', async () => {
        const template = (image: string): JsonObject => ({
          metadata: { labels: { app: 'db' } },
          spec: { containers: [{ name: 'db', image }] },
        });
        const set = (image: string): JsonObject => ({
          apiVersion: 'apps/v1',
          kind: 'StatefulSet',
          metadata: { name: 'db', namespace },
          spec: { serviceName: 'db', replicas: 2, selector: { matchLabels: { app: 'db' } }, template: template(image) },
        });
        const path = apps('statefulsets', 'db');
        await applied(path, set('db:1'));
        const first = await until(path, (object) => object['status']?.readyReplicas === 2);
        expect(first['status']).toMatchObject({
          observedGeneration: 1,
          replicas: 2,
          updatedReplicas: 2,
          availableReplicas: 2,
        });
        await applied(path, set('db:2'));
        const second = await until(
          path,
          ({ status }) =>
            status.observedGeneration === 2 &&
            status.currentRevision === status.updateRevision &&
            status.readyReplicas === 2 &&
            status.updatedReplicas === 2,
        );
        expect(second['status'].updateRevision).not.toBe(first['status'].updateRevision);
        expect((await get(core('pods', 'db-0')))['spec'].containers[0].image).toBe('db:2');

        const daemon = {
          ...set('agent:1'),
          kind: 'DaemonSet',
          spec: { selector: { matchLabels: { app: 'db' } }, template: template('agent:1') },
        };
        await applied(apps('daemonsets', 'db'), daemon);
        const running = await until(apps('daemonsets', 'db'), (object) => object['status']?.numberAvailable >= 1);
        expect(running['status'].desiredNumberScheduled).toBe(running['status'].numberReady);
      });

      it('take a deleted Deployment’s ReplicaSets and Pods along', async () => {
        const path = apps('deployments', 'web');
        await applied(path, deployment('web:1', 1));
        await until(path, (object) => object['status']?.availableReplicas === 1);
        await send({ method: 'DELETE', path }, 200);
        await until(core('pods'), (list) => list.items.length === 0);
        await until(apps('replicasets'), (list) => list.items.length === 0);
      });
    });
  });
}
