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
}

const NAMESPACE = 'flotilla-system';
const NAME = 'flotilla-agent';
const HUB_SECRET = 'flotilla-agent-hub';
const PORT = 8080;
const labels = { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/part-of': 'flotilla' };

/**
 * What `kubectl apply` takes to put an agent into a cluster. Applied again with another token, it joins anew; its identity and
 * what it enforces are in Secrets of its own, which are not in here.
 */
export function agentManifest(input: AgentManifestInput): readonly KubeObject[] {
  return [
    namespace(),
    object({ apiVersion: 'v1', kind: 'ServiceAccount' }, {}),
    clusterRole(),
    binding('ClusterRole'),
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
  /** Of the cluster, not of the namespace. */
  readonly isClusterWide?: boolean;
  /** What a person who reads it should know. */
  readonly why?: string;
}

function object({ apiVersion, kind, name = NAME, isClusterWide = false, why }: Frame, rest: JsonObject): KubeObject {
  const metadata = {
    name,
    ...(!isClusterWide && { namespace: NAMESPACE }),
    labels,
    ...(why !== undefined && { annotations: { 'flotilla.dev/why': why } }),
  };
  return { apiVersion, kind, metadata, ...rest };
}

const RBAC = 'rbac.authorization.k8s.io/v1';

function namespace(): KubeObject {
  const standard = 'pod-security.kubernetes.io/enforce';
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE, labels: { ...labels, [standard]: 'restricted' } },
  };
}

/** Any kind may be in an application, definitions and roles too; what the agent may not do, no application can contain. */
function clusterRole(): KubeObject {
  const why = [
    'Reads, creates, patches and deletes the objects that applications consist of, whatever their kind.',
    'bind and escalate let applications bring roles that hold more than this one, as operators do.',
    'Narrow it to what your applications consist of: what is not allowed is reported as an error of that object.',
  ].join(' ');
  const rules: readonly JsonObject[] = [
    { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
    { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'clusterroles'], verbs: ['bind', 'escalate'] },
    { nonResourceURLs: ['/version', '/api', '/api/*', '/apis', '/apis/*'], verbs: ['get'] },
  ];
  return object({ apiVersion: RBAC, kind: 'ClusterRole', isClusterWide: true, why }, { rules });
}

function ownRole(): KubeObject {
  const why = 'Replaces its own records: the identity, the last manifest, and what each application holds.';
  const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['update'] }];
  return object({ apiVersion: RBAC, kind: 'Role', why }, { rules });
}

function binding(role: 'ClusterRole' | 'Role'): KubeObject {
  const frame = { apiVersion: RBAC, kind: `${role}Binding`, isClusterWide: role === 'ClusterRole' };
  return object(frame, {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: role, name: NAME },
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
    env: [{ name: 'FLOTILLA_AGENT_PORT', value: String(PORT) }],
    ports: [{ name: 'health', containerPort: PORT, protocol: 'TCP' }],
    livenessProbe: { ...probe('/healthz'), periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 3 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 5 },
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
