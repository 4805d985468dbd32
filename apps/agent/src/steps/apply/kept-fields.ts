import type { JsonObject } from '#domain';
import { mapAt, mapsAt, textAt } from '#kube';

const REVISION = 'deployment.kubernetes.io/revision';
/** By these the health rules tell which revision made a pod. */
const REVISION_LABELS = ['controller-revision-hash', 'pod-template-generation'];
const IDENTITY = ['name', 'generation', 'deletionTimestamp'];
const STATUS = ['phase', 'reason', 'message', 'conditions', 'initContainerStatuses', 'containerStatuses'];

/** What the health rules look at in a pod. All pods of a workload are held while it is not healthy. */
export function keptPod(pod: JsonObject): JsonObject {
  const metadata = mapAt(pod, 'metadata');
  const labels = picked(mapAt(metadata, 'labels'), REVISION_LABELS);
  // Whether one of them is a sidecar.
  const initContainers = mapsAt(mapAt(pod, 'spec'), 'initContainers').map((each) =>
    picked(each, ['name', 'restartPolicy']),
  );
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...picked(metadata, IDENTITY), labels, ownerReferences: controllersOf(metadata) },
    ...(initContainers.length > 0 && { spec: { initContainers } }),
    status: picked(mapAt(pod, 'status'), STATUS),
  };
}

/** What tells whose a ReplicaSet is and which revision. */
export function keptReplicaSet(set: JsonObject): JsonObject {
  const metadata = mapAt(set, 'metadata');
  return {
    metadata: {
      uid: textAt(metadata, 'uid'),
      annotations: { [REVISION]: revisionOf(set) },
      ownerReferences: controllersOf(metadata),
    },
  };
}

/** Of a Deployment or a ReplicaSet; empty where it has none. */
export function revisionOf(object: JsonObject): string {
  return textAt(mapAt(mapAt(object, 'metadata'), 'annotations'), REVISION);
}

/** Uid of the controller; empty: it has none. */
export function ownerOf(object: JsonObject): string {
  const [controller] = controllersOf(mapAt(object, 'metadata'));
  return controller === undefined ? '' : textAt(controller, 'uid');
}

function controllersOf(metadata: JsonObject): readonly JsonObject[] {
  return mapsAt(metadata, 'ownerReferences')
    .filter((each) => each['controller'] === true)
    .map((each) => picked(each, ['controller', 'uid']));
}

function picked(object: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = object[field];
      return value === undefined ? [] : [[field, value]];
    }),
  );
}
