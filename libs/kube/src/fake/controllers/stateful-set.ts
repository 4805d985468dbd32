import { cloneJson, type JsonMap, listOf, mapOf, textOf } from '../json-tree.js';
import { builtInKind } from '../kinds.js';
import {
  type ControllerContext,
  createOwned,
  generationOf,
  type Reconcile,
  replicasOf,
  shortHash,
  writeStatus,
} from './context.js';
import { createPod, type OwnedPod, podsOf } from './pods-of.js';

const statefulSetKind = builtInKind('apps', 'v1', 'statefulsets');
const claimKind = builtInKind('', 'v1', 'persistentvolumeclaims');
const revisionLabel = 'controller-revision-hash';

function ordinalOf(pod: OwnedPod): number {
  return Number(pod.stored.name.slice(pod.stored.name.lastIndexOf('-') + 1));
}

function revisionOfPod(pod: OwnedPod): string {
  return textOf(mapOf(mapOf(pod.pod['metadata'])['labels'])[revisionLabel]);
}

function createClaims(context: ControllerContext, object: JsonMap, podName: string): void {
  for (const each of listOf(mapOf(object['spec'])['volumeClaimTemplates'])) {
    const template = cloneJson(mapOf(each));
    const metadata = mapOf(template['metadata']);
    const name = `${textOf(metadata['name'])}-${podName}`;
    const namespace = mapOf(object['metadata'])['namespace'] ?? '';
    const labels = mapOf(mapOf(mapOf(object['spec'])['selector'])['matchLabels']);
    createOwned(
      context,
      claimKind,
      { name, namespace, labels },
      { spec: mapOf(template['spec']), status: { phase: 'Pending' } },
    );
  }
}

/** The lowest ordinals run the old revision until their turn comes, from the highest down. */
export const reconcileStatefulSet: Reconcile = (context, _stored, object) => {
  if (mapOf(object['metadata'])['deletionTimestamp'] !== undefined) return undefined;
  const spec = mapOf(object['spec']);
  const name = textOf(mapOf(object['metadata'])['name']);
  const wanted = replicasOf(object);
  const revision = `${name}-${shortHash(mapOf(spec['template']))}`;
  const inParallel = spec['podManagementPolicy'] === 'Parallel';
  const strategy = mapOf(spec['updateStrategy']);
  const partition = Number(mapOf(strategy['rollingUpdate'])['partition'] ?? 0);
  const before = mapOf(object['status']);
  const current = textOf(before['currentRevision']) || revision;

  const byOrdinal = new Map(podsOf(context, object).map((pod) => [ordinalOf(pod), pod]));
  for (const [ordinal, pod] of byOrdinal) if (ordinal >= wanted) context.state.store.remove(pod.stored);
  for (let ordinal = 0; ordinal < wanted; ordinal += 1) {
    const pod = byOrdinal.get(ordinal);
    if (pod === undefined) {
      const podName = `${name}-${ordinal}`;
      createClaims(context, object, podName);
      const labels = {
        [revisionLabel]: ordinal >= partition ? revision : current,
        'statefulset.kubernetes.io/pod-name': podName,
        'apps.kubernetes.io/pod-index': String(ordinal),
      };
      createPod(context, object, { name: podName, labels });
      if (!inParallel && context.readyMs > 0) break;
    } else if (!inParallel && !pod.ready) break;
  }
  if (strategy['type'] !== 'OnDelete') replaceNext(context, object, revision, partition);

  const pods = podsOf(context, object);
  const ready = pods.filter((pod) => pod.ready).length;
  const updated = pods.filter((pod) => revisionOfPod(pod) === revision).length;
  const isDone = updated === wanted && pods.length === wanted && ready === wanted;
  const status: JsonMap = { observedGeneration: generationOf(object), replicas: pods.length };
  if (ready > 0) status['readyReplicas'] = ready;
  const held = isDone ? updated : pods.filter((pod) => revisionOfPod(pod) === current).length;
  if (held > 0) status['currentReplicas'] = held;
  if (updated > 0) status['updatedReplicas'] = updated;
  status['currentRevision'] = isDone ? revision : current;
  status['updateRevision'] = revision;
  status['collisionCount'] = 0;
  status['availableReplicas'] = ready;
  writeStatus(context, statefulSetKind, object, status);
  return undefined;
};

/** Takes away the highest Pod of an old revision once all above it are ready; it comes back with the new one. */
function replaceNext(context: ControllerContext, object: JsonMap, revision: string, partition: number): void {
  const pods = podsOf(context, object).sort((a, b) => ordinalOf(b) - ordinalOf(a));
  for (const pod of pods) {
    if (ordinalOf(pod) < partition) return;
    if (revisionOfPod(pod) !== revision) {
      context.state.store.remove(pod.stored);
      return;
    }
    if (!pod.ready) return;
  }
}
