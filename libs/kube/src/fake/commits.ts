import { randomUUID } from 'node:crypto';

import { type AdmissionReview } from './admission.js';
import { ApiError, conflict, forbidden, invalid, notFound } from './api-error.js';
import { type ApiAnswer, type ClusterState, type ResourceRequest, timestamp } from './cluster-state.js';
import { schemaFaults, shapeCustomObject } from './custom-kinds.js';
import { assignClusterIp, fillDefaults } from './defaults.js';
import { equalJson, type Json, type JsonMap, listOf, mapAt, mapOf, metadataOf, parseMap, textOf } from './json-tree.js';
import { apiVersionOf, builtInKind, type KindInfo, storageKey } from './kinds.js';
import { type Manager } from './managed-fields.js';
import { type StoredObject } from './object-store.js';
import { inOrder, present, viewOf } from './presentation.js';
import { validate } from './validation.js';

const namespaces = builtInKind('', 'v1', 'namespaces');
const claimProtection = 'kubernetes.io/pvc-protection';
const templateGeneration = 'deprecated.daemonset.template.generation';
/** Written by the server alone, whatever the client says. */
const serverFields = ['uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generation'];

export function isDryRun(request: ResourceRequest): boolean {
  const dryRun = request.query['dryRun'];
  if (dryRun === undefined) return false;
  if (dryRun !== 'All')
    throw new ApiError(422, `dryRun: Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`);
  return true;
}

export function storageVersionOf(state: ClusterState, kind: KindInfo): string {
  return apiVersionOf(kind.custom === undefined ? kind : (state.kinds.byStorageKey(storageKey(kind)) ?? kind));
}

/** @throws ApiError 404 for a namespace that isn't there, 403 for one that is going. */
export function checkNamespace(state: ClusterState, request: ResourceRequest, name: string): void {
  const { kind, namespace } = request;
  if (!kind.namespaced) return;
  const stored = state.store.get('namespaces', '', namespace);
  if (stored === undefined) throw notFound(namespaces, namespace);
  if (mapOf(parseMap(stored.json)['metadata'])['deletionTimestamp'] !== undefined) {
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw forbidden(kind, name, why, [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ]);
  }
}

/** Checks a version or a UID that the client insists on. */
export function checkPreconditions(kind: KindInfo, live: JsonMap, wanted: JsonMap): void {
  const metadata = mapOf(live['metadata']);
  const name = textOf(metadata['name']);
  const version = wanted['resourceVersion'];
  if (version !== undefined && version !== '' && version !== metadata['resourceVersion']) {
    throw conflict(
      kind,
      name,
      'the object has been modified; please apply your changes to the latest version and try again',
    );
  }
  const uid = wanted['uid'];
  if (uid !== undefined && uid !== '' && uid !== metadata['uid']) {
    const why = `Precondition failed: UID in precondition: ${textOf(uid)}, UID in object meta: ${textOf(metadata['uid'])}`;
    throw conflict(kind, name, why);
  }
}

export interface Commit {
  readonly object: JsonMap;
  readonly live: JsonMap | undefined;
  readonly stored: StoredObject | undefined;
  /** Writes managedFields once the object has its final shape. */
  readonly seal: (object: JsonMap) => void;
}

/** Gives the object its final shape, checks it, and writes it unless nothing changed. */
export function commitObject(state: ClusterState, request: ResourceRequest, commit: Commit): ApiAnswer {
  const { kind } = request;
  const { live } = commit;
  const dryRun = isDryRun(request);
  const shaped = shapeObject(state, request, commit);
  const object = mutated(state, request, shaped, live);
  if (kind.custom?.schema !== undefined) checkSchema(object, kind);
  validate(object, live, kind);
  commit.seal(shaped);
  // Whose a field is, is settled by what was asked for: what a webhook adds is nobody's.
  if (object !== shaped) metadataOf(object)['managedFields'] = metadataOf(shaped)['managedFields'] ?? [];
  state.admission.validate(reviewOf(request, object, live));
  const view = viewOf(request.accept);
  const status = live === undefined ? 201 : 200;
  const answer = (json: string): ApiAnswer => ({ status, body: present(json, kind, view) });
  if (live !== undefined && commit.stored !== undefined) {
    if (equalJson(object, live)) return answer(commit.stored.json);
    if (kind.generation && specChanged(live, object, kind)) {
      const metadata = metadataOf(object);
      metadata['generation'] = (typeof metadata['generation'] === 'number' ? metadata['generation'] : 0) + 1;
    }
  }
  if (dryRun) return answer(JSON.stringify(object));
  if (live !== undefined && isGone(object)) {
    if (commit.stored !== undefined) state.store.remove(commit.stored);
    return answer(JSON.stringify(object));
  }
  return answer(state.store.put(kind, object).json);
}

function reviewOf(request: ResourceRequest, object: JsonMap, live: JsonMap | undefined): AdmissionReview {
  return { request, operation: live === undefined ? 'CREATE' : 'UPDATE', object, ...(live && { oldObject: live }) };
}

/** The object as webhooks leave it, the very same where none changes it. */
function mutated(state: ClusterState, request: ResourceRequest, shaped: JsonMap, live: JsonMap | undefined): JsonMap {
  const object = state.admission.mutate(reviewOf(request, shaped, live));
  if (object !== shaped && request.kind.custom === undefined) fillDefaults(object, request.kind);
  return object;
}

export function managerOf(request: ResourceRequest, operation: Manager['operation']): Manager {
  const fromAgent = (request.userAgent ?? '').split('/')[0] ?? '';
  const name = request.query['fieldManager'] ?? (fromAgent === '' ? 'unknown' : fromAgent);
  return { name, operation, subresource: request.subresource ?? '' };
}

function isGone(object: JsonMap): boolean {
  const metadata = mapOf(object['metadata']);
  if (metadata['deletionTimestamp'] === undefined || listOf(metadata['finalizers']).length > 0) return false;
  return object['kind'] !== 'Namespace';
}

function shapeObject(state: ClusterState, request: ResourceRequest, commit: Commit): JsonMap {
  const { kind, subresource } = request;
  const { live } = commit;
  const object = inOrder(commit.object, kind, storageVersionOf(state, kind));
  const metadata = metadataOf(object);
  delete metadata['managedFields'];
  delete metadata['selfLink'];
  if (live === undefined) {
    for (const field of serverFields) delete metadata[field];
    delete metadata['resourceVersion'];
    metadata['uid'] = randomUUID();
    metadata['creationTimestamp'] = timestamp(state.now());
    if (kind.generation) metadata['generation'] = 1;
    if (kind.statusSubresource) delete object['status'];
    if (kind.kind === 'PersistentVolumeClaim') protectClaim(metadata);
  } else {
    const before = mapOf(live['metadata']);
    for (const field of [...serverFields, 'resourceVersion']) {
      if (before[field] === undefined) delete metadata[field];
      else metadata[field] = before[field];
    }
    if (subresource === 'status') keepOnlyStatus(object, live);
    else if (kind.statusSubresource) keepStatus(object, live);
  }
  for (const field of ['labels', 'annotations', 'finalizers', 'ownerReferences']) dropEmpty(metadata, field);
  if (kind.custom !== undefined) shapeCustomObject(object, kind.custom.schema);
  else {
    carryOver(object, live, kind);
    fillDefaults(object, kind);
    if (kind.kind === 'DaemonSet') countTemplates(object, live);
    if (kind.kind === 'Service') assignClusterIp(object, (ip) => isTaken(state, object, ip));
  }
  return inOrder(object, kind, textOf(object['apiVersion']));
}

/** A claim stays until no Pod uses it. */
function protectClaim(metadata: JsonMap): void {
  const finalizers = listOf(metadata['finalizers']);
  if (!finalizers.includes(claimProtection)) metadata['finalizers'] = [...finalizers, claimProtection];
}

/** A DaemonSet bears the number of its template in an annotation. */
function countTemplates(object: JsonMap, live: JsonMap | undefined): void {
  const before = Number(mapOf(mapOf(live?.['metadata'])['annotations'])[templateGeneration] ?? 0);
  const isSame = live !== undefined && equalJson(templateOf(live), templateOf(object));
  mapAt(metadataOf(object), 'annotations')[templateGeneration] = String(isSame ? before : before + 1);
}

function templateOf(object: JsonMap): Json | undefined {
  return mapOf(object['spec'])['template'];
}

/** What the server once chose stays when a client's replacement doesn't name it. */
function carryOver(object: JsonMap, live: JsonMap | undefined, kind: KindInfo): void {
  if (live === undefined) return;
  const before = mapOf(live['spec']);
  const keep =
    kind.kind === 'Service' ? ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'healthCheckNodePort'] : [];
  if (kind.kind === 'PersistentVolumeClaim') keep.push('volumeName', 'storageClassName');
  if (kind.kind === 'Pod') keep.push('nodeName');
  if (keep.length === 0) return;
  const spec = mapAt(object, 'spec');
  const toExternal = spec['type'] === 'ExternalName' && before['type'] !== 'ExternalName';
  if (toExternal) return;
  for (const field of keep) if (spec[field] === undefined && before[field] !== undefined) spec[field] = before[field];
}

function dropEmpty(metadata: JsonMap, field: string): void {
  const value = metadata[field];
  if (value === null || (typeof value === 'object' && Object.keys(value).length === 0)) delete metadata[field];
}

function keepStatus(object: JsonMap, live: JsonMap): void {
  if (live['status'] === undefined) delete object['status'];
  else object['status'] = live['status'];
}

/** A write to the status subresource changes status, and of the rest nothing. */
function keepOnlyStatus(object: JsonMap, live: JsonMap): void {
  for (const key of Object.keys(object)) if (key !== 'status' && live[key] === undefined) delete object[key];
  for (const key of Object.keys(live)) {
    const value = live[key];
    if (key !== 'status' && value !== undefined) object[key] = key === 'metadata' ? { ...mapOf(value) } : value;
  }
  delete metadataOf(object)['managedFields'];
}

function isTaken(state: ClusterState, own: JsonMap, ip: string): boolean {
  const uid = mapOf(own['metadata'])['uid'];
  return state.store.list('services').some((each) => each.uid !== uid && each.json.includes(`"clusterIP":"${ip}"`));
}

function checkSchema(object: JsonMap, kind: KindInfo): void {
  const schema = kind.custom?.schema;
  if (schema === undefined) return;
  const causes = schemaFaults(object, schema, '').map(({ path, reason, message }) => ({
    field: path,
    reason,
    message,
  }));
  if (causes.length > 0) throw invalid(kind, textOf(mapOf(object['metadata'])['name']), causes);
}

function specChanged(live: JsonMap, next: JsonMap, kind: KindInfo): boolean {
  const statusCounts = kind.custom !== undefined && !kind.statusSubresource;
  const keys = new Set([...Object.keys(live), ...Object.keys(next)]);
  for (const key of keys) {
    if (key === 'metadata' || (key === 'status' && !statusCounts)) continue;
    if (!equalJson(live[key], next[key])) return true;
  }
  return false;
}
