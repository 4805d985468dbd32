import { isMap, type Json, type JsonMap, listOf, mapAt, mapOf, metadataOf, textOf } from './json-tree.js';
import { type KindInfo } from './kinds.js';

/** Fills in what the API server fills in, where a difference between wanted and live would show it. Works in place. */
export function fillDefaults(object: JsonMap, kind: KindInfo): void {
  if (kind.custom !== undefined) return;
  byKind[kind.kind]?.(object);
}

function set(map: JsonMap, key: string, value: Json): void {
  if (map[key] === undefined) map[key] = value;
}

function strategyOf(spec: JsonMap, key: string, rolling: JsonMap): void {
  const strategy = mapAt(spec, key);
  set(strategy, 'type', 'RollingUpdate');
  if (strategy['type'] !== 'RollingUpdate') return;
  const limits = mapAt(strategy, 'rollingUpdate');
  for (const [name, value] of Object.entries(rolling)) set(limits, name, value ?? null);
}

function probe(container: JsonMap, name: string): void {
  const found = container[name];
  if (!isMap(found)) return;
  set(found, 'timeoutSeconds', 1);
  set(found, 'periodSeconds', 10);
  set(found, 'successThreshold', 1);
  set(found, 'failureThreshold', 3);
  if (isMap(found['httpGet'])) {
    set(found['httpGet'], 'scheme', 'HTTP');
    set(found['httpGet'], 'path', '/');
  }
}

function container(value: Json): void {
  if (!isMap(value)) return;
  const image = textOf(value['image']);
  const named = image.slice(image.lastIndexOf('/') + 1);
  const floating = !image.includes('@') && (!named.includes(':') || named.endsWith(':latest'));
  set(value, 'imagePullPolicy', floating ? 'Always' : 'IfNotPresent');
  set(value, 'resources', {});
  set(value, 'terminationMessagePath', '/dev/termination-log');
  set(value, 'terminationMessagePolicy', 'File');
  for (const port of listOf(value['ports'])) if (isMap(port)) set(port, 'protocol', 'TCP');
  for (const env of listOf(value['env'])) {
    const reference = mapOf(mapOf(env)['valueFrom'])['fieldRef'];
    if (isMap(reference)) set(reference, 'apiVersion', 'v1');
  }
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) probe(value, name);
}

function volume(value: Json): void {
  if (!isMap(value)) return;
  for (const kind of ['configMap', 'secret', 'downwardAPI', 'projected']) {
    if (isMap(value[kind])) set(value[kind], 'defaultMode', 420);
  }
  if (isMap(value['hostPath'])) set(value['hostPath'], 'type', '');
  for (const source of listOf(mapOf(value['projected'])['sources'])) {
    const token = mapOf(source)['serviceAccountToken'];
    if (isMap(token)) set(token, 'expirationSeconds', 3600);
  }
  const sources = [
    'configMap',
    'secret',
    'downwardAPI',
    'projected',
    'hostPath',
    'persistentVolumeClaim',
    'csi',
    'nfs',
  ];
  if (!sources.some((each) => value[each] !== undefined) && Object.keys(value).length === 1) set(value, 'emptyDir', {});
}

function podSpec(spec: JsonMap): void {
  for (const each of listOf(spec['initContainers'])) container(each);
  for (const each of listOf(spec['containers'])) container(each);
  for (const each of listOf(spec['volumes'])) volume(each);
  set(spec, 'restartPolicy', 'Always');
  set(spec, 'terminationGracePeriodSeconds', 30);
  set(spec, 'dnsPolicy', 'ClusterFirst');
  if (spec['serviceAccountName'] !== undefined) set(spec, 'serviceAccount', spec['serviceAccountName']);
  set(spec, 'securityContext', {});
  set(spec, 'schedulerName', 'default-scheduler');
}

function podTemplate(parent: JsonMap): void {
  const template = mapAt(parent, 'template');
  set(template, 'metadata', {});
  podSpec(mapAt(template, 'spec'));
}

function jobSpec(spec: JsonMap): void {
  set(spec, 'backoffLimit', 6);
  if (spec['completions'] === undefined && spec['parallelism'] === undefined) set(spec, 'completions', 1);
  set(spec, 'parallelism', 1);
  set(spec, 'completionMode', 'NonIndexed');
  set(spec, 'suspend', false);
  set(spec, 'manualSelector', false);
  set(spec, 'podReplacementPolicy', 'TerminatingOrFailed');
  podTemplate(spec);
}

const byKind: Readonly<Record<string, (object: JsonMap) => void>> = {
  Deployment: (object) => {
    const spec = mapAt(object, 'spec');
    set(spec, 'replicas', 1);
    set(spec, 'revisionHistoryLimit', 10);
    set(spec, 'progressDeadlineSeconds', 600);
    strategyOf(spec, 'strategy', { maxSurge: '25%', maxUnavailable: '25%' });
    podTemplate(spec);
  },
  ReplicaSet: (object) => {
    const spec = mapAt(object, 'spec');
    set(spec, 'replicas', 1);
    podTemplate(spec);
  },
  StatefulSet: (object) => {
    const spec = mapAt(object, 'spec');
    set(spec, 'replicas', 1);
    set(spec, 'revisionHistoryLimit', 10);
    set(spec, 'podManagementPolicy', 'OrderedReady');
    set(spec, 'persistentVolumeClaimRetentionPolicy', { whenDeleted: 'Retain', whenScaled: 'Retain' });
    strategyOf(spec, 'updateStrategy', { partition: 0 });
    podTemplate(spec);
    for (const claim of listOf(spec['volumeClaimTemplates'])) {
      if (!isMap(claim)) continue;
      set(claim, 'kind', 'PersistentVolumeClaim');
      set(claim, 'apiVersion', 'v1');
      set(mapAt(claim, 'spec'), 'volumeMode', 'Filesystem');
      set(claim, 'status', { phase: 'Pending' });
    }
  },
  DaemonSet: (object) => {
    const spec = mapAt(object, 'spec');
    set(spec, 'revisionHistoryLimit', 10);
    strategyOf(spec, 'updateStrategy', { maxSurge: 0, maxUnavailable: 1 });
    podTemplate(spec);
  },
  Job: (object) => {
    const spec = mapAt(object, 'spec');
    jobSpec(spec);
    const uid = textOf(mapOf(object['metadata'])['uid']);
    const name = textOf(mapOf(object['metadata'])['name']);
    if (uid === '' || spec['manualSelector'] === true) return;
    set(spec, 'selector', { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } });
    const labels = mapAt(mapAt(mapAt(spec, 'template'), 'metadata'), 'labels');
    for (const prefix of ['batch.kubernetes.io/', '']) {
      set(labels, `${prefix}controller-uid`, uid);
      set(labels, `${prefix}job-name`, name);
    }
    if (metadataOf(object)['labels'] === undefined) metadataOf(object)['labels'] = { ...labels };
  },
  CronJob: (object) => {
    const spec = mapAt(object, 'spec');
    set(spec, 'concurrencyPolicy', 'Allow');
    set(spec, 'suspend', false);
    set(spec, 'successfulJobsHistoryLimit', 3);
    set(spec, 'failedJobsHistoryLimit', 1);
    const template = mapAt(spec, 'jobTemplate');
    set(template, 'metadata', {});
    podTemplate(mapAt(template, 'spec'));
  },
  Pod: (object) => {
    podSpec(mapAt(object, 'spec'));
    set(mapAt(object, 'spec'), 'enableServiceLinks', true);
  },
  Service: (object) => {
    const spec = mapAt(object, 'spec');
    set(spec, 'type', 'ClusterIP');
    set(spec, 'sessionAffinity', 'None');
    if (spec['sessionAffinity'] === 'ClientIP')
      set(mapAt(mapAt(spec, 'sessionAffinityConfig'), 'clientIP'), 'timeoutSeconds', 10_800);
    if (spec['type'] === 'ExternalName') return;
    for (const port of listOf(spec['ports'])) {
      if (!isMap(port)) continue;
      set(port, 'protocol', 'TCP');
      if (port['port'] !== undefined) set(port, 'targetPort', port['port']);
    }
    set(spec, 'ipFamilies', ['IPv4']);
    set(spec, 'ipFamilyPolicy', 'SingleStack');
    set(spec, 'internalTrafficPolicy', 'Cluster');
    if (spec['type'] !== 'ClusterIP') set(spec, 'externalTrafficPolicy', 'Cluster');
    if (spec['type'] === 'LoadBalancer') set(spec, 'allocateLoadBalancerNodePorts', true);
    set(object, 'status', { loadBalancer: {} });
  },
  Secret: (object) => {
    set(object, 'type', 'Opaque');
    const plain = object['stringData'];
    if (!isMap(plain)) return;
    const data = mapAt(object, 'data');
    for (const [key, value] of Object.entries(plain)) data[key] = Buffer.from(textOf(value)).toString('base64');
    delete object['stringData'];
  },
  Namespace: (object) => {
    const name = textOf(mapOf(object['metadata'])['name']);
    set(mapAt(mapAt(object, 'metadata'), 'labels'), 'kubernetes.io/metadata.name', name);
    set(mapAt(object, 'spec'), 'finalizers', ['kubernetes']);
    set(object, 'status', { phase: 'Active' });
  },
  PersistentVolumeClaim: (object) => {
    set(mapAt(object, 'spec'), 'volumeMode', 'Filesystem');
    set(object, 'status', { phase: 'Pending' });
  },
  HorizontalPodAutoscaler: (object) => {
    set(mapAt(object, 'spec'), 'minReplicas', 1);
  },
  Ingress: (object) => {
    set(object, 'status', { loadBalancer: {} });
  },
  NetworkPolicy: (object) => {
    const spec = mapAt(object, 'spec');
    const both = spec['egress'] !== undefined;
    set(spec, 'policyTypes', both ? ['Ingress', 'Egress'] : ['Ingress']);
    for (const rule of [...listOf(spec['ingress']), ...listOf(spec['egress'])]) {
      for (const port of listOf(mapOf(rule)['ports'])) if (isMap(port)) set(port, 'protocol', 'TCP');
    }
  },
  RoleBinding: bindingSubjects,
  ClusterRoleBinding: bindingSubjects,
  CustomResourceDefinition: (object) => {
    const spec = mapAt(object, 'spec');
    set(spec, 'conversion', { strategy: 'None' });
    const names = mapAt(spec, 'names');
    set(names, 'singular', textOf(names['kind']).toLowerCase());
    set(names, 'listKind', `${textOf(names['kind'])}List`);
  },
  StorageClass: (object) => {
    set(object, 'reclaimPolicy', 'Delete');
    set(object, 'volumeBindingMode', 'Immediate');
  },
  PriorityClass: (object) => {
    set(object, 'preemptionPolicy', 'PreemptLowerPriority');
  },
};

function bindingSubjects(object: JsonMap): void {
  set(mapAt(object, 'roleRef'), 'apiGroup', 'rbac.authorization.k8s.io');
  for (const subject of listOf(object['subjects'])) {
    if (isMap(subject) && subject['kind'] !== 'ServiceAccount') set(subject, 'apiGroup', 'rbac.authorization.k8s.io');
  }
}

/** An address for a Service that has none, derived from its name so that a restored cluster gives the same. */
export function assignClusterIp(object: JsonMap, taken: (ip: string) => boolean): void {
  const spec = mapAt(object, 'spec');
  if (spec['type'] === 'ExternalName') return;
  if (spec['clusterIP'] === undefined || spec['clusterIP'] === '') {
    const metadata = mapOf(object['metadata']);
    let hash = 7;
    for (const char of `${textOf(metadata['namespace'])}/${textOf(metadata['name'])}`) {
      hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
    }
    let ip = '';
    do {
      ip = `10.96.${(hash >>> 8) & 255}.${hash & 255 || 1}`;
      hash = (hash + 1) >>> 0;
    } while (taken(ip));
    spec['clusterIP'] = ip;
  }
  if (spec['clusterIPs'] === undefined) spec['clusterIPs'] = [spec['clusterIP']];
}
