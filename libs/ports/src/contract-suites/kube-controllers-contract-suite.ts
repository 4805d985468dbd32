import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import type { JsonObject } from '#domain';

import type { KubeResponse } from '../kube.js';
import type { KubeHarness, WebhookHandler } from './kube-contract-suite.js';

/** As loose as what comes over the wire: a wrong guess fails the test that made it. */
type Loose = ReturnType<typeof JSON.parse>;

const admission = '/apis/admissionregistration.k8s.io/v1';

/** What the agent's suites rely on of a cluster's controllers and of admission, held against the simulated ones and the real ones alike. */
export function describeKubeControllers(name: string, open: () => Promise<KubeHarness>): void {
  describe(`${name} has controllers and admission that`, () => {
    let harness: KubeHarness;
    let namespace: string;
    let endings: (() => Promise<unknown>)[] = [];

    beforeAll(async () => {
      harness = await open();
    }, 120_000);
    afterAll(() => harness?.close());
    beforeEach(async () => {
      namespace = `suite-${randomBytes(4).toString('hex')}`;
      await post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      endings = [() => remove(`/api/v1/namespaces/${namespace}`)];
    });
    afterEach(async () => {
      for (const end of endings.reverse()) await end();
    });

    const inside = (group: string, plural: string, object = ''): string =>
      `${group === 'v1' ? '/api/v1' : `/apis/${group}`}/namespaces/${namespace}/${plural}${object === '' ? '' : `/${object}`}`;
    const remove = (path: string): Promise<KubeResponse> => harness.kube.request({ method: 'DELETE', path });
    async function post(path: string, body: JsonObject): Promise<void> {
      const { status, body: answer } = await harness.kube.request({ method: 'POST', path, body });
      expect([status, answer['message']]).toEqual([201, undefined]);
    }
    async function get(path: string, query: Record<string, string> = {}): Promise<Loose> {
      return (await harness.kube.request({ method: 'GET', path, query })).body as Loose;
    }
    async function until(
      path: string,
      fits: (object: Loose) => boolean,
      query?: Record<string, string>,
    ): Promise<Loose> {
      const end = Date.now() + 40_000;
      for (;;) {
        const object = await get(path, query);
        if (fits(object)) return object;
        if (Date.now() > end) throw new Error(`${path} never came to be so: ${JSON.stringify(object).slice(0, 2000)}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    const deployment = (replicas: number, image = 'web:1'): JsonObject => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        replicas,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } },
      },
    });
    const budget = (spec: JsonObject): JsonObject => ({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web' },
      spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
    });

    // One budget each: of several that select a Pod, a real controller looks at one when that Pod changes.
    it.each([
      // Half of three is two, rounded up.
      ['maxUnavailable', '50%', { desiredHealthy: 1, disruptionsAllowed: 2 }],
      ['maxUnavailable', 1, { desiredHealthy: 2, disruptionsAllowed: 1 }],
      ['minAvailable', 2, { desiredHealthy: 2, disruptionsAllowed: 1 }],
      ['minAvailable', '100%', { desiredHealthy: 3, disruptionsAllowed: 0 }],
    ])(
      'tell how many of three Pods may be disrupted by a %s of %s, as they come and go',
      async (field, amount, status) => {
        const where = inside('policy/v1', 'poddisruptionbudgets', 'web');
        await post(inside('policy/v1', 'poddisruptionbudgets'), budget({ [field]: amount }));
        const none = await until(where, (object) => object.status?.observedGeneration === 1);
        expect(none.status).toMatchObject({ currentHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 });
        await post(inside('apps/v1', 'deployments'), deployment(3));
        const full = await until(where, (object) => object.status?.currentHealthy === 3);
        expect(full.status).toMatchObject({ ...status, expectedPods: 3, observedGeneration: 1 });
        const isAllowed = status.disruptionsAllowed > 0;
        expect(full.status.conditions).toMatchObject([
          {
            type: 'DisruptionAllowed',
            status: isAllowed ? 'True' : 'False',
            reason: isAllowed ? 'SufficientPods' : 'InsufficientPods',
            observedGeneration: 1,
          },
        ]);
        await harness.kube.request({
          ...{ method: 'PATCH', path: `${inside('apps/v1', 'deployments', 'web')}/scale` },
          contentType: 'application/merge-patch+json',
          body: { spec: { replicas: 1 } },
        });
        await until(where, (object) => object.status.expectedPods === 1 && object.status.currentHealthy === 1);
      },
      90_000,
    );

    it('allow no disruption of a Pod of which nobody says how many there should be', async () => {
      const spec = { containers: [{ name: 'web', image: 'web:1' }] };
      const pod = { metadata: { name: 'alone', labels: { app: 'web' } }, spec };
      // Until the default account is there, a real one takes no Pod.
      for (let status = 0; status !== 201 && status !== 409;) {
        ({ status } = await harness.kube.request({ method: 'POST', path: inside('v1', 'pods'), body: pod }));
      }
      await post(inside('policy/v1', 'poddisruptionbudgets'), budget({ maxUnavailable: '50%' }));
      const where = inside('policy/v1', 'poddisruptionbudgets', 'web');
      const live = await until(where, (object) => object.status?.currentHealthy === 1);
      expect(live.status).toMatchObject({ disruptionsAllowed: 0, expectedPods: 0, desiredHealthy: 0 });
      expect(live.status.conditions).toMatchObject([{ status: 'False', reason: 'InsufficientPods' }]);
    }, 60_000);

    it('bring a target within its autoscaler’s bounds through the scale subresource', async () => {
      const web = inside('apps/v1', 'deployments', 'web');
      await post(inside('apps/v1', 'deployments'), deployment(1));
      const scaler = (own: string, spec: JsonObject): JsonObject => ({
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: own },
        spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, ...spec },
      });
      const where = inside('autoscaling/v2', 'horizontalpodautoscalers');
      await post(where, scaler('web', { minReplicas: 2, maxReplicas: 3 }));
      const scaled = await until(web, ({ spec }) => spec.replicas === 2);
      const owner = (scaled.metadata.managedFields as Loose[]).find((each: Loose) => each.subresource === 'scale');
      expect(owner).toMatchObject({
        manager: 'kube-controller-manager',
        operation: 'Update',
        fieldsV1: { 'f:spec': { 'f:replicas': {} } },
      });
      const condition = (object: Loose, type: string): Loose =>
        ((object.status?.conditions ?? []) as Loose[]).find((each: Loose) => each.type === type);
      await until(`${where}/web`, (object) => condition(object, 'AbleToScale')?.status === 'True');
      await post(
        where,
        scaler('absent', {
          maxReplicas: 3,
          scaleTargetRef: { kind: 'Deployment', name: 'none', apiVersion: 'apps/v1' },
        }),
      );
      const lost = await until(`${where}/absent`, (object) => condition(object, 'AbleToScale')?.status === 'False');
      expect(condition(lost, 'AbleToScale').reason).toBe('FailedGetScale');
      await remove(`${where}/web`);
      await harness.kube.request({
        ...{ method: 'PATCH', path: `${web}/scale`, contentType: 'application/merge-patch+json' },
        body: { spec: { replicas: 0 } },
      });
      await post(where, scaler('idle', { minReplicas: 2, maxReplicas: 3 }));
      const idle = await until(`${where}/idle`, (object) => condition(object, 'ScalingActive') !== undefined);
      expect(condition(idle, 'ScalingActive')).toMatchObject({ status: 'False', reason: 'ScalingDisabled' });
    }, 90_000);

    it('label a Job’s Pods by it, and take a finished Job and them away when its time is over', async () => {
      const job = {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name: 'once' },
        spec: {
          ttlSecondsAfterFinished: 2,
          template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'job:1' }] } },
        },
      };
      await post(inside('batch/v1', 'jobs'), job);
      const { metadata } = await get(inside('batch/v1', 'jobs', 'once'));
      const pods = await until(inside('v1', 'pods'), ({ items }) => items.length > 0);
      expect(pods.items[0].metadata.labels).toMatchObject({
        'batch.kubernetes.io/controller-uid': metadata.uid,
        'batch.kubernetes.io/job-name': 'once',
        'controller-uid': metadata.uid,
        'job-name': 'once',
      });
      await until(inside('batch/v1', 'jobs', 'once'), ({ code }) => code === 404);
      await until(inside('v1', 'pods'), ({ items }) => items.length === 0);
    }, 90_000);

    it('label a DaemonSet’s Pods by the template that they are made from', async () => {
      const { spec } = deployment(1) as Loose;
      const daemon = {
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { name: 'agent' },
        spec: { ...spec, replicas: undefined },
      };
      await post(inside('apps/v1', 'daemonsets'), JSON.parse(JSON.stringify(daemon)) as JsonObject);
      const pods = await until(inside('v1', 'pods'), ({ items }) => items.length > 0);
      expect(pods.items[0].metadata.labels).toMatchObject({
        'controller-revision-hash': expect.any(String),
        'pod-template-generation': '1',
      });
    }, 60_000);

    it.each([
      ['is not pulled', 'web:bad', /Back-off pulling image/],
      ['crashes', 'web:crash', /Back-off restarting failed container/],
    ])(
      'tell in Events of a Pod whose container %s',
      async (_what, image, words) => {
        await post(inside('apps/v1', 'deployments'), deployment(1, image));
        const told = await until(inside('v1', 'events'), ({ items }) =>
          (items as Loose[]).some((each: Loose) => each.reason === 'BackOff' && each.involvedObject.kind === 'Pod'),
        );
        const event = (told.items as Loose[]).find((each: Loose) => each.reason === 'BackOff');
        expect(event).toMatchObject({
          type: 'Warning',
          message: expect.stringMatching(words),
          involvedObject: { kind: 'Pod', namespace, name: expect.stringMatching(/^web-/), uid: expect.any(String) },
          metadata: { namespace, name: expect.stringContaining(event.involvedObject.name) },
        });
        expect(event.lastTimestamp ?? event.eventTime).toEqual(expect.any(String));
        const query = { fieldSelector: `involvedObject.name=${String(event.involvedObject.name)}` };
        expect((await get(inside('v1', 'events'), query)).items.length).toBeGreaterThan(0);
        const other = { fieldSelector: 'involvedObject.name=somebody-else' };
        expect((await get(inside('v1', 'events'), other)).items).toEqual([]);
      },
      60_000,
    );

    describe('ask webhooks', () => {
      async function register(
        sort: 'Validating' | 'Mutating',
        clientConfig: JsonObject,
        more: JsonObject = {},
      ): Promise<void> {
        const path = `${admission}/${sort.toLowerCase()}webhookconfigurations`;
        const own = `${namespace}-${randomBytes(2).toString('hex')}`;
        const rule = {
          apiGroups: [''],
          apiVersions: ['v1'],
          operations: ['CREATE', 'UPDATE'],
          resources: ['configmaps'],
        };
        const webhook: JsonObject = {
          name: 'suite.example.com',
          clientConfig,
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          rules: [{ ...rule, scope: 'Namespaced' }],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          timeoutSeconds: 5,
          ...more,
        };
        const kind = `${sort}WebhookConfiguration`;
        await post(path, {
          apiVersion: 'admissionregistration.k8s.io/v1',
          kind,
          metadata: { name: own },
          webhooks: [webhook],
        });
        endings.push(() => remove(`${path}/${own}`));
      }
      async function serve(handler: WebhookHandler): Promise<JsonObject> {
        const { clientConfig, close } = await harness.serveWebhook(handler);
        endings.push(close);
        return clientConfig;
      }
      const apply = (own: string, data: JsonObject, manager = 'suite'): Promise<KubeResponse> =>
        harness.kube.request({
          method: 'PATCH',
          path: inside('v1', 'configmaps', own),
          contentType: 'application/apply-patch+yaml',
          query: { fieldManager: manager, force: 'true' },
          body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: own }, data },
        });
      /** A configuration takes a moment to be known to a real API server. */
      async function untilAnswers(status: number, ask: () => Promise<KubeResponse>): Promise<KubeResponse> {
        const end = Date.now() + 20_000;
        for (;;) {
          const answer = await ask();
          if (answer.status === status) return answer;
          if (Date.now() > end) throw new Error(`never ${status}: ${JSON.stringify(answer)}`);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }

      it('and refuse what one denies, in its words', async () => {
        const clientConfig = await serve((object) => {
          const { data } = object as Loose;
          return data?.forbidden === undefined ? {} : { deny: `no ${String(data.forbidden)} here` };
        });
        await register('Validating', clientConfig);
        const refused = await untilAnswers(403, () => apply('settings', { forbidden: 'x' }));
        expect(refused.body).toMatchObject({
          kind: 'Status',
          status: 'Failure',
          message: 'admission webhook "suite.example.com" denied the request: no x here',
          code: 403,
        });
        expect(refused.body['reason']).toBeUndefined();
        const dry = { method: 'POST', path: inside('v1', 'configmaps'), query: { dryRun: 'All' } } as const;
        const body = { metadata: { name: 'dry' }, data: { forbidden: 'y' } };
        expect((await harness.kube.request({ ...dry, body })).status).toBe(403);
        expect((await apply('fine', { a: '1' })).status).toBe(201);
      }, 60_000);

      it('and keep account of what one changes: whose it is, and that an apply again changes nothing', async () => {
        const clientConfig = await serve((object) => {
          const { data } = object as Loose;
          if (data?.colour === undefined) return {};
          return {
            patch: [
              { op: 'replace', path: '/data/colour', value: 'green' },
              { op: 'add', path: '/data/added', value: 'by the webhook' },
            ],
          };
        });
        await register('Mutating', clientConfig);
        await untilAnswers(201, async () => {
          const answer = await apply(`settings-${randomBytes(2).toString('hex')}`, { colour: 'blue' });
          return (answer.body as Loose).data.added === undefined ? { ...answer, status: 0 } : answer;
        });
        const made = (await apply('settings', { colour: 'blue', own: '1' })).body as Loose;
        expect(made.data).toEqual({ colour: 'green', own: '1', added: 'by the webhook' });
        const fields = (made.metadata.managedFields as Loose[]).map(({ manager, operation, fieldsV1 }: Loose) => [
          manager,
          operation,
          fieldsV1,
        ]);
        expect(fields).toEqual([['suite', 'Apply', { 'f:data': { 'f:colour': {}, 'f:own': {} } }]]);
        const again = (await apply('settings', { colour: 'blue', own: '1' })).body as Loose;
        expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
      }, 60_000);

      it('and fail, or go on, as it says where one cannot be called', async () => {
        await register('Validating', { url: 'https://127.0.0.1:1/' }, { failurePolicy: 'Fail' });
        const failed = await untilAnswers(500, () => apply('settings', { a: '1' }));
        expect(failed.body).toMatchObject({
          reason: 'InternalError',
          message: expect.stringContaining('failed calling webhook "suite.example.com": failed to call webhook'),
        });
        const elsewhere = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'other' } };
        await post(inside('v1', 'serviceaccounts'), elsewhere);
      }, 60_000);

      it('and ask none whose selectors or rules mean something else, or that may fail', async () => {
        const url = 'https://127.0.0.1:1/';
        await register('Validating', { url }, { failurePolicy: 'Ignore' });
        await register('Validating', { url }, { objectSelector: { matchLabels: { none: 'none' } } });
        await register('Validating', { url }, { namespaceSelector: { matchLabels: { none: 'none' } } });
        for (let at = 0; at < 10; at += 1) {
          expect((await apply(`settings-${at}`, { a: '1' })).status).toBe(201);
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }, 60_000);
    });
  });
}
