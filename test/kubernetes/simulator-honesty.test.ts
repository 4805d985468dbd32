import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import type { JsonObject } from '#domain';
import { openHttpKube } from '#kube';
import { openFakeCluster } from '#kube/fake';
import type { Kube } from '#ports';

import { sharedControlPlane } from './control-plane/shared-control-plane.js';
import { createNamespace, type TestNamespace } from './control-plane/with-namespace.js';

/**
 * The same objects, applied to the simulated API and to a real one, come out the same: what the server fills in, and who manages which field.
 * What is each server's own (UIDs, versions, times, addresses) and what controllers write afterwards (status) is left out.
 */
const pod = (image: string, more: JsonObject = {}): JsonObject => ({ containers: [{ name: 'main', image, ...more }] });
const template = (spec: JsonObject): JsonObject => ({ metadata: { labels: { app: 'x' } }, spec });
const selector = { matchLabels: { app: 'x' } };

const objects: Readonly<Record<string, readonly [plural: string, object: JsonObject]>> = {
  'a ConfigMap': ['configmaps', { apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' } }],
  'a Secret': ['secrets', { apiVersion: 'v1', kind: 'Secret', stringData: { a: '1' } }],
  'a ServiceAccount': [
    'serviceaccounts',
    { apiVersion: 'v1', kind: 'ServiceAccount', automountServiceAccountToken: false },
  ],
  'a Service': [
    'services',
    {
      apiVersion: 'v1',
      kind: 'Service',
      spec: {
        selector: { app: 'x' },
        ports: [
          { name: 'http', port: 80 },
          { name: 'dns', port: 53, protocol: 'UDP', targetPort: 'dns' },
        ],
      },
    },
  ],
  'a headless Service': [
    'services',
    { apiVersion: 'v1', kind: 'Service', spec: { clusterIP: 'None', selector: { app: 'x' }, ports: [{ port: 80 }] } },
  ],
  'an ExternalName Service': [
    'services',
    { apiVersion: 'v1', kind: 'Service', spec: { type: 'ExternalName', externalName: 'example.com' } },
  ],
  'a Deployment': [
    'deployments',
    { apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 0, selector, template: template(pod('web')) } },
  ],
  'a full Deployment': [
    'deployments',
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { labels: { app: 'x' }, annotations: { note: 'y' } },
      spec: {
        replicas: 0,
        selector,
        strategy: { type: 'Recreate' },
        template: template({
          serviceAccountName: 'robot',
          securityContext: { runAsNonRoot: true },
          initContainers: [{ name: 'init', image: 'init:1' }],
          containers: [
            {
              name: 'main',
              image: 'web:1.2',
              args: ['a', 'b'],
              ports: [{ containerPort: 80 }],
              env: [
                { name: 'A', value: '1' },
                { name: 'B', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                { name: 'C', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
              ],
              envFrom: [{ configMapRef: { name: 'c' } }],
              resources: { limits: { cpu: '100m', memory: '64Mi' } },
              livenessProbe: { httpGet: { path: '/live', port: 80 } },
              readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 5 },
              volumeMounts: [{ name: 'config', mountPath: '/config' }],
            },
            { name: 'side', image: 'side:latest', readinessProbe: { exec: { command: ['true'] } } },
          ],
          volumes: [
            { name: 'config', configMap: { name: 'c' } },
            { name: 'secret', secret: { secretName: 's' } },
            { name: 'scratch', emptyDir: {} },
            { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
          ],
          tolerations: [{ key: 'k', operator: 'Exists' }],
          nodeSelector: { disk: 'ssd' },
          topologySpreadConstraints: [
            { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: selector },
          ],
        }),
      },
    },
  ],
  'a StatefulSet': [
    'statefulsets',
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      spec: {
        replicas: 0,
        serviceName: 'x',
        selector,
        template: template(pod('db:1')),
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      },
    },
  ],
  'a DaemonSet': [
    'daemonsets',
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      spec: { selector, template: template({ ...pod('agent:1'), nodeSelector: { none: 'none' } }) },
    },
  ],
  'a CronJob': [
    'cronjobs',
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      spec: {
        schedule: '0 0 1 1 *',
        jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', ...pod('job:1') } } } },
      },
    },
  ],
  'a suspended Job': [
    'jobs',
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      spec: { suspend: true, template: { spec: { restartPolicy: 'Never', ...pod('job:1') } } },
    },
  ],
  'an Ingress': [
    'ingresses',
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      spec: {
        rules: [
          {
            host: 'x.example',
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'x', port: { number: 80 } } } }],
            },
          },
        ],
      },
    },
  ],
  'a NetworkPolicy': [
    'networkpolicies',
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      spec: { podSelector: {}, ingress: [{ ports: [{ port: 80 }] }] },
    },
  ],
  'a Role': [
    'roles',
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    },
  ],
  'a RoleBinding': [
    'rolebindings',
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      roleRef: { kind: 'Role', name: 'x', apiGroup: 'rbac.authorization.k8s.io' },
      subjects: [
        { kind: 'ServiceAccount', name: 'x', namespace: 'default' },
        { kind: 'User', name: 'somebody' },
      ],
    },
  ],
  'a PodDisruptionBudget': [
    'poddisruptionbudgets',
    { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', spec: { minAvailable: 1, selector } },
  ],
  'a HorizontalPodAutoscaler': [
    'horizontalpodautoscalers',
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' },
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        ],
      },
    },
  ],
  'a PersistentVolumeClaim': [
    'persistentvolumeclaims',
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'none', resources: { requests: { storage: '1Gi' } } },
    },
  ],
  'a ResourceQuota': ['resourcequotas', { apiVersion: 'v1', kind: 'ResourceQuota', spec: { hard: { pods: '10' } } }],
  'a LimitRange': [
    'limitranges',
    { apiVersion: 'v1', kind: 'LimitRange', spec: { limits: [{ type: 'Pod', max: { cpu: '4' } }] } },
  ],
  'a Lease': [
    'leases',
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', spec: { holderIdentity: 'x', leaseDurationSeconds: 15 } },
  ],
};

describe('the simulated API and a real one', () => {
  const fake = openFakeCluster({ readyMs: 0 });
  let real: Kube;
  let namespace: TestNamespace;
  beforeAll(async () => {
    const { url, caFile, adminToken, ...rest } = sharedControlPlane();
    real = openHttpKube({ url, access: { token: adminToken, ca: readFileSync(caFile, 'utf8') } });
    namespace = await createNamespace({ url, caFile, adminToken, ...rest }, 'honesty');
    fake.cluster.pauseControllers(true);
    await fake.kube.request({
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { metadata: { name: namespace.name } },
    });
  });
  afterAll(async () => {
    await namespace?.delete();
    real?.close();
    fake.kube.close();
    fake.cluster.close();
  });

  async function applied(kube: Kube, plural: string, object: JsonObject): Promise<JsonObject> {
    const version = object['apiVersion'] as string;
    const root = version === 'v1' ? '/api/v1' : `/apis/${version}`;
    const body = {
      ...object,
      metadata: { ...(object['metadata'] as JsonObject | undefined), name: 'x', namespace: namespace.name },
    };
    const path = `${root}/namespaces/${namespace.name}/${plural}/x`;
    await kube.request({ method: 'DELETE', path, query: { propagationPolicy: 'Background' } });
    const contentType = 'application/apply-patch+yaml';
    const query = { fieldManager: 'suite', force: 'true', dryRun: 'All' };
    const answer = await kube.request({ method: 'PATCH', path, contentType, query, body });
    expect([answer.status, answer.body['message']]).toEqual([201, undefined]);
    return comparable(answer.body);
  }

  it.each(Object.entries(objects))('make the same of %s', async (_name, [plural, object]) => {
    expect(await applied(fake.kube, plural, object)).toEqual(await applied(real, plural, object));
  });

  it.each([
    ['a ConfigMap', 'v1', 'configmaps', { data: { a: '1' } }],
    ['a labelled ConfigMap', 'v1', 'configmaps', { metadata: { labels: { a: '1' }, finalizers: ['example.com/x'] } }],
    ['a budget', 'policy/v1', 'poddisruptionbudgets', { spec: { maxUnavailable: '50%', selector } }],
  ] as const)('make the same of %s that is created by a POST', async (_name, version, plural, object) => {
    const made = async (kube: Kube): Promise<JsonObject> => {
      const path = `${version === 'v1' ? '/api/v1' : `/apis/${version}`}/namespaces/${namespace.name}/${plural}`;
      const { metadata, ...rest } = object as JsonObject;
      const body = { ...rest, metadata: { ...(metadata as JsonObject | undefined), name: 'posted' } };
      const query = { fieldManager: 'suite', dryRun: 'All' };
      const answer = await kube.request({ method: 'POST', path, query, body });
      expect([answer.status, answer.body['message']]).toEqual([201, undefined]);
      return comparable(answer.body);
    };
    expect(await made(fake.kube)).toEqual(await made(real));
  });

  const service = (port: number, more: JsonObject = {}): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'changing', labels: { l: '1' } },
    spec: { selector: { app: 'x' }, ports: [{ name: 'http', port }], ...more },
  });
  const network = (ports: number[]): JsonObject => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'changing', annotations: { a: '1' } },
    spec: { podSelector: { matchLabels: { app: 'x' } }, ingress: [{ ports: ports.map((port) => ({ port })) }] },
  });
  const deployment = (containers: JsonObject[]): JsonObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'changing' },
    spec: { replicas: 0, paused: true, selector, template: template({ containers }) },
  });
  const apply = 'application/apply-patch+yaml';
  const merge = 'application/merge-patch+json';

  it.each<[string, string, readonly (readonly [manager: string, contentType: string, body: JsonObject])[]]>([
    [
      'a Service',
      '/api/v1/namespaces/NS/services/changing',
      [
        ['a', apply, service(80)],
        [
          'b',
          merge,
          {
            metadata: { labels: { m: '2' } },
            spec: { ports: [{ name: 'other', port: 81 }], sessionAffinity: 'ClientIP' },
          },
        ],
        ['a', apply, service(80)],
        ['c', apply, { ...service(80), metadata: { name: 'changing', labels: { n: '3' } } }],
        ['a', apply, service(82, { type: 'NodePort', externalTrafficPolicy: 'Local' })],
        ['b', merge, { metadata: { labels: { m: null } } }],
        ['a', apply, service(82)],
      ],
    ],
    [
      'a NetworkPolicy',
      '/apis/networking.k8s.io/v1/namespaces/NS/networkpolicies/changing',
      [
        ['a', apply, network([80])],
        ['a', apply, network([80, 443])],
        ['b', merge, { metadata: { finalizers: ['example.com/x'] }, spec: { policyTypes: ['Ingress', 'Egress'] } }],
        ['a', apply, { ...network([]), spec: { podSelector: {} } }],
        ['b', merge, { metadata: { finalizers: null } }],
      ],
    ],
    [
      'a Deployment',
      '/apis/apps/v1/namespaces/NS/deployments/changing',
      [
        [
          'a',
          apply,
          deployment([
            {
              name: 'one',
              image: 'one:1',
              env: [
                { name: 'A', value: '1' },
                { name: 'B', value: '2' },
              ],
            },
          ]),
        ],
        ['b', apply, deployment([{ name: 'side', image: 'side:1' }])],
        ['c', merge, { spec: { template: { metadata: { annotations: { restarted: 'now' } } } } }],
        [
          'a',
          apply,
          deployment([
            { name: 'one', image: 'one:2', env: [{ name: 'B', value: '3' }], ports: [{ containerPort: 80 }] },
          ]),
        ],
        ['b', apply, { ...deployment([]), spec: { selector } }],
        ['c', merge, { spec: { template: { spec: { containers: [{ name: 'one', image: 'one:9' }] } } } }],
        ['a', apply, deployment([{ name: 'one', image: 'one:2', env: [], ports: [] }])],
      ],
    ],
  ])('keep the same account of who changed what of %s', async (_name, where, steps) => {
    const path = where.replace('NS', namespace.name);
    for (const [at, [fieldManager, contentType, body]] of steps.entries()) {
      const force: Record<string, string> = contentType === apply ? { force: 'true' } : {};
      const request = { method: 'PATCH', path, contentType, query: { fieldManager, ...force }, body } as const;
      const [simulated, expected] = [await fake.kube.request(request), await real.request(request)];
      const shown = (answer: typeof expected): unknown => [at, answer.status, comparable(answer.body)];
      expect(shown(simulated)).toEqual(shown(expected));
    }
  });
});

/** Without what is each server's own. */
function comparable(object: JsonObject): JsonObject {
  const text = JSON.stringify(object, (key, value: unknown) => {
    if (['creationTimestamp', 'uid', 'resourceVersion', 'time', 'status'].includes(key)) return undefined;
    // Controllers are at work in the real one.
    if (key === 'managedFields') return ofTheSuite(value as JsonObject[]);
    if (key === 'annotations') return withoutRevision(value as JsonObject);
    if (key === 'nodePort') return 'PORT';
    if (key.endsWith('controller-uid')) return 'UID';
    if (key === 'clusterIP' && value !== 'None') return 'IP';
    if (key === 'clusterIPs' && Array.isArray(value) && value[0] !== 'None') return ['IP'];
    return value;
  });
  return JSON.parse(text) as JsonObject;
}

/** In an order that does not hang on the second in which each was written. */
function ofTheSuite(entries: readonly JsonObject[]): JsonObject[] {
  const order = (entry: JsonObject): string => `${entry['operation'] as string} ${entry['manager'] as string}`;
  return entries
    .filter(({ manager }) => manager !== 'kube-controller-manager')
    .sort((a, b) => order(a).localeCompare(order(b)));
}

function withoutRevision({
  'deployment.kubernetes.io/revision': _revision,
  ...rest
}: JsonObject): JsonObject | undefined {
  return Object.keys(rest).length === 0 ? undefined : rest;
}
