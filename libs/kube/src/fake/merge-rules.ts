/**
 * How server-side apply merges a value. Unsaid: maps field by field, lists as a whole.
 * The tables hold what the API's types declare (x-kubernetes-list-type, -list-map-keys, -map-type), for the kinds that are merged in practice.
 */
export interface MergeRule {
  /** Replaced as a whole. */
  readonly atomic?: true;
  /** A list merged by these fields of its items; `defaults` stand in for a key that an item lacks. */
  readonly keys?: readonly string[];
  readonly defaults?: Readonly<Record<string, string | number>>;
  /** A list of scalars where each is an entry of its own. */
  readonly set?: true;
  readonly items?: MergeRule;
  readonly fields?: Readonly<Record<string, MergeRule>>;
  /** The rule of the members of a map with free keys. */
  readonly values?: MergeRule;
}

export const plainRule: MergeRule = {};
const atomic: MergeRule = { atomic: true };
const set: MergeRule = { set: true };

function byKey(keys: readonly string[], items: MergeRule = plainRule): MergeRule {
  return { keys, items };
}

function fields(entries: Readonly<Record<string, MergeRule>>): MergeRule {
  return { fields: entries };
}

const conditions = byKey(['type']);
const selector = fields({ selector: atomic });

const metadata = fields({ finalizers: set, ownerReferences: byKey(['uid'], atomic) });

const envSource = fields({
  valueFrom: fields({
    configMapKeyRef: atomic,
    secretKeyRef: atomic,
    fieldRef: atomic,
    resourceFieldRef: atomic,
    fileKeyRef: atomic,
  }),
});

const container = fields({
  env: byKey(['name'], envSource),
  ports: { keys: ['containerPort', 'protocol'], defaults: { protocol: 'TCP' }, items: plainRule },
  volumeMounts: byKey(['mountPath']),
  volumeDevices: byKey(['devicePath']),
  resources: fields({ claims: byKey(['name']) }),
});

const volume = fields({
  configMap: fields({ items: atomic }),
  secret: fields({ items: atomic }),
  downwardAPI: fields({ items: atomic }),
  projected: fields({ sources: atomic }),
});

const podSpec = fields({
  containers: byKey(['name'], container),
  initContainers: byKey(['name'], container),
  ephemeralContainers: byKey(['name'], container),
  volumes: byKey(['name'], volume),
  imagePullSecrets: byKey(['name'], plainRule),
  hostAliases: byKey(['ip']),
  topologySpreadConstraints: byKey(['topologyKey', 'whenUnsatisfiable'], fields({ labelSelector: atomic })),
  schedulingGates: byKey(['name']),
  resourceClaims: byKey(['name']),
  nodeSelector: atomic,
  affinity: fields({
    nodeAffinity: fields({ requiredDuringSchedulingIgnoredDuringExecution: atomic }),
  }),
});

const podTemplate = fields({ metadata, spec: podSpec });
const workload = (more: Readonly<Record<string, MergeRule>> = {}): MergeRule =>
  fields({
    metadata,
    spec: fields({ selector: atomic, template: podTemplate, ...more }),
    status: fields({ conditions }),
  });

const objectReference = atomic;
const webhooks = fields({
  metadata,
  webhooks: byKey(
    ['name'],
    fields({ namespaceSelector: atomic, objectSelector: atomic, matchConditions: byKey(['name']) }),
  ),
});

const plainKind = fields({ metadata, status: fields({ conditions }) });

const byKind: Readonly<Record<string, MergeRule>> = {
  Deployment: workload(),
  ReplicaSet: workload(),
  StatefulSet: workload(),
  DaemonSet: workload(),
  Job: workload(),
  ReplicationController: workload(),
  PodTemplate: fields({ metadata, template: podTemplate }),
  CronJob: fields({
    metadata,
    spec: fields({ jobTemplate: fields({ metadata, spec: fields({ selector: atomic, template: podTemplate }) }) }),
    status: fields({ active: atomic }),
  }),
  Pod: fields({ metadata, spec: podSpec, status: fields({ conditions, podIPs: byKey(['ip']), hostIPs: atomic }) }),
  Service: fields({
    metadata,
    spec: fields({
      selector: atomic,
      ports: { keys: ['port', 'protocol'], defaults: { protocol: 'TCP' }, items: plainRule },
    }),
    status: fields({ conditions, loadBalancer: fields({ ingress: atomic }) }),
  }),
  ServiceAccount: fields({ metadata, secrets: byKey(['name']), imagePullSecrets: atomic }),
  Node: fields({
    metadata,
    spec: fields({ podCIDRs: set }),
    status: fields({ conditions, addresses: byKey(['type']) }),
  }),
  PersistentVolumeClaim: fields({
    metadata,
    spec: fields({ selector: atomic, dataSource: objectReference }),
    status: fields({ conditions }),
  }),
  PersistentVolume: fields({ metadata, spec: fields({ claimRef: fields({}) }) }),
  RoleBinding: fields({ metadata, roleRef: atomic }),
  ClusterRoleBinding: fields({ metadata, roleRef: atomic }),
  ClusterRole: fields({ metadata, aggregationRule: fields({ clusterRoleSelectors: atomic }) }),
  NetworkPolicy: fields({ metadata, spec: fields({ podSelector: atomic }) }),
  PodDisruptionBudget: fields({ metadata, spec: selector, status: fields({ conditions }) }),
  HorizontalPodAutoscaler: fields({
    metadata,
    spec: fields({ scaleTargetRef: fields({}) }),
    status: fields({ conditions, currentMetrics: atomic }),
  }),
  IngressClass: fields({ metadata }),
  StorageClass: fields({ metadata, allowedTopologies: atomic }),
  MutatingWebhookConfiguration: webhooks,
  ValidatingWebhookConfiguration: webhooks,
  EndpointSlice: fields({ metadata }),
};

export function ruleForKind(kind: string): MergeRule {
  return byKind[kind] ?? plainKind;
}

export const metadataRule = metadata;
export const conditionsRule = conditions;

export function ruleOfField(rule: MergeRule, key: string): MergeRule {
  return rule.fields?.[key] ?? rule.values ?? plainRule;
}
