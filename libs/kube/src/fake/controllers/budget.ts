import { type Json, type JsonMap, listOf, mapOf, textOf } from '../json-tree.js';
import { builtInKind, storageKey } from '../kinds.js';
import { selectorMatches } from '../selectors.js';
import { type StoredObject } from '../object-store.js';
import {
  type ControllerContext,
  generationOf,
  nowText,
  type Reconcile,
  replicasOf,
  shareOf,
  withCondition,
  writeStatus,
} from './context.js';
import { isPodReady } from './pod.js';

const budgetKind = builtInKind('policy', 'v1', 'poddisruptionbudgets');

interface Protected {
  /** How many there should be. */
  readonly expected: number;
  readonly healthy: number;
  readonly desired: number;
}

/** The disruption controller: how many of the selected Pods may be taken away at present. */
export const reconcileBudget: Reconcile = (context, stored, object) => {
  if (mapOf(object['metadata'])['deletionTimestamp'] !== undefined) return undefined;
  const found = countPods(context, stored, mapOf(object['spec']));
  if (typeof found === 'string') {
    writeStatus(context, budgetKind, object, {
      ...mapOf(object['status']),
      ...conditions(context, object, false, 'SyncFailed', found),
      disruptionsAllowed: 0,
      observedGeneration: generationOf(object),
    });
    return undefined;
  }
  const { expected, healthy, desired } = found;
  const allowed = expected === 0 ? 0 : Math.max(0, healthy - desired);
  writeStatus(context, budgetKind, object, {
    ...conditions(context, object, allowed > 0, allowed > 0 ? 'SufficientPods' : 'InsufficientPods', ''),
    currentHealthy: healthy,
    desiredHealthy: desired,
    disruptionsAllowed: allowed,
    expectedPods: expected,
    observedGeneration: generationOf(object),
  });
  return undefined;
};

function conditions(
  context: ControllerContext,
  object: JsonMap,
  allowed: boolean,
  reason: string,
  message: string,
): JsonMap {
  const before = mapOf(object['status'])['conditions'];
  const more = { reason, message, observedGeneration: generationOf(object) };
  const list = withCondition(before, nowText(context), 'DisruptionAllowed', allowed ? 'True' : 'False', more);
  return { conditions: list };
}

/** A text says why it can't be counted. */
function countPods(context: ControllerContext, stored: StoredObject, spec: JsonMap): Protected | string {
  const pods = context.state.store
    .list('pods', stored.namespace)
    .map((each) => [each, context.parse(each)] as const)
    .filter(([, pod]) => selectorMatches(spec['selector'], mapOf(mapOf(pod['metadata'])['labels'])));
  const healthy = pods.filter(([, pod]) => isHealthy(pod)).length;
  const { minAvailable, maxUnavailable } = spec;
  // Only a number of Pods needs nobody to say how many there should be.
  if (maxUnavailable === undefined && typeof minAvailable === 'number') {
    return { expected: pods.length, healthy, desired: minAvailable };
  }
  const expected = expectedOf(context, pods);
  if (typeof expected === 'string') return expected;
  const share = (value: Json | undefined): number => shareOf(value, expected, Math.ceil);
  const desired = maxUnavailable === undefined ? share(minAvailable) : Math.max(0, expected - share(maxUnavailable));
  return { expected, healthy, desired };
}

function isHealthy(pod: JsonMap): boolean {
  return mapOf(pod['metadata'])['deletionTimestamp'] === undefined && isPodReady(pod);
}

/** As many as the Pods' controllers want of them, each counted once. */
function expectedOf(context: ControllerContext, pods: readonly (readonly [StoredObject, JsonMap])[]): number | string {
  const scales = new Map<string, number>();
  for (const [stored, pod] of pods) {
    const owner = ownerOf(context, pod, stored.namespace);
    // Nobody says how many there should be of it.
    if (owner === undefined) continue;
    const above = ownerOf(context, owner, stored.namespace);
    const top = owner['kind'] === 'ReplicaSet' && above !== undefined ? above : owner;
    if (mapOf(top['spec'])['replicas'] === undefined) {
      return `${textOf(top['kind']).toLowerCase()}s does not implement the scale subresource`;
    }
    scales.set(textOf(mapOf(top['metadata'])['uid']), replicasOf(top));
  }
  return [...scales.values()].reduce((sum, each) => sum + each, 0);
}

function ownerOf(context: ControllerContext, object: JsonMap, namespace: string): JsonMap | undefined {
  const reference = listOf(mapOf(object['metadata'])['ownerReferences'])
    .map(mapOf)
    .find((each) => each['controller'] === true);
  if (reference === undefined) return undefined;
  const kind = context.state.kinds.byReference(textOf(reference['apiVersion']), textOf(reference['kind']));
  if (kind === undefined) return undefined;
  const stored = context.state.store.get(storageKey(kind), namespace, textOf(reference['name']));
  return stored === undefined ? undefined : context.parse(stored);
}
