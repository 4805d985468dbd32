import { ApiError, notFound } from './api-error.js';
import { type ApiAnswer, type ClusterState, type ResourceRequest } from './cluster-state.js';
import { parseMap } from './json-tree.js';
import { storageKey } from './kinds.js';
import { type StoredObject } from './object-store.js';
import { listHead, present, presentItem, viewOf } from './presentation.js';
import { type ObjectTest, parseFieldSelector, parseLabelSelector } from './selectors.js';

export function readObject(state: ClusterState, request: ResourceRequest): StoredObject {
  const { kind, name = '' } = request;
  const stored = state.store.get(storageKey(kind), kind.namespaced ? request.namespace : '', name);
  if (stored === undefined) throw notFound(kind, name);
  return stored;
}

export function getObject(state: ClusterState, request: ResourceRequest): ApiAnswer {
  return { status: 200, body: present(readObject(state, request).json, request.kind, viewOf(request.accept)) };
}

/** Both selectors of a list, a watch or a collection's deletion; undefined where they take everything. */
export function objectTest(query: Readonly<Record<string, string>>): ObjectTest | undefined {
  const byLabels = parseLabelSelector(query['labelSelector']);
  const byFields = parseFieldSelector(query['fieldSelector']);
  if (byLabels === undefined) return byFields;
  return byFields === undefined ? byLabels : (object) => byLabels(object) && byFields(object);
}

interface ContinueToken {
  readonly version: number;
  readonly after: string;
}

function readContinue(text: string | undefined): ContinueToken | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString()) as ContinueToken;
    if (typeof token.version === 'number' && typeof token.after === 'string') return token;
  } catch {
    // Told below, as for any other text.
  }
  throw new ApiError(400, 'continue key is not valid');
}

function readLimit(text: string | undefined): number {
  const limit = text === undefined || text === '' ? 0 : Number(text);
  if (!Number.isInteger(limit) || limit < 0) throw new ApiError(400, `invalid limit ${text ?? ''}`);
  return limit;
}

/** What a list or a collection's deletion is about. */
export function selectObjects(state: ClusterState, request: ResourceRequest): StoredObject[] {
  const { kind } = request;
  const namespace = kind.namespaced && request.namespace !== '' ? request.namespace : undefined;
  const all = state.store.list(storageKey(kind), namespace);
  const test = objectTest(request.query);
  return test === undefined ? all : all.filter((stored) => test(parseMap(stored.json)));
}

export function listObjects(state: ClusterState, request: ResourceRequest): ApiAnswer {
  const { kind } = request;
  const limit = readLimit(request.query['limit']);
  const token = readContinue(request.query['continue']);
  if (token !== undefined && token.version < state.store.oldestVersion) {
    throw new ApiError(410, 'The provided continue parameter is too old to display a consistent list result.');
  }
  const view = viewOf(request.accept);
  let objects = selectObjects(state, request);
  if (token !== undefined) objects = objects.filter((each) => `${each.namespace}/${each.name}` > token.after);
  const version = token?.version ?? state.store.resourceVersion;
  let metadata = `"resourceVersion":"${version}"`;
  if (limit > 0 && objects.length > limit) {
    const last = objects[limit - 1];
    const next: ContinueToken = { version, after: `${last?.namespace ?? ''}/${last?.name ?? ''}` };
    metadata += `,"continue":"${Buffer.from(JSON.stringify(next)).toString('base64url')}"`;
    if (request.query['labelSelector'] === undefined && request.query['fieldSelector'] === undefined) {
      metadata += `,"remainingItemCount":${objects.length - limit}`;
    }
    objects = objects.slice(0, limit);
  }
  const items = objects.map((each) => presentItem(each.json, kind, view)).join(',');
  return { status: 200, body: `{${listHead(kind, view)},"metadata":{${metadata}},"items":[${items}]}` };
}
