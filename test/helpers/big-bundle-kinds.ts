import type { JsonObject } from '#domain';
import type { Draw, KindMaker } from './big-bundles.js';

const selectorOf = (name: string): JsonObject => ({ matchLabels: { app: name } });

function podTemplate(draw: Draw, name: string, more: JsonObject = {}): JsonObject {
  return {
    metadata: { labels: { app: name }, annotations: { 'example.com/note': draw.text(40) } },
    spec: {
      containers: [
        {
          name: 'main',
          image: `registry.example/${draw.pick(['web', 'api', 'worker'])}:1.${draw.number(20)}`,
          args: ['--level', draw.pick(['info', 'debug'])],
          env: [
            { name: 'REGION', value: draw.text(6) },
            { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          ],
          ports: [{ name: 'http', containerPort: 8080 }, { containerPort: 9090 }],
          resources: {
            requests: { cpu: draw.pick(['1000m', '0.5', '250m']), memory: draw.pick(['1024Mi', '64Mi', '0.5Gi']) },
          },
          readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 5 },
        },
      ],
      volumes: [{ name: 'settings', configMap: { name: 'configmap-0' } }],
      ...more,
    },
  };
}

const run = (draw: Draw, name: string): JsonObject => podTemplate(draw, name, { restartPolicy: 'Never' });
/** Typed as it is meant: the items have not all the same fields. */
const items = (...list: readonly JsonObject[]): readonly JsonObject[] => list;
/** On no node. */
const nowhere = { nodeSelector: { 'example.com/none': 'none' } };

/** Kinds that are in a namespace. */
export const namespacedKinds: readonly KindMaker[] = [
  {
    ...{ apiVersion: 'v1', kind: 'ConfigMap', inside: true, weight: 200 },
    make: (draw) => ({ data: { 'app.conf': draw.text(200 + draw.number(400)), LEVEL: draw.pick(['1', '2']) } }),
  },
  {
    ...{ apiVersion: 'v1', kind: 'Secret', inside: true, weight: 100 },
    make: (draw) => ({
      type: 'Opaque',
      stringData: { password: draw.text(20) },
      data: { key: Buffer.from(draw.text(60)).toString('base64') },
    }),
  },
  {
    ...{ apiVersion: 'v1', kind: 'Service', inside: true, weight: 100 },
    make: (draw, _name, at) => ({
      spec: {
        selector: { app: `deployment-${at}` },
        ...(at % 3 === 1 && { clusterIP: 'None' }),
        ports: items(
          { name: 'http', port: 80, targetPort: draw.pick<string | number>(['http', 8080]) },
          { name: 'metrics', port: 9090 },
        ),
      },
    }),
  },
  {
    ...{ apiVersion: 'v1', kind: 'ServiceAccount', inside: true, weight: 60 },
    make: () => ({ automountServiceAccountToken: false }),
  },
  {
    ...{ apiVersion: 'v1', kind: 'PodTemplate', inside: true, weight: 10 },
    make: (draw, name) => ({ template: podTemplate(draw, name) }),
  },
  {
    ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', inside: true, weight: 10, most: 20 },
    make: (draw) => ({
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'standard',
        resources: { requests: { storage: draw.pick(['1Gi', '1024Mi', '512Mi']) } },
      },
    }),
  },
  {
    ...{ apiVersion: 'v1', kind: 'ReplicationController', inside: true, weight: 10 },
    make: (draw, name) => ({ spec: { replicas: 0, selector: { app: name }, template: podTemplate(draw, name) } }),
  },
  {
    ...{ apiVersion: 'v1', kind: 'ResourceQuota', inside: true, weight: 1, most: 1 },
    make: () => ({ spec: { hard: { 'requests.example.com/gpu': '4', 'services.loadbalancers': '100' } } }),
  },
  {
    ...{ apiVersion: 'v1', kind: 'LimitRange', inside: true, weight: 1, most: 1 },
    make: () => ({ spec: { limits: [{ type: 'PersistentVolumeClaim', min: { storage: '1Mi' } }] } }),
  },
  {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', inside: true, weight: 100 },
    make: (draw, name, at) => ({
      spec: {
        replicas: at < draw.pods ? 1 : 0,
        selector: selectorOf(name),
        strategy: { rollingUpdate: { maxSurge: draw.pick<string | number>(['25%', 1]), maxUnavailable: 0 } },
        template: podTemplate(draw, name),
      },
    }),
  },
  {
    ...{ apiVersion: 'apps/v1', kind: 'StatefulSet', inside: true, weight: 20 },
    make: (draw, name) => ({
      spec: {
        replicas: 0,
        serviceName: 'service-0',
        selector: selectorOf(name),
        template: podTemplate(draw, name),
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      },
    }),
  },
  {
    ...{ apiVersion: 'apps/v1', kind: 'DaemonSet', inside: true, weight: 10 },
    make: (draw, name) => ({ spec: { selector: selectorOf(name), template: podTemplate(draw, name, nowhere) } }),
  },
  {
    ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet', inside: true, weight: 10 },
    make: (draw, name) => ({ spec: { replicas: 0, selector: selectorOf(name), template: podTemplate(draw, name) } }),
  },
  {
    ...{ apiVersion: 'batch/v1', kind: 'Job', inside: true, weight: 20 },
    make: (draw, name) => ({ spec: { suspend: true, backoffLimit: draw.number(5), template: run(draw, name) } }),
  },
  {
    ...{ apiVersion: 'batch/v1', kind: 'CronJob', inside: true, weight: 30 },
    make: (draw, name) => ({
      spec: { schedule: `0 ${draw.number(24)} 29 2 *`, jobTemplate: { spec: { template: run(draw, name) } } },
    }),
  },
  {
    ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', inside: true, weight: 50 },
    make: (draw) => ({
      rules: [{ apiGroups: [''], resources: [draw.pick(['pods', 'secrets'])], verbs: ['get', 'list'] }],
    }),
  },
  {
    ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', inside: true, weight: 50 },
    make: (draw, _name, at) => ({
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: `role-${at}` },
      subjects: items(
        { kind: 'ServiceAccount', name: `serviceaccount-${at}`, namespace: draw.namespace },
        { kind: 'User', name: 'somebody' },
      ),
    }),
  },
  {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', inside: true, weight: 30 },
    make: (draw, name, at) => ({
      spec: {
        ingressClassName: `${draw.application}-ingressclass-0`,
        rules: [
          {
            host: `${name}.example.com`,
            http: {
              paths: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name: `service-${at}`, port: { name: 'http' } } },
                },
              ],
            },
          },
        ],
      },
    }),
  },
  {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', inside: true, weight: 40 },
    make: (draw) => ({
      spec: {
        podSelector: draw.pick<JsonObject>([{}, { matchLabels: { app: 'deployment-0' } }]),
        ingress: [{ from: [{ podSelector: {} }], ports: [{ port: draw.pick<string | number>(['http', 8080]) }] }],
      },
    }),
  },
  {
    ...{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', inside: true, weight: 20 },
    make: (draw, _name, at) => ({
      spec: { maxUnavailable: draw.pick<string | number>(['50%', 1]), selector: selectorOf(`statefulset-${at}`) },
    }),
  },
  {
    ...{ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', inside: true, weight: 10, most: 20 },
    // Of what has no replicas: it does nothing, and needs no metrics.
    make: (_draw, _name, at) => ({
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: `statefulset-${at}` },
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
        ],
      },
    }),
  },
  {
    ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', inside: true, weight: 10 },
    make: (draw) => ({ spec: { holderIdentity: draw.text(10), leaseDurationSeconds: 15 + draw.number(30) } }),
  },
  {
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', inside: true, weight: 10 },
    make: (draw) => ({
      addressType: 'IPv4',
      endpoints: [{ addresses: [`192.0.2.${1 + draw.number(200)}`], conditions: { ready: true } }],
      ports: [{ name: 'http', port: 80 }],
    }),
  },
  {
    ...{ apiVersion: 'GROUP/v1', kind: 'Widget', inside: true, weight: 80 },
    make: (draw, name) => ({
      spec: {
        size: draw.pick<string | number>(['50%', 3]),
        title: draw.text(30),
        parts: [{ name, count: draw.number(9) }],
      },
    }),
  },
];
