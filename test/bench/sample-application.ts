import type { JsonObject, JsonValue } from '#domain';

export interface Sample {
  readonly objects: number;
  /** In the one object that CHANGED names, or in all of them. */
  readonly version?: string;
  readonly isAllNew?: boolean;
}

type Maker = (name: string, version: string) => JsonObject;

const CORE = 'v1';
const RBAC = 'rbac.authorization.k8s.io/v1';

/** Ten kinds, about as often as applications have them; all of a namespace, so that two may be in one cluster. */
const MAKERS: readonly Maker[] = [
  configMap,
  configMap,
  configMap,
  configMap,
  configMap,
  secret,
  secret,
  secret,
  service,
  service,
  service,
  (name, version) => object(CORE, 'ServiceAccount', name, version, {}),
  (name, version) =>
    object(RBAC, 'Role', name, version, { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }] }),
  (name, version) =>
    object(RBAC, 'RoleBinding', name, version, {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name: 'default' }],
    }),
  deployment,
  deployment,
  (name, version) =>
    object('networking.k8s.io/v1', 'NetworkPolicy', name, version, {
      spec: { podSelector: { matchLabels: { app: name } }, policyTypes: ['Ingress'], ingress: [{}] },
    }),
  (name, version) =>
    object('policy/v1', 'PodDisruptionBudget', name, version, {
      spec: { maxUnavailable: 1, selector: { matchLabels: { app: name } } },
    }),
  cronJob,
];

/** What an application of so many objects may look like. */
export function sampleApplication({ objects, version = '1', isAllNew = false }: Sample): readonly JsonObject[] {
  return Array.from({ length: objects }, (_, at) => {
    const make = MAKERS[at % MAKERS.length] ?? configMap;
    return make(`part-${String(at).padStart(4, '0')}`, isAllNew || at === 0 ? version : 'same');
  });
}

/** The one ConfigMap that another version changes. */
export const CHANGED = 'part-0000';

function object(apiVersion: string, kind: string, name: string, version: string, rest: JsonObject): JsonObject {
  const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/component': 'sample' };
  return { apiVersion, kind, metadata: { name, labels, annotations: { 'example.com/version': version } }, ...rest };
}

/** About a kilobyte of settings. */
function configMap(name: string, version: string): JsonObject {
  const lines = Array.from({ length: 16 }, (_, at) => `setting.${at} = the value of setting ${at} in ${name}`);
  return object(CORE, 'ConfigMap', name, version, { data: { version, 'settings.properties': lines.join('\n') } });
}

function secret(name: string, version: string): JsonObject {
  const data = { user: name, password: `not-so-secret-${name}-${version}` };
  const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  return object(CORE, 'Secret', name, version, { type: 'Opaque', data: Object.fromEntries(encoded) as JsonObject });
}

function service(name: string, version: string): JsonObject {
  const ports = [
    { name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' },
    { name: 'metrics', port: 9090, targetPort: 'metrics', protocol: 'TCP' },
  ];
  return object(CORE, 'Service', name, version, { spec: { selector: { app: name }, ports } });
}

function deployment(name: string, version: string): JsonObject {
  const template = { metadata: { labels: { app: name } }, spec: podSpec(name, version) };
  return object('apps/v1', 'Deployment', name, version, {
    spec: { replicas: 1, selector: { matchLabels: { app: name } }, template },
  });
}

function cronJob(name: string, version: string): JsonObject {
  const template = { spec: { ...podSpec(name, version), restartPolicy: 'Never' } };
  return object('batch/v1', 'CronJob', name, version, {
    spec: { schedule: '0 3 * * *', suspend: true, jobTemplate: { spec: { template } } },
  });
}

function podSpec(name: string, version: string): Readonly<Record<string, JsonValue>> {
  const env = Array.from({ length: 10 }, (_, at) => ({ name: `SETTING_${at}`, value: `${name} ${at}` }));
  const probe = { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 10 };
  return {
    containers: [
      {
        name: 'main',
        image: `registry.example/${name}:1.0`,
        env: [...env, { name: 'VERSION', value: version }],
        ports: [
          { name: 'http', containerPort: 8080, protocol: 'TCP' },
          { name: 'metrics', containerPort: 9090, protocol: 'TCP' },
        ],
        readinessProbe: probe,
        livenessProbe: probe,
        resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
      },
    ],
  };
}
