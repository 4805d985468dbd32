import type { JsonObject } from '../json.js';
import { listAt, numberAt, textAt } from './conditions.js';

const REVISION = 'deployment.kubernetes.io/revision';
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

/**
 * Of some pods those that the workload's present revision made: they alone tell whether it will ever be healthy. Owners are told by
 * uid, never by labels: somebody else's pods may bear the same ones.
 * @param replicaSets those of the namespace, for a Deployment: its pods are theirs.
 */
export function presentPods(
  workload: JsonObject,
  pods: readonly JsonObject[],
  replicaSets: readonly JsonObject[] = [],
): readonly JsonObject[] {
  const kind = textAt(workload, 'kind');
  if (kind === 'Deployment') {
    const revision = textAt(workload, 'metadata', 'annotations', REVISION);
    const set = ownedBy(workload, replicaSets).find(
      (each) => textAt(each, 'metadata', 'annotations', REVISION) === revision,
    );
    return set === undefined ? [] : ownedBy(set, pods);
  }
  const own = ownedBy(workload, pods);
  // Whoever replaces pods by hand decides which revision each of them has.
  if (textAt(workload, 'spec', 'updateStrategy', 'type') === 'OnDelete') return own;
  if (kind === 'StatefulSet') {
    const updated = textAt(workload, 'status', 'updateRevision');
    const partition = numberAt(workload, ['spec', 'updateStrategy', 'rollingUpdate', 'partition'], 0);
    return own.filter((pod) => labelOf(pod, 'controller-revision-hash') === updated || ordinalOf(pod) < partition);
  }
  if (kind !== 'DaemonSet') return own;
  const generation = textAt(workload, 'metadata', 'annotations', TEMPLATE_GENERATION);
  return own.filter((pod) => labelOf(pod, 'pod-template-generation') === generation);
}

function ownedBy(owner: JsonObject, objects: readonly JsonObject[]): readonly JsonObject[] {
  const uid = textAt(owner, 'metadata', 'uid');
  return objects.filter((object) =>
    listAt(object, 'metadata', 'ownerReferences').some(
      (each) => each['controller'] === true && textAt(each, 'uid') === uid,
    ),
  );
}

function labelOf(object: JsonObject, label: string): string {
  return textAt(object, 'metadata', 'labels', label);
}

function ordinalOf(pod: JsonObject): number {
  return Number(/-(\d+)$/.exec(textAt(pod, 'metadata', 'name'))?.[1] ?? Infinity);
}
