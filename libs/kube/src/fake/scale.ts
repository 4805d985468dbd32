import { ApiError, notFound } from './api-error.js';
import { type ApiAnswer, type ClusterState, type ResourceRequest, timestamp } from './cluster-state.js';
import { checkPreconditions, commitObject } from './commits.js';
import { isMap, type Json, type JsonMap, mapAt, mapOf, numberOf, parseMap, textOf } from './json-tree.js';
import { type KindInfo } from './kinds.js';
import { trackUpdate } from './managed-fields.js';
import { mergePatch } from './patches.js';
import { readObject } from './reads.js';

function replicasPath(kind: KindInfo): string[] {
  return (kind.custom?.replicasPath ?? '.spec.replicas').split('.').slice(1);
}

function scaleOf(object: JsonMap, kind: KindInfo): JsonMap {
  const metadata = mapOf(object['metadata']);
  let replicas: Json | undefined = object;
  for (const key of replicasPath(kind)) replicas = isMap(replicas) ? replicas[key] : undefined;
  const labels = Object.entries(mapOf(mapOf(mapOf(object['spec'])['selector'])['matchLabels']));
  const selector = labels.map(([key, value]) => `${key}=${textOf(value)}`).join(',');
  const own: JsonMap = {};
  for (const key of ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp']) {
    const value = metadata[key];
    if (value !== undefined) own[key] = value;
  }
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: own,
    spec: { replicas: numberOf(replicas, 0) },
    status: { replicas: numberOf(mapOf(object['status'])['replicas'], 0), selector },
  };
}

/** The scale subresource: replicas alone, in their own field manager's name. */
export function scaleObject(state: ClusterState, request: ResourceRequest): ApiAnswer {
  const { kind } = request;
  if (!kind.scaleSubresource) throw notFound(kind, request.name ?? '');
  const stored = readObject(state, request);
  const live = parseMap(stored.json);
  if (request.method === 'GET') return { status: 200, body: JSON.stringify(scaleOf(live, kind)) };
  const body = isMap(request.body) ? request.body : {};
  const wanted = request.method === 'PUT' ? body : mapOf(mergePatch(scaleOf(live, kind), body));
  const replicas = mapOf(wanted['spec'])['replicas'];
  if (typeof replicas !== 'number' || replicas < 0) {
    throw new ApiError(
      422,
      `Scale.autoscaling "${stored.name}" is invalid: spec.replicas: must be a number of at least 0`,
    );
  }
  checkPreconditions(kind, live, request.method === 'PUT' ? mapOf(body['metadata']) : {});
  const object = parseMap(stored.json);
  const path = replicasPath(kind);
  const parent = path.slice(0, -1).reduce<JsonMap>((at, key) => mapAt(at, key), object);
  parent[path.at(-1) ?? 'replicas'] = replicas;
  const name = request.query['fieldManager'] ?? ((request.userAgent ?? '').split('/')[0] || 'unknown');
  const manager = { name, operation: 'Update', subresource: 'scale' } as const;
  commitObject(
    state,
    { ...request, accept: 'application/json' },
    {
      object,
      live,
      stored,
      seal: (next) => trackUpdate(live, next, kind, manager, timestamp(state.now())),
    },
  );
  return { status: 200, body: JSON.stringify(scaleOf(parseMap(readObject(state, request).json), kind)) };
}
