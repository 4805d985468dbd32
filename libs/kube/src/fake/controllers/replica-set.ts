import { type JsonMap, mapOf, textOf } from '../json-tree.js';
import { builtInKind } from '../kinds.js';
import { generationOf, type Reconcile, replicasOf, writeStatus } from './context.js';
import { createPod, podsOf } from './pods-of.js';

export const replicaSetKind = builtInKind('apps', 'v1', 'replicasets');
const controllerKind = builtInKind('', 'v1', 'replicationcontrollers');

export const reconcileReplicaSet: Reconcile = (context, stored, object) => {
  if (mapOf(object['metadata'])['deletionTimestamp'] !== undefined) return undefined;
  const wanted = replicasOf(object);
  let pods = podsOf(context, object);
  for (let i = pods.length; i < wanted; i += 1) createPod(context, object);
  if (pods.length > wanted) {
    // Those that are not ready go first.
    const doomed = [...pods].sort((a, b) => Number(a.ready) - Number(b.ready)).slice(0, pods.length - wanted);
    for (const each of doomed) context.state.store.remove(each.stored);
  }
  pods = podsOf(context, object);
  const ready = pods.filter((each) => each.ready).length;
  const kind = stored.key === 'replicationcontrollers' ? controllerKind : replicaSetKind;
  const status: JsonMap = { replicas: pods.length };
  if (pods.length > 0) status['fullyLabeledReplicas'] = pods.length;
  if (ready > 0) Object.assign(status, { readyReplicas: ready, availableReplicas: ready });
  status['observedGeneration'] = generationOf(object);
  writeStatus(context, kind, object, status);
  return undefined;
};

export function statusNumber(object: JsonMap, field: string): number {
  const value = mapOf(object['status'])[field];
  return typeof value === 'number' ? value : 0;
}

export function revisionOf(object: JsonMap): number {
  const annotations = mapOf(mapOf(object['metadata'])['annotations']);
  return Number(textOf(annotations['deployment.kubernetes.io/revision'])) || 0;
}
