import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dryRunAnswerSchema, schemasAnswerSchema, type DryRunAnswer } from '#contract';
import {
  bundleCheck,
  type JsonObject,
  makeBundle,
  neededVersions,
  type SchemaDocument,
  type ServedApis,
} from '#domain';
import { Discovery } from '#kube';
import { answerDryRun } from '../../apps/agent/src/steps/answer/answer-dry-run.js';
import { answerSchemas } from '../../apps/agent/src/steps/answer/answer-schemas.js';
import { indexDigest, readApiIndex } from '../../apps/agent/src/steps/answer/api-index.js';
import { ReadOnlyKube } from '../../apps/agent/src/steps/answer/read-only-kube.js';
import { readSchemas } from '../../apps/hub/src/validation/read-schemas.js';
import type { SuiteCluster } from '../agent/rig.js';
import { eventually } from '../helpers/test-hub.js';
import { openReal } from './open-real.js';

const ask = { protocol: 1, cluster: '01890000-0000-7000-8000-000000000001', id: 'a'.repeat(32) };
const object = (apiVersion: string, kind: string, more: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  ...{ apiVersion, kind, metadata: { name: `v-${kind.toLowerCase()}`, ...metadata } },
  ...more,
});
const labels = { app: 'web' };
const pod = (more: JsonObject = {}, container: JsonObject = {}): JsonObject => ({
  metadata: { labels, creationTimestamp: null },
  spec: { containers: [{ name: 'main', image: 'web:1', ...container }], ...more },
});
const workload = (kind: string, spec: JsonObject = {}): JsonObject =>
  object('apps/v1', kind, { spec: { selector: { matchLabels: labels }, template: pod(), ...spec } });

/** Odd, and right: the API server takes all of it. */
const FINE: readonly JsonObject[] = [
  workload('Deployment', {
    replicas: 2,
    strategy: { rollingUpdate: { maxSurge: '25%', maxUnavailable: 1 } },
    template: pod(
      {
        securityContext: { sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }] },
        volumes: [
          { name: 'a', emptyDir: { sizeLimit: '1Gi' } },
          { name: 'b', projected: { sources: [{ configMap: { name: 'x', items: [{ key: 'a', path: 'a' }] } }] } },
        ],
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
        ],
      },
      {
        resources: { limits: { cpu: 0.5, memory: '64Mi' }, requests: { cpu: '100m' } },
        env: [{ name: 'A' }, { name: 'B', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        livenessProbe: { httpGet: { port: 'http', httpHeaders: [{ name: 'X-Empty', value: '' }] } },
        ports: [{ name: 'http', containerPort: 80 }],
        volumeMounts: [{ name: 'a', mountPath: '/a' }],
      },
    ),
  }),
  // Its schema wants a service's name, and the API server does not.
  workload('StatefulSet', { volumeClaimTemplates: null }),
  workload('DaemonSet', { updateStrategy: { type: 'OnDelete' } }),
  object('batch/v1', 'Job', { spec: { template: pod({ restartPolicy: 'Never' }), backoffLimit: 0 } }),
  object('batch/v1', 'CronJob', {
    spec: { schedule: '0 0 * * *', jobTemplate: { spec: { template: pod({ restartPolicy: 'Never' }) } } },
  }),
  object('v1', 'Service', { spec: { selector: labels, ports: [{ port: 80, targetPort: 'http' }], type: 'ClusterIP' } }),
  object('v1', 'ConfigMap', { data: { a: '1' }, binaryData: { b: 'YQ==' }, immutable: false }),
  object('v1', 'Secret', { stringData: { a: 'x' }, type: 'Opaque' }),
  object('v1', 'ServiceAccount', { automountServiceAccountToken: false }),
  object('v1', 'PersistentVolumeClaim', {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  }),
  object('networking.k8s.io/v1', 'Ingress', {
    spec: {
      rules: [
        {
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }],
          },
        },
      ],
    },
  }),
  // All pods: an empty selector, which may be left out.
  object('networking.k8s.io/v1', 'NetworkPolicy', { spec: { policyTypes: ['Ingress'] } }),
  object('rbac.authorization.k8s.io/v1', 'Role', {
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  }),
  // The API server fills in whose role it is.
  object('rbac.authorization.k8s.io/v1', 'RoleBinding', {
    roleRef: { kind: 'Role', name: 'v-role' },
    subjects: [{ kind: 'ServiceAccount', name: 'default' }],
  }),
  object('policy/v1', 'PodDisruptionBudget', { spec: { minAvailable: '50%', selector: { matchLabels: labels } } }),
  object('autoscaling/v2', 'HorizontalPodAutoscaler', {
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: 3,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      ],
    },
  }),
];

/** Wrong, each by the field and the rule that are told; the API server refuses all of it as well. */
const WRONG: readonly (readonly [what: string, object: JsonObject, field: string, rule: string])[] = [
  [
    'a field of another name',
    workload('Deployment', { template: pod({}, { imagePullPolice: 'Always' }) }),
    'spec.template.spec.containers[0].imagePullPolice',
    'schema/unknown-field',
  ],
  ['a field at another place', workload('Deployment', { image: 'web:1' }), 'spec.image', 'schema/unknown-field'],
  ['a text for a number', workload('Deployment', { replicas: 'two' }), 'spec.replicas', 'schema/type'],
  ['a bare number in a ConfigMap', object('v1', 'ConfigMap', { data: { port: 80 } }), 'data.port', 'schema/type'],
  [
    'a bare true in an annotation',
    object('v1', 'ConfigMap', { data: {} }, { annotations: { on: true } }),
    'metadata.annotations.on',
    'schema/type',
  ],
  ['a list that is a map', object('v1', 'Service', { spec: { ports: { port: 80 } } }), 'spec.ports', 'schema/type'],
  [
    'a container without a name',
    object('v1', 'Pod', { spec: { containers: [{ image: 'web:1' }] } }),
    'spec.containers[0].name',
    'schema/required',
  ],
  ['no containers', object('v1', 'Pod', { spec: {} }), 'spec.containers', 'schema/required'],
  [
    'a choice that is none',
    object('v1', 'Service', { spec: { type: 'Public', ports: [{ port: 80 }] } }),
    'spec.type',
    'schema/enum',
  ],
  ['a kind of another name', object('apps/v1', 'Deploymnet', {}), 'kind', 'api/unknown'],
  ['a version that went', object('batch/v1beta1', 'CronJob', {}), 'apiVersion', 'api/removed'],
  ['a group that nobody serves', object('nobody.example.com/v1', 'Thing', {}), 'apiVersion', 'api/unknown'],
];

describe('what a real API server serves and takes', () => {
  let real: SuiteCluster;
  let apis: ServedApis;
  const signal = new AbortController().signal;

  beforeAll(async () => {
    real = await openReal();
    const { groupVersions = {} } = schemasAnswerSchema.parse(
      await answerSchemas({ ...ask, ask: 'schemas' }, real.kube),
    );
    const documents = new Map<string, SchemaDocument>();
    for (const groupVersion of neededVersions([...FINE, object('v1', 'Pod', {})])) {
      documents.set(groupVersion, await read(groupVersion, groupVersions[groupVersion]));
    }
    apis = { groupVersions: new Set(Object.keys(groupVersions)), documents, kubernetes: '1.36' };
  }, 120_000);

  afterAll(async () => {
    await real?.close();
  }, 60_000);

  /** As the hub does: what the agent gives is what the API server's own hash stands for. */
  const read = async (groupVersion: string, hash = ''): Promise<SchemaDocument> => {
    const answer = await answerSchemas({ ...ask, ask: 'schemas', groupVersion }, real.kube);
    const told = JSON.stringify(answer);
    expect(told.length).toBeLessThan(500_000);
    const { document } = schemasAnswerSchema.parse(JSON.parse(told));
    return (await readSchemas(document, { groupVersion, hash })).document;
  };

  const dryRun = async (objects: readonly JsonObject[]): Promise<DryRunAnswer> => {
    const bundle = makeBundle(objects, { maxBytes: 1e7, maxObjects: 1000 });
    if (!bundle.ok) throw new Error('no bundle');
    const answer = await answerDryRun(
      { ...ask, ask: 'dryRun', application: 'web', digest: bundle.digest, chunks: 1, namespace: real.namespace },
      {
        kube: new ReadOnlyKube(real.kube, { signal, timeoutMs: 30_000 }),
        own: real.kube,
        bus: { fetchBundle: () => Promise.resolve(gzipSync(bundle.json)) },
        discovery: new Discovery(real.kube),
        ...{ namespace: real.agentNamespace, reach: null, usedMs: () => 0, signal },
      },
    );
    return dryRunAnswerSchema.parse(answer);
  };

  it('are known by the SHA-512 of what is served, each of them', async () => {
    const index = (await readApiIndex(real.kube)) ?? {};
    expect(Object.keys(index).length).toBeGreaterThan(15);
    for (const [groupVersion, hash] of Object.entries(index)) {
      expect(Object.keys((await read(groupVersion, hash)).kinds).length).toBeGreaterThan(0);
    }
    await expect(read('apps/v1', index['batch/v1'])).rejects.toMatchObject({ code: 'schemas-false' });
  }, 120_000);

  it('are at one on what is right, however odd', async () => {
    const check = bundleCheck(FINE, apis);
    expect(FINE.flatMap((each) => check(each))).toEqual([]);
    expect(await dryRun(FINE)).toEqual({ tried: FINE.length, left: [], refused: [], more: 0 });
    const { status } = await real.kube.request({
      method: 'GET',
      path: `/apis/apps/v1/namespaces/${real.namespace}/deployments/v-deployment`,
    });
    expect(status).toBe(404);
  }, 120_000);

  it('are at one on what is wrong', async () => {
    for (const [what, wrong, field, rule] of WRONG) {
      const found = bundleCheck([wrong], apis)(wrong).filter(({ severity }) => severity === 'refuse');
      expect([what, found]).toEqual([what, expect.arrayContaining([expect.objectContaining({ field, rule })])]);
      const { refused } = await dryRun([wrong]);
      expect([what, refused.map(({ name }) => name)]).toEqual([what, [expect.stringMatching(/^v-/)]]);
    }
  }, 120_000);

  it('change with a definition, whose objects are tried once it is there', async () => {
    const group = `${real.namespace}.example.com`;
    const definition = object(
      'apiextensions.k8s.io/v1',
      'CustomResourceDefinition',
      {
        spec: {
          ...{ group, scope: 'Namespaced', names: { kind: 'Widget', plural: 'widgets', singular: 'widget' } },
          versions: [
            {
              ...{ name: 'v1', served: true, storage: true },
              schema: {
                openAPIV3Schema: {
                  type: 'object',
                  properties: {
                    spec: { type: 'object', required: ['size'], properties: { size: { type: 'integer' } } },
                  },
                },
              },
            },
          ],
        },
      },
      { name: `widgets.${group}` },
    );
    const widget = (spec: JsonObject): JsonObject => object(`${group}/v1`, 'Widget', { spec });
    expect(await dryRun([definition, widget({ size: 1 })])).toMatchObject({
      ...{ tried: 1, refused: [] },
      left: [{ why: 'their definition comes with them', count: 1 }],
    });
    const before = indexDigest((await readApiIndex(real.kube)) ?? {});
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    expect((await real.kube.request({ method: 'POST', path, body: definition })).status).toBe(201);
    try {
      const index = await eventually(
        'its schema is published',
        async () => (await readApiIndex(real.kube)) ?? {},
        (found) => Object.hasOwn(found, `${group}/v1`),
        60_000,
      );
      expect(indexDigest(index)).not.toBe(before);
      const served = {
        groupVersions: new Set(Object.keys(index)),
        documents: new Map([[`${group}/v1`, await read(`${group}/v1`, index[`${group}/v1`])]]),
      };
      const wrong = widget({ sise: 1 });
      expect(bundleCheck([wrong], served)(wrong)).toMatchObject([
        { rule: 'schema/unknown-field', field: 'spec.sise' },
        { rule: 'schema/required', field: 'spec.size' },
      ]);
      expect(bundleCheck([widget({ size: 1 })], served)(widget({ size: 1 }))).toEqual([]);
      expect((await dryRun([wrong])).refused).toHaveLength(1);
    } finally {
      await real.kube.request({ method: 'DELETE', path: `${path}/widgets.${group}` });
    }
  }, 120_000);
});
