import { invalid, type StatusCause } from './api-error.js';
import { equalJson, isMap, type Json, type JsonMap, listOf, mapOf, textOf } from './json-tree.js';
import { type KindInfo } from './kinds.js';
import { selectorMatches } from './selectors.js';

type Cause = Required<StatusCause>;

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

function required(field: string, why = ''): Cause {
  return { reason: 'FieldValueRequired', message: `Required value${why === '' ? '' : `: ${why}`}`, field };
}

function wrong(field: string, value: Json | undefined, why: string): Cause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value ?? null)}: ${why}`, field };
}

function duplicate(field: string, value: string): Cause {
  return { reason: 'FieldValueDuplicate', message: `Duplicate value: ${JSON.stringify(value)}`, field };
}

function checkName(kind: KindInfo, name: string): Cause[] {
  if (kind.group === 'rbac.authorization.k8s.io') {
    return /[/%]|^\.{1,2}$/.test(name) ? [wrong('metadata.name', name, "may not contain '/' or '%'")] : [];
  }
  const strict = kind.kind === 'Namespace' || kind.kind === 'Service';
  const pattern = strict ? label : subdomain;
  if (name.length <= (strict ? 63 : 253) && pattern.test(name)) return [];
  const what = strict ? 'a lowercase RFC 1123 label' : 'a lowercase RFC 1123 subdomain';
  return [
    wrong(
      'metadata.name',
      name,
      `${what} must consist of lower case alphanumeric characters, '-'${strict ? '' : " or '.'"}, ` +
        'and must start and end with an alphanumeric character',
    ),
  ];
}

function checkLabels(labels: Json | undefined, field: string): Cause[] {
  return Object.entries(mapOf(labels)).flatMap(([key, value]) =>
    typeof value === 'string' && value.length <= 63 && labelValue.test(value)
      ? []
      : [wrong(field, value, `a valid label must be an empty string or consist of alphanumeric characters (${key})`)],
  );
}

function checkPodSpec(spec: JsonMap, at: string): Cause[] {
  const containers = listOf(spec['containers']);
  if (containers.length === 0) return [required(`${at}.containers`)];
  const seen = new Set<string>();
  return containers.flatMap((each, index) => {
    const container = mapOf(each);
    const name = textOf(container['name']);
    const out: Cause[] = [];
    if (name === '') out.push(required(`${at}.containers[${index}].name`));
    else if (!label.test(name)) out.push(wrong(`${at}.containers[${index}].name`, name, 'a lowercase RFC 1123 label'));
    if (seen.has(name)) out.push(duplicate(`${at}.containers[${index}].name`, name));
    seen.add(name);
    if (textOf(container['image']) === '') out.push(required(`${at}.containers[${index}].image`));
    return out;
  });
}

const selected = new Set(['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet']);

function checkWorkload(object: JsonMap): Cause[] {
  const spec = mapOf(object['spec']);
  const template = mapOf(spec['template']);
  const causes: Cause[] = [];
  const replicas = spec['replicas'];
  if (typeof replicas === 'number' && replicas < 0) {
    causes.push(wrong('spec.replicas', replicas, 'must be greater than or equal to 0'));
  }
  if (!isMap(spec['selector'])) causes.push(required('spec.selector'));
  else if (!selectorMatches(spec['selector'], mapOf(mapOf(template['metadata'])['labels']))) {
    const labels = mapOf(mapOf(template['metadata'])['labels']);
    causes.push(wrong('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  }
  return [...causes, ...checkPodSpec(mapOf(template['spec']), 'spec.template.spec')];
}

function checkServicePorts(spec: JsonMap): Cause[] {
  const ports = listOf(spec['ports']).map(mapOf);
  if (ports.length === 0) {
    return spec['type'] === 'ExternalName' || spec['clusterIP'] === 'None' ? [] : [required('spec.ports')];
  }
  const names = new Set<string>();
  return ports.flatMap((port, at) => {
    const name = textOf(port['name']);
    const field = `spec.ports[${at}].name`;
    if (name === '') return ports.length > 1 ? [required(field)] : [];
    const isSecond = names.has(name);
    names.add(name);
    return isSecond ? [duplicate(field, name)] : [];
  });
}

function checkContent(object: JsonMap, kind: KindInfo): Cause[] {
  if (kind.custom !== undefined) return [];
  if (selected.has(kind.kind)) return checkWorkload(object);
  const spec = mapOf(object['spec']);
  switch (kind.kind) {
    case 'Pod':
      return checkPodSpec(spec, 'spec');
    case 'Job':
      return checkPodSpec(mapOf(mapOf(spec['template'])['spec']), 'spec.template.spec');
    case 'Service':
      return checkServicePorts(spec);
    case 'CustomResourceDefinition': {
      const wanted = `${textOf(mapOf(spec['names'])['plural'])}.${textOf(spec['group'])}`;
      const name = mapOf(object['metadata'])['name'];
      return name === wanted ? [] : [wrong('metadata.name', name, `must be spec.names.plural+"."+spec.group`)];
    }
    case 'ConfigMap':
    case 'Secret':
      return JSON.stringify(object['data'] ?? null).length > 1_048_576 * 1.34
        ? [{ reason: 'FieldValueTooLong', message: 'Too long: may not be more than 1048576 bytes', field: 'data' }]
        : [];
    default:
      return [];
  }
}

/** Fields that may not change once written, per kind. */
const immutable: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['spec.selector'],
  ReplicaSet: ['spec.selector'],
  DaemonSet: ['spec.selector'],
  Job: ['spec.selector', 'spec.template', 'spec.completionMode'],
  RoleBinding: ['roleRef'],
  ClusterRoleBinding: ['roleRef'],
  StorageClass: ['provisioner', 'parameters', 'reclaimPolicy', 'volumeBindingMode'],
  CustomResourceDefinition: ['spec.scope', 'spec.group', 'spec.names.plural', 'spec.names.kind'],
  PriorityClass: ['value', 'preemptionPolicy'],
};

function valueAt(object: JsonMap, path: string): Json | undefined {
  let at: Json | undefined = object;
  for (const key of path.split('.')) at = isMap(at) ? at[key] : undefined;
  return at;
}

const statefulSetMutable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

function without(object: Json | undefined, keys: readonly string[]): JsonMap {
  const entries = Object.entries(mapOf(object)).filter(([key]) => !keys.includes(key));
  return Object.fromEntries<Json>(entries);
}

function forbiddenChange(field: string, message: string): Cause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${message}`, field };
}

function checkChange(live: JsonMap, next: JsonMap, kind: KindInfo): Cause[] {
  if (kind.custom !== undefined) return [];
  const causes: Cause[] = [];
  for (const field of immutable[kind.kind] ?? []) {
    const now = valueAt(next, field);
    if (!equalJson(valueAt(live, field), now)) causes.push(wrong(field, now, 'field is immutable'));
  }
  const frozen = (kind.kind === 'Secret' || kind.kind === 'ConfigMap') && live['immutable'] === true;
  if (frozen) {
    for (const field of ['data', 'binaryData']) {
      if (!equalJson(live[field], next[field])) {
        causes.push(forbiddenChange(field, 'field is immutable when `immutable` is set'));
      }
    }
    if (next['immutable'] !== true) {
      causes.push(forbiddenChange('immutable', 'field is immutable when `immutable` is set'));
    }
  }
  if (kind.kind === 'Secret' && live['type'] !== next['type']) {
    causes.push(wrong('type', next['type'], 'field is immutable'));
  }
  if (kind.kind === 'Service') causes.push(...checkServiceChange(mapOf(live['spec']), mapOf(next['spec'])));
  if (kind.kind === 'StatefulSet') {
    const same = equalJson(without(live['spec'], statefulSetMutable), without(next['spec'], statefulSetMutable));
    if (!same) {
      causes.push(
        forbiddenChange(
          'spec',
          `updates to statefulset spec for fields other than ${statefulSetMutable.map((each) => `'${each}'`).join(', ')} are forbidden`,
        ),
      );
    }
  }
  if (kind.kind === 'PersistentVolumeClaim') {
    const mutable = ['resources', 'volumeName', 'volumeAttributesClassName'];
    if (!equalJson(without(live['spec'], mutable), without(next['spec'], mutable))) {
      causes.push(
        forbiddenChange('spec', 'spec is immutable after creation except resources.requests for bound claims'),
      );
    }
  }
  if (kind.kind === 'Pod') causes.push(...checkPodChange(mapOf(live['spec']), mapOf(next['spec'])));
  return causes;
}

function checkServiceChange(live: JsonMap, next: JsonMap): Cause[] {
  const kept = live['clusterIP'];
  if (kept === undefined || next['type'] === 'ExternalName' || equalJson(kept, next['clusterIP'])) return [];
  return [wrong('spec.clusterIPs[0]', [next['clusterIP'] ?? null], 'may not change once set')];
}

function checkPodChange(live: JsonMap, next: JsonMap): Cause[] {
  const mutable = ['activeDeadlineSeconds', 'tolerations', 'nodeName', 'terminationGracePeriodSeconds'];
  const comparable = (spec: JsonMap): JsonMap => {
    const out = without(spec, mutable);
    for (const list of ['containers', 'initContainers']) {
      if (spec[list] !== undefined) out[list] = listOf(spec[list]).map((each) => without(each, ['image', 'resources']));
    }
    return out;
  };
  if (equalJson(comparable(live), comparable(next))) return [];
  const fields =
    '`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds`';
  return [forbiddenChange('spec', `pod updates may not change fields other than ${fields}`)];
}

/** @throws ApiError 422 with a cause for each field at fault. */
export function validate(object: JsonMap, live: JsonMap | undefined, kind: KindInfo): void {
  const metadata = mapOf(object['metadata']);
  const name = textOf(metadata['name']);
  const causes = [
    ...checkName(kind, name),
    ...checkLabels(metadata['labels'], 'metadata.labels'),
    ...checkContent(object, kind),
    ...(live === undefined ? [] : checkChange(live, object, kind)),
  ];
  if (causes.length > 0) throw invalid(kind, name, causes);
}
