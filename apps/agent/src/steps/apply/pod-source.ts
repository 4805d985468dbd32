import type { JsonObject } from '#domain';
import { mapAt, mapsAt, textAt } from '#kube';

/** Where the pods behind one workload are. */
export interface PodSource {
  /** What `presentPods` asks for; the same object that its verdict is made of, so that it is held once. */
  readonly workload: JsonObject;
  readonly namespace: string;
  /** As a label selector in text. It only narrows what travels: whose the pods are, their owners tell. */
  readonly selector: string;
}

const KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job'];
const JOB_LABEL = 'batch.kubernetes.io/controller-uid';

/** Where a workload's pods are; null: the kind has none, or they say nothing. */
export function podSourceOf(workload: JsonObject): PodSource | null {
  const kind = textAt(workload, 'kind');
  if (!KINDS.includes(kind)) return null;
  const selector = selectorOf(workload, kind);
  if (selector === '') return null;
  return { workload, namespace: textAt(mapAt(workload, 'metadata'), 'namespace'), selector };
}

function selectorOf(workload: JsonObject, kind: string): string {
  const spec = mapAt(workload, 'spec');
  // The API server labels a Job's pods so, but where the Job says that it selects them itself.
  if (kind === 'Job' && spec['manualSelector'] !== true) {
    const uid = textAt(mapAt(workload, 'metadata'), 'uid');
    return uid === '' ? '' : `${JOB_LABEL}=${uid}`;
  }
  return selectorText(mapAt(spec, 'selector'), kind === 'ReplicationController');
}

function selectorText(selector: JsonObject, isPlain: boolean): string {
  const labels = isPlain ? selector : mapAt(selector, 'matchLabels');
  const equal = Object.entries(labels).flatMap(([key, value]) => (typeof value === 'string' ? `${key}=${value}` : []));
  if (isPlain) return equal.join(',');
  const expressions = mapsAt(selector, 'matchExpressions').map((each) => {
    const key = textAt(each, 'key');
    const values = Array.isArray(each['values']) ? (each['values'] as readonly string[]).join(',') : '';
    switch (textAt(each, 'operator')) {
      case 'In':
        return `${key} in (${values})`;
      case 'NotIn':
        return `${key} notin (${values})`;
      case 'Exists':
        return key;
      default:
        return `!${key}`;
    }
  });
  return [...equal, ...expressions].join(',');
}
