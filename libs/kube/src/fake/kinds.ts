import { type MergeRule, ruleForKind } from './merge-rules.js';

/** What the simulated API server knows of one kind in one version. */
export interface KindInfo {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** `metadata.generation` is kept. */
  readonly generation: boolean;
  readonly statusSubresource: boolean;
  readonly scaleSubresource: boolean;
  readonly mergeRule: MergeRule;
  /** Served by a CustomResourceDefinition: its storage key stays the same over all its versions. */
  readonly custom?: {
    readonly definition: string;
    readonly storage: boolean;
    readonly schema?: CustomSchema;
    readonly replicasPath?: string;
  };
}

/** The part of a CustomResourceDefinition's structural schema that pruning and defaulting read. */
export interface CustomSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, CustomSchema>>;
  readonly additionalProperties?: CustomSchema | boolean;
  readonly items?: CustomSchema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-int-or-string'?: boolean;
}

export function apiVersionOf(kind: { group: string; version: string }): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** The key under which objects of a kind are stored, the same for all its versions. */
export function storageKey(kind: { group: string; plural: string }): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
}

/** `Kind plural flags shortNames…`; flags: n namespaced, g generation, s status, c scale. */
const table: Readonly<Record<string, readonly string[]>> = {
  v1: [
    'ConfigMap configmaps n cm',
    'Endpoints endpoints n ep',
    'Event events n ev',
    'LimitRange limitranges n limits',
    'Namespace namespaces s ns',
    'Node nodes s no',
    'PersistentVolume persistentvolumes s pv',
    'PersistentVolumeClaim persistentvolumeclaims ns pvc',
    'Pod pods ngs po',
    'PodTemplate podtemplates n',
    'ReplicationController replicationcontrollers ngsc rc',
    'ResourceQuota resourcequotas ns quota',
    'Secret secrets n',
    'Service services ns svc',
    'ServiceAccount serviceaccounts n sa',
  ],
  'apps/v1': [
    'ControllerRevision controllerrevisions n',
    'DaemonSet daemonsets ngs ds',
    'Deployment deployments ngsc deploy',
    'ReplicaSet replicasets ngsc rs',
    'StatefulSet statefulsets ngsc sts',
  ],
  'batch/v1': ['CronJob cronjobs ngs cj', 'Job jobs ngs'],
  'autoscaling/v2': ['HorizontalPodAutoscaler horizontalpodautoscalers ns hpa'],
  'autoscaling/v1': ['HorizontalPodAutoscaler horizontalpodautoscalers ns hpa'],
  'policy/v1': ['PodDisruptionBudget poddisruptionbudgets ngs pdb'],
  'networking.k8s.io/v1': [
    'Ingress ingresses ngs ing',
    'IngressClass ingressclasses g',
    'NetworkPolicy networkpolicies ng netpol',
  ],
  'rbac.authorization.k8s.io/v1': [
    'ClusterRole clusterroles -',
    'ClusterRoleBinding clusterrolebindings -',
    'Role roles n',
    'RoleBinding rolebindings n',
  ],
  'apiextensions.k8s.io/v1': ['CustomResourceDefinition customresourcedefinitions gs crd crds'],
  'apiregistration.k8s.io/v1': ['APIService apiservices s'],
  'storage.k8s.io/v1': [
    'CSIDriver csidrivers -',
    'CSINode csinodes -',
    'StorageClass storageclasses - sc',
    'VolumeAttachment volumeattachments s',
  ],
  'scheduling.k8s.io/v1': ['PriorityClass priorityclasses g pc'],
  'node.k8s.io/v1': ['RuntimeClass runtimeclasses -'],
  'coordination.k8s.io/v1': ['Lease leases n'],
  'discovery.k8s.io/v1': ['EndpointSlice endpointslices ng'],
  'admissionregistration.k8s.io/v1': [
    'MutatingWebhookConfiguration mutatingwebhookconfigurations g',
    'ValidatingAdmissionPolicy validatingadmissionpolicies gs',
    'ValidatingAdmissionPolicyBinding validatingadmissionpolicybindings g',
    'ValidatingWebhookConfiguration validatingwebhookconfigurations g',
  ],
};

const inAll = new Set(['Pod', 'ReplicationController', 'Service', 'DaemonSet', 'Deployment', 'ReplicaSet']);
for (const kind of ['StatefulSet', 'CronJob', 'Job', 'HorizontalPodAutoscaler']) inAll.add(kind);

function builtIn(apiVersion: string, line: string): KindInfo {
  const [kind = '', plural = '', flags = '', ...shortNames] = line.split(' ');
  const slash = apiVersion.indexOf('/');
  return {
    group: slash < 0 ? '' : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
    kind,
    plural,
    singular: kind.toLowerCase(),
    namespaced: flags.includes('n'),
    shortNames,
    categories: inAll.has(kind) ? ['all'] : [],
    generation: flags.includes('g'),
    statusSubresource: flags.includes('s'),
    scaleSubresource: flags.includes('c'),
    mergeRule: ruleForKind(kind),
  };
}

/** In the order in which discovery lists them: all clusters share this one list. */
export const builtInKinds: readonly KindInfo[] = Object.entries(table).flatMap(([apiVersion, lines]) =>
  lines.map((line) => builtIn(apiVersion, line)),
);

export function lookupKey(group: string, version: string, plural: string): string {
  return `${group}/${version}/${plural}`;
}

export const builtInByPath: ReadonlyMap<string, KindInfo> = new Map(
  builtInKinds.map((kind) => [lookupKey(kind.group, kind.version, kind.plural), kind]),
);

/** A built-in kind that the simulator itself writes. */
export function builtInKind(group: string, version: string, plural: string): KindInfo {
  const found = builtInByPath.get(lookupKey(group, version, plural));
  if (found === undefined) throw new Error(`no built-in kind ${group}/${version}/${plural}`);
  return found;
}
