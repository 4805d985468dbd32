import type { TreeNode } from '#contract';
import { assessObject, type HealthVerdict } from '#domain';
import { hasDrifted, type ObjectError, type ObjectRef, refKey } from '#kube';
import type { TrackedObject } from '../apply/tracked-object.js';
import { cut } from '../report/compose-report.js';
import type { Inspected } from './inspected.js';
import type { WantedObject } from './wanted-objects.js';

/** A node whose children are still to come. */
export interface GrowingNode extends TreeNode {
  readonly children: GrowingNode[];
}

type Sync = NonNullable<TreeNode['sync']>;

const NOT_LOOKED_AT: HealthVerdict = { status: 'unknown', reason: 'Unseen', message: 'it was not looked at yet' };

/** Makes a node of an object; texts are masked before they are cut. */
export function makeNode(
  ref: ObjectRef,
  health: HealthVerdict,
  { mask }: Pick<Inspected, 'mask'>,
  more: { readonly sync?: Sync; readonly createdAt?: string } = {},
): GrowingNode {
  const { sync, createdAt = '' } = more;
  return {
    apiVersion: cut(ref.apiVersion, 253),
    kind: cut(ref.kind, 63),
    ...(ref.namespace !== undefined && { namespace: cut(ref.namespace, 63) }),
    name: cut(ref.name, 253),
    ...(sync !== undefined && { sync }),
    health: health.status,
    reason: cut(mask.hide(health.reason), 128),
    message: cut(mask.hide(health.message), 1024),
    ...(createdAt !== '' && { createdAt: cut(createdAt, 40) }),
    children: [],
  };
}

/**
 * The objects that Git names, that the inventory has, or that could not be applied, by key, in order. Asks nobody.
 * @param wanted see wantedObjects
 */
export function managedNodes(
  inspected: Inspected,
  wanted: ReadonlyMap<string, WantedObject> | null,
): ReadonlyMap<string, GrowingNode> {
  const { tracked, inventory } = inspected;
  const errors = new Map(inspected.errors.map((error) => [refKey(error.ref), error]));
  const nodes = new Map<string, GrowingNode>();
  for (const [key, object] of tracked) {
    const digest = wanted === null ? object.desired : wanted.get(key)?.digest;
    nodes.set(key, trackedNode(object, errors.get(key), digest, inspected));
  }
  for (const [key, { ref }] of wanted ?? []) {
    if (nodes.has(key)) continue;
    nodes.set(key, makeNode(ref, told(NOT_LOOKED_AT, errors.get(key)), inspected, { sync: 'unknown' }));
  }
  for (const entry of inventory) {
    const key = refKey(entry);
    if (nodes.has(key)) continue;
    // Before anything was looked at, nobody knows what is still wanted.
    const isKnown = wanted !== null || tracked.size > 0 || inspected.held?.assignment.release === null;
    const sync = isKnown ? 'surplus' : 'unknown';
    nodes.set(key, makeNode(entry, told(NOT_LOOKED_AT, errors.get(key)), inspected, { sync }));
  }
  for (const [key, error] of errors) {
    if (nodes.has(key)) continue;
    nodes.set(key, makeNode(error.ref, told(assessObject(null), error), inspected, { sync: 'missing' }));
  }
  return new Map([...nodes].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function trackedNode(
  object: TrackedObject,
  error: ObjectError | undefined,
  digest: string | undefined,
  inspected: Inspected,
): GrowingNode {
  const health = told(object.live === undefined ? NOT_LOOKED_AT : object.health, error);
  const createdAt = object.live?.createdAt ?? '';
  return makeNode(object.ref, health, inspected, { sync: syncOf(object, error, digest, inspected), createdAt });
}

function syncOf(
  object: TrackedObject,
  error: ObjectError | undefined,
  digest: string | undefined,
  { application }: Inspected,
): Sync {
  if (digest === undefined) return 'surplus';
  const known = object.known();
  const { live, verified } = known;
  if (live === null) return known.completed === true ? 'synced' : 'missing';
  if (error !== undefined) return 'outOfSync';
  if (live === undefined) return 'unknown';
  const isAsWanted = verified?.desired === digest && live.application === application;
  return isAsWanted && !hasDrifted(known) ? 'synced' : 'outOfSync';
}

/** Why it could not be applied says more than how what is there fares. */
function told(health: HealthVerdict, error: ObjectError | undefined): HealthVerdict {
  return error === undefined ? health : { ...health, reason: error.reason, message: error.message };
}
