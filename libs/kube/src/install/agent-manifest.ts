import { type JsonObject, type KubeObject, sha256 } from '#domain';

export interface AgentManifestInput {
  /** `https://hub.example.com`, as seen from the cluster. */
  readonly hubUrl: string;
  /** PEM of the authority that signed the hub's certificate; null: a public one. */
  readonly caPem: string | null;
  /** The join token, spent by the first join. */
  readonly token: string;
  readonly clusterName: string;
  /** Reference of the agent's image. */
  readonly image: string;
  /** The agent's rights end at these, which must exist; the whole cluster unless told. */
  readonly namespaces?: readonly string[];
}

/** Where everything of the agent is. */
export const NAMESPACE = 'flotilla-system';
/** Of its account, its roles, their bindings and its Deployment. */
export const NAME = 'flotilla-agent';
export const HUB_SECRET = 'flotilla-agent-hub';
/** Setting of the Deployment that keeps the agent to namespaces. */
export const NAMESPACES_SETTING = 'FLOTILLA_AGENT_NAMESPACES';
const PORT = 8080;
const labels = { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/part-of': 'flotilla' };

/**
 * What `kubectl apply` takes to put an agent into a cluster. Applied again with another token, it joins anew; its identity and
 * what it enforces are in Secrets of its own, which are not in here.
 */
export function agentManifest(input: AgentManifestInput): readonly KubeObject[] {
  const { namespaces } = input;
  const reach =
    namespaces === undefined
      ? [clusterRole(), binding('ClusterRole')]
      : namespaces.flatMap((each) => [roleIn(each), binding('Role', each)]);
  return [
    ownNamespace(),
    object({ apiVersion: 'v1', kind: 'ServiceAccount' }, {}),
    ...reach,
    ownRole(),
    binding('Role'),
    hubSecret(input),
    deployment(input),
  ];
}

interface Frame {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name?: string;
  /** Of the cluster, not of a namespace. */
  readonly isClusterWide?: boolean;
  /** The agent's own unless told. */
  readonly namespace?: string;
  /** What a person who reads it should know, line by line: RBAC has no comments. */
  readonly why?: readonly string[];
}

function object(frame: Frame, rest: JsonObject): KubeObject {
  const { apiVersion, kind, name = NAME, isClusterWide = false, namespace = NAMESPACE, why } = frame;
  const metadata = {
    name,
    ...(!isClusterWide && { namespace }),
    labels,
    ...(why !== undefined && { annotations: { 'flotilla.dev/why': why.join('\n') } }),
  };
  return { apiVersion, kind, metadata, ...rest };
}

const RBAC_GROUP = 'rbac.authorization.k8s.io';
const RBAC = `${RBAC_GROUP}/v1`;

function ownNamespace(): KubeObject {
  const standard = 'pod-security.kubernetes.io/enforce';
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE, labels: { ...labels, [standard]: 'restricted' } },
  };
}

const EVERYTHING: JsonObject = {
  apiGroups: ['*'],
  resources: ['*'],
  verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
};
const IMPERSONATE: JsonObject = { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['impersonate'] };
const ROLES: JsonObject = {
  apiGroups: [RBAC_GROUP],
  resources: ['roles', 'clusterroles'],
  verbs: ['bind', 'escalate'],
};
const DISCOVERY: JsonObject = {
  nonResourceURLs: ['/version', '/api', '/api/*', '/apis', '/apis/*'],
  verbs: ['get'],
};

/** Any kind may be in an application, definitions and roles too; what the agent may not do, no application can contain. */
function clusterRole(): KubeObject {
  const why = [
    'Together these are as much as an administrator has: whoever may write to Git decides over the cluster.',
    "1. everything: reads, creates, patches and deletes the objects that applications consist of, whatever their kind. Narrow it to your applications' kinds and groups: what is not allowed is reported as an error of that object. It never updates or deletes collections.",
    "2. impersonate: applies as an application's own service account where its spec.serviceAccount names one. Not needed otherwise.",
    '3. bind, escalate: lets applications bring roles that hold more than this one, as operators do. Not needed otherwise.',
    '4. paths: finds out the version and which kinds are served.',
  ];
  const rules = [EVERYTHING, IMPERSONATE, ROLES, DISCOVERY];
  return object({ apiVersion: RBAC, kind: 'ClusterRole', isClusterWide: true, why }, { rules });
}

/** The same within one namespace: what a binding in it grants ends at it, whatever role it names. */
function roleIn(namespace: string): KubeObject {
  const why = [
    'Of this namespace alone. Nothing grants the agent anything of the cluster or of other namespaces.',
    '1. everything: reads, creates, patches and deletes the objects that applications consist of, whatever their kind.',
    "2. impersonate: applies as an application's own service account where its spec.serviceAccount names one. Not needed otherwise.",
    '3. bind, escalate: lets applications bring roles of this namespace that hold more than this one. Not needed otherwise.',
  ];
  return object({ apiVersion: RBAC, kind: 'Role', namespace, why }, { rules: [EVERYTHING, IMPERSONATE, ROLES] });
}

function ownRole(): KubeObject {
  const why = ['Its own records: the identity, the last manifest, and what each application holds.'];
  const verbs = ['get', 'list', 'create', 'update', 'patch', 'delete'];
  return object(
    { apiVersion: RBAC, kind: 'Role', why },
    { rules: [{ apiGroups: [''], resources: ['secrets'], verbs }] },
  );
}

function binding(role: 'ClusterRole' | 'Role', namespace?: string): KubeObject {
  const isClusterWide = role === 'ClusterRole';
  const frame = {
    apiVersion: RBAC,
    kind: `${role}Binding`,
    isClusterWide,
    ...(namespace !== undefined && { namespace }),
  };
  return object(frame, {
    roleRef: { apiGroup: RBAC_GROUP, kind: role, name: NAME },
    subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
  });
}

function hubSecret({ hubUrl, caPem, token, clusterName }: AgentManifestInput): KubeObject {
  const stringData = {
    FLOTILLA_HUB_URL: hubUrl,
    FLOTILLA_HUB_CA: caPem ?? '',
    FLOTILLA_JOIN_TOKEN: token,
    FLOTILLA_CLUSTER_NAME: clusterName,
  };
  return object({ apiVersion: 'v1', kind: 'Secret', name: HUB_SECRET }, { type: 'Opaque', stringData });
}

function deployment(input: AgentManifestInput): KubeObject {
  const probe = (path: string) => ({ httpGet: { path, port: PORT } });
  const container = {
    name: 'agent',
    image: input.image,
    envFrom: [{ secretRef: { name: HUB_SECRET } }],
    env: [
      { name: 'FLOTILLA_AGENT_PORT', value: String(PORT) },
      ...(input.namespaces === undefined ? [] : [{ name: NAMESPACES_SETTING, value: input.namespaces.join(',') }]),
    ],
    ports: [{ name: 'health', containerPort: PORT, protocol: 'TCP' }],
    livenessProbe: { ...probe('/healthz'), periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 3 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 5 },
    // Idle it takes 64 MiB at most, through an apply of 500 objects 96, of 5,000 small ones not much more: the rest is room for large ones.
    resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '192Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
    },
  };
  return object(
    { apiVersion: 'apps/v1', kind: 'Deployment' },
    {
      spec: {
        replicas: 1,
        // Two at once would both write as one agent.
        strategy: { type: 'Recreate' },
        selector: { matchLabels: { 'app.kubernetes.io/name': NAME } },
        template: {
          metadata: { labels, annotations: { 'flotilla.dev/hub-digest': configDigest(input) } },
          spec: {
            serviceAccountName: NAME,
            // A Service named as the agent would set FLOTILLA_AGENT_PORT to an address.
            enableServiceLinks: false,
            containers: [container],
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 65532,
              runAsGroup: 65532,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            terminationGracePeriodSeconds: 10,
          },
        },
      },
    },
  );
}

/** Another token or authority starts the agent anew. Of a random token a digest tells nothing. */
function configDigest({ hubUrl, caPem, token }: AgentManifestInput): string {
  return sha256(JSON.stringify([hubUrl, caPem, token])).slice(0, 16);
}
