import { type ApiAnswer, type ClusterState, type ResourceRequest, timestamp } from './cluster-state.js';
import { checkPreconditions, isDryRun } from './commits.js';
import { isMap, type Json, type JsonMap, listOf, mapOf, metadataOf, parseMap, textOf } from './json-tree.js';
import { type KindInfo } from './kinds.js';
import { type StoredObject } from './object-store.js';
import { present, viewOf } from './presentation.js';
import { readObject, selectObjects } from './reads.js';

type Propagation = 'Background' | 'Foreground' | 'Orphan';

function propagationOf(request: ResourceRequest): Propagation {
  const options = isMap(request.body) ? request.body : {};
  const asked = request.query['propagationPolicy'] ?? textOf(options['propagationPolicy']);
  if (asked === 'Foreground' || asked === 'Orphan') return asked;
  return options['orphanDependents'] === true ? 'Orphan' : 'Background';
}

export function deleteObject(state: ClusterState, request: ResourceRequest): ApiAnswer {
  const { kind } = request;
  const stored = readObject(state, request);
  const live = parseMap(stored.json);
  const options = isMap(request.body) ? request.body : {};
  checkPreconditions(kind, live, mapOf(options['preconditions']));
  const dryRun = isDryRun(request) || listOf(options['dryRun']).includes('All');
  state.admission.validate({ request, operation: 'DELETE', object: {}, oldObject: live });
  if (dryRun) return { status: 200, body: deletedStatus(kind, stored) };
  const left = startDeletion(state, kind, stored, propagationOf(request));
  const body = left === undefined ? deletedStatus(kind, stored) : present(left.json, kind, viewOf(request.accept));
  return { status: 200, body };
}

export function deleteCollection(state: ClusterState, request: ResourceRequest): ApiAnswer {
  const policy = propagationOf(request);
  const dryRun = isDryRun(request);
  for (const stored of selectObjects(state, request)) {
    if (!dryRun) startDeletion(state, request.kind, stored, policy);
  }
  return { status: 200, body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' }) };
}

function deletedStatus(kind: KindInfo, stored: StoredObject): string {
  const details: JsonMap = { name: stored.name, kind: kind.plural, uid: stored.uid };
  if (kind.group !== '') details['group'] = kind.group;
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
}

/** Removes the object, or marks it where finalizers hold it; what is left of it is the answer. */
export function startDeletion(
  state: ClusterState,
  kind: KindInfo,
  stored: StoredObject,
  policy: Propagation,
): StoredObject | undefined {
  if (policy === 'Orphan') releaseDependents(state, stored.uid);
  const live = parseMap(stored.json);
  const metadata = metadataOf(live);
  const finalizers = listOf(metadata['finalizers']);
  const waits = policy === 'Foreground' && hasDependents(state, stored.uid);
  if (waits && !finalizers.includes('foregroundDeletion'))
    metadata['finalizers'] = [...finalizers, 'foregroundDeletion'];
  const held = listOf(metadata['finalizers']).length > 0 || kind.kind === 'Namespace';
  if (!held) {
    state.store.remove(stored);
    return undefined;
  }
  if (metadata['deletionTimestamp'] !== undefined) return stored;
  metadata['deletionTimestamp'] = timestamp(state.now());
  metadata['deletionGracePeriodSeconds'] = 0;
  if (kind.generation) metadata['generation'] = Number(metadata['generation'] ?? 0) + 1;
  if (kind.kind === 'Namespace') {
    live['status'] = { ...mapOf(live['status']), phase: 'Terminating' };
    delete metadata['deletionGracePeriodSeconds'];
  }
  return state.store.put(kind, live);
}

export function hasDependents(state: ClusterState, uid: string): boolean {
  return state.store.ownedBy(uid).length > 0;
}

function releaseDependents(state: ClusterState, uid: string): void {
  const owned = state.store.ownedBy(uid);
  for (const stored of owned) {
    const kind = state.kinds.byStorageKey(stored.key);
    if (kind === undefined) continue;
    const object = parseMap(stored.json);
    const metadata = metadataOf(object);
    const rest = listOf(metadata['ownerReferences']).filter((each: Json) => mapOf(each)['uid'] !== uid);
    if (rest.length === 0) delete metadata['ownerReferences'];
    else metadata['ownerReferences'] = rest;
    state.store.put(kind, object);
  }
}
