import { randomUUID } from 'node:crypto';

import { type ClusterState, timestamp } from '../cluster-state.js';
import { equalJson, type Json, type JsonMap, listOf, mapOf, metadataOf, textOf } from '../json-tree.js';
import { type KindInfo, storageKey } from '../kinds.js';
import { type StoredObject } from '../object-store.js';

/** What the controllers need beside the state: how long things take, and on which nodes they run. */
export interface ControllerContext {
  readonly state: ClusterState;
  /** Milliseconds until a workload's Pod is ready; 0 makes it ready as it is created. */
  readonly readyMs: number;
  readonly nodeNames: () => readonly string[];
  /** Milliseconds since the object `uid` was first seen in `phase`; a new phase starts at 0. */
  /** The stored object parsed, the same to all that look at it in one turn: it must not be changed. */
  readonly parse: (stored: StoredObject) => JsonMap;
  /** Stores the object, which must not be changed after that. */
  readonly write: (kind: KindInfo, object: JsonMap) => StoredObject;
  readonly inPhaseFor: (uid: string, phase: string) => number;
}

/**
 * Brings what exists a step nearer to what the object says. Called again whenever the object or what it owns changes.
 * The answer is in how many milliseconds to look again though nothing changed.
 */
export type Reconcile = (context: ControllerContext, stored: StoredObject, object: JsonMap) => number | undefined;

export function nowText(context: ControllerContext): string {
  return timestamp(context.state.now());
}

/** Writes the object's status unless it is so already. */
export function writeStatus(context: ControllerContext, kind: KindInfo, object: JsonMap, status: JsonMap): void {
  if (equalJson(object['status'], status)) return;
  context.write(kind, { ...object, status });
}

export function controllerReference(owner: JsonMap): JsonMap {
  const metadata = mapOf(owner['metadata']);
  return {
    apiVersion: owner['apiVersion'] ?? '',
    kind: owner['kind'] ?? '',
    name: metadata['name'] ?? '',
    uid: metadata['uid'] ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Creates an object as a controller does: identity, time and generation set, no field manager. */
export function createOwned(
  context: ControllerContext,
  kind: KindInfo,
  metadata: JsonMap,
  rest: JsonMap,
): StoredObject | undefined {
  const namespace = textOf(metadata['namespace']);
  const name = textOf(metadata['name']);
  const space = context.state.store.get('namespaces', '', namespace);
  if (space === undefined || mapOf(context.parse(space)['metadata'])['deletionTimestamp'] !== undefined)
    return undefined;
  if (context.state.store.get(storageKey(kind), namespace, name) !== undefined) return undefined;
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
  const own: JsonMap = { ...metadata, uid: metadata['uid'] ?? randomUUID(), creationTimestamp: nowText(context) };
  if (kind.generation) own['generation'] = 1;
  return context.write(kind, { kind: kind.kind, apiVersion, metadata: own, ...rest });
}

/** The list of conditions with this one set; its transition time moves only when its status does. */
export function withCondition(
  conditions: Json | undefined,
  now: string,
  type: string,
  status: 'True' | 'False' | 'Unknown',
  more: JsonMap = {},
): Json[] {
  const list = listOf(conditions);
  const before = list.map(mapOf).find((each) => each['type'] === type);
  if (
    before !== undefined &&
    before['status'] === status &&
    Object.keys(more).every((key) => before[key] === more[key])
  ) {
    return list;
  }
  const lastTransitionTime = before?.['status'] === status ? (before['lastTransitionTime'] ?? now) : now;
  const next: JsonMap = { type, status, ...more, lastTransitionTime };
  if (before !== undefined) return list.map((each) => (mapOf(each)['type'] === type ? next : each));
  return [...list, next];
}

export function conditionOf(object: JsonMap, type: string): JsonMap | undefined {
  return listOf(mapOf(object['status'])['conditions'])
    .map(mapOf)
    .find((each) => each['type'] === type);
}

/** Ten characters that stay the same for the same content: names of ReplicaSets and revisions. */
export function shortHash(value: Json): string {
  const text = JSON.stringify(value);
  let a = 0x811c9dc5;
  let b = 0x1b873593;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 13);
  }
  const digits = (a >>> 0).toString(36).padStart(7, '0') + (b >>> 0).toString(36).padStart(7, '0');
  return digits.slice(0, 10);
}

export function replicasOf(object: JsonMap): number {
  const replicas = mapOf(object['spec'])['replicas'];
  return typeof replicas === 'number' ? replicas : 1;
}

export function generationOf(object: JsonMap): number {
  const generation = metadataOf(object)['generation'];
  return typeof generation === 'number' ? generation : 0;
}

/** `25%` or a number, of `total`. */
export function shareOf(value: Json | undefined, total: number, round: (share: number) => number): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(textOf(value))?.[1];
  return percent === undefined ? 0 : round((Number(percent) * total) / 100);
}
