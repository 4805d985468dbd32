import { randomBytes } from 'node:crypto';

import { alreadyExists, ApiError, invalid, notFound } from './api-error.js';
import { type ApiAnswer, type ClusterState, type ResourceRequest, timestamp } from './cluster-state.js';
import { checkNamespace, checkPreconditions, commitObject, managerOf } from './commits.js';
import { checkDeclaredFields } from './declared-fields.js';
import { cloneJson, isMap, type Json, type JsonMap, metadataOf, parseMap, textOf } from './json-tree.js';
import { storageKey } from './kinds.js';
import { applyConfiguration, trackUpdate } from './managed-fields.js';
import { mergeApplied } from './apply-merge.js';
import { jsonPatch, mergePatch } from './patches.js';
import { readBody } from './read-body.js';
import { readObject } from './reads.js';

export function createObject(state: ClusterState, request: ResourceRequest): ApiAnswer {
  const { kind } = request;
  const object = readBody(request, request.body);
  const metadata = metadataOf(object);
  const prefix = textOf(metadata['generateName']);
  if (textOf(metadata['name']) === '') {
    if (prefix === '') {
      const cause = {
        reason: 'FieldValueRequired',
        message: 'Required value: name or generateName is required',
        field: 'metadata.name',
      };
      throw invalid(kind, '', [cause]);
    }
    metadata['name'] = prefix + randomBytes(3).toString('hex').slice(0, 5);
  }
  const name = textOf(metadata['name']);
  checkNamespace(state, request, name);
  if (state.store.get(storageKey(kind), kind.namespaced ? request.namespace : '', name) !== undefined) {
    throw alreadyExists(kind, name);
  }
  const manager = managerOf(request, 'Update');
  return commitObject(state, request, {
    object,
    live: undefined,
    stored: undefined,
    seal: (next) => trackUpdate(undefined, next, kind, manager, timestamp(state.now())),
  });
}

function replaceWith(state: ClusterState, request: ResourceRequest, make: (live: JsonMap) => JsonMap): ApiAnswer {
  const stored = readObject(state, request);
  const live = parseMap(stored.json);
  const object = readBody(request, make(live));
  checkPreconditions(request.kind, live, metadataOf(object));
  const manager = managerOf(request, 'Update');
  const owned = withGivenOwners(live, object);
  return commitObject(state, request, {
    object,
    live,
    stored,
    seal: (next) => trackUpdate(owned, next, request.kind, manager, timestamp(state.now())),
  });
}

/** Whoever writes `metadata.managedFields` says who owns what from now on: so fields are taken over. */
function withGivenOwners(live: JsonMap, object: JsonMap): JsonMap {
  const { managedFields } = metadataOf(object);
  if (!Array.isArray(managedFields) || managedFields.length === 0) return live;
  return { ...live, metadata: { ...metadataOf(live), managedFields } };
}

export function updateObject(state: ClusterState, request: ResourceRequest): ApiAnswer {
  const { body } = request;
  return replaceWith(state, request, () => (isMap(body) ? body : {}));
}

export function patchObject(state: ClusterState, request: ResourceRequest): ApiAnswer {
  const type = (request.contentType ?? '').split(';')[0]?.trim();
  const { body } = request;
  switch (type) {
    case 'application/apply-patch+yaml':
    case 'application/apply-patch+cbor':
      return applyObject(state, request);
    case 'application/merge-patch+json':
      if (!isMap(body)) throw new ApiError(400, 'a merge patch is an object');
      return replaceWith(state, request, (live) => mergePatch(live, body) as JsonMap);
    case 'application/strategic-merge-patch+json':
      if (!isMap(body)) throw new ApiError(400, 'a strategic merge patch is an object');
      return replaceWith(state, request, (live) => strategicPatch(live, body, request));
    case 'application/json-patch+json':
      if (!Array.isArray(body)) throw new ApiError(400, 'a JSON patch is a list');
      return replaceWith(state, request, (live) => jsonPatch(live, body));
    default:
      throw new ApiError(
        415,
        `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml`,
      );
  }
}

/** Lists merged by key and nulls that take away: without the `$patch` directives, which nothing here sends. */
function strategicPatch(live: JsonMap, patch: JsonMap, request: ResourceRequest): JsonMap {
  if (request.kind.custom !== undefined)
    throw new ApiError(415, 'strategic merge patch is not supported for custom resources');
  const merged = cloneJson(mergeApplied(live, patch, request.kind.mergeRule)) as JsonMap;
  return dropNulled(merged, patch);
}

function dropNulled(merged: JsonMap, patch: JsonMap): JsonMap {
  for (const [key, value] of Object.entries(patch)) {
    const child: Json | undefined = merged[key];
    if (value === null) delete merged[key];
    else if (isMap(value) && isMap(child)) dropNulled(child, value);
  }
  return merged;
}

function applyObject(state: ClusterState, request: ResourceRequest): ApiAnswer {
  const { kind, name = '' } = request;
  const applied = readBody(request, request.body);
  const metadata = metadataOf(applied);
  if (request.query['fieldManager'] === undefined || request.query['fieldManager'] === '') {
    throw new ApiError(
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  }
  if (metadata['managedFields'] !== undefined) throw new ApiError(400, 'metadata.managedFields must be nil');
  checkDeclaredFields(applied, kind);
  const stored = state.store.get(storageKey(kind), kind.namespaced ? request.namespace : '', name);
  const live = stored === undefined ? undefined : parseMap(stored.json);
  if (live === undefined) {
    if (request.subresource !== undefined) throw notFound(kind, name);
    checkNamespace(state, request, name);
    if (textOf(metadata['uid']) !== '' || textOf(metadata['resourceVersion']) !== '') throw notFound(kind, name);
  } else checkPreconditions(kind, live, metadata);
  delete metadata['resourceVersion'];
  if (request.subresource !== 'status' && kind.statusSubresource) delete applied['status'];
  const { object, seal } = applyConfiguration({
    live,
    applied,
    kind,
    manager: managerOf(request, 'Apply'),
    force: request.query['force'] === 'true',
    now: timestamp(state.now()),
  });
  return commitObject(state, request, { object, live, stored, seal });
}
