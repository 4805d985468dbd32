import { cloneJson, equalJson, type Json, type JsonMap, mapAt, mapOf, metadataOf, textOf } from '../json-tree.js';
import { builtInKind } from '../kinds.js';
import { type StoredObject } from '../object-store.js';
import {
  conditionOf,
  type ControllerContext,
  controllerReference,
  createOwned,
  generationOf,
  nowText,
  type Reconcile,
  replicasOf,
  shareOf,
  shortHash,
  withCondition,
} from './context.js';
import { replicaSetKind, revisionOf, statusNumber } from './replica-set.js';

const deploymentKind = builtInKind('apps', 'v1', 'deployments');
const revisionAnnotation = 'deployment.kubernetes.io/revision';
const hashLabel = 'pod-template-hash';

interface OwnedSet {
  readonly stored: StoredObject;
  object: JsonMap;
}

function setsOf(context: ControllerContext, deployment: JsonMap): OwnedSet[] {
  const uid = textOf(mapOf(deployment['metadata'])['uid']);
  const owned = context.state.store.ownedBy(uid, 'replicasets.apps');
  return owned.map((stored) => ({ stored, object: context.parse(stored) }));
}

function createSet(
  context: ControllerContext,
  deployment: JsonMap,
  hash: string,
  replicas: number,
  revision: number,
): void {
  const metadata = mapOf(deployment['metadata']);
  const spec = mapOf(deployment['spec']);
  const template = cloneJson(mapOf(spec['template']));
  mapAt(mapAt(template, 'metadata'), 'labels')[hashLabel] = hash;
  const selector = cloneJson(mapOf(spec['selector']));
  mapAt(selector, 'matchLabels')[hashLabel] = hash;
  createOwned(
    context,
    replicaSetKind,
    {
      name: `${textOf(metadata['name'])}-${hash}`,
      namespace: metadata['namespace'] ?? '',
      labels: mapOf(mapOf(template['metadata'])['labels']),
      annotations: { [revisionAnnotation]: String(revision) },
      ownerReferences: [controllerReference(deployment)],
    },
    { spec: { replicas, selector, template }, status: { replicas: 0 } },
  );
}

function scaleSet(context: ControllerContext, set: OwnedSet, replicas: number): void {
  if (replicasOf(set.object) === replicas) return;
  const object = cloneJson(set.object);
  mapAt(object, 'spec')['replicas'] = replicas;
  metadataOf(object)['generation'] = generationOf(object) + 1;
  context.write(replicaSetKind, object);
  set.object = object;
}

function sum(sets: readonly OwnedSet[], count: (object: JsonMap) => number): number {
  return sets.reduce((total, set) => total + count(set.object), 0);
}

const available = (object: JsonMap): number => statusNumber(object, 'availableReplicas');

/** One step of a rolling update: the new set grows within the surge, the old ones shrink as far as enough stays available. */
function roll(context: ControllerContext, deployment: JsonMap, fresh: OwnedSet, old: readonly OwnedSet[]): void {
  const desired = replicasOf(deployment);
  const limits = mapOf(mapOf(mapOf(deployment['spec'])['strategy'])['rollingUpdate']);
  const surge = shareOf(limits['maxSurge'], desired, Math.ceil);
  let maxUnavailable = shareOf(limits['maxUnavailable'], desired, Math.floor);
  if (surge === 0 && maxUnavailable === 0) maxUnavailable = 1;
  const current = replicasOf(fresh.object);
  const room = desired + surge - sum(old, replicasOf) - current;
  if (current > desired) scaleSet(context, fresh, desired);
  else if (room > 0) scaleSet(context, fresh, Math.min(desired, current + room));

  const total = sum(old, replicasOf) + replicasOf(fresh.object);
  const freshUnavailable = replicasOf(fresh.object) - available(fresh.object);
  let spare = total - (desired - maxUnavailable) - freshUnavailable;
  // Old ones that are not available anyway go first, and cost nothing.
  for (const set of old) {
    const idle = replicasOf(set.object) - Math.min(available(set.object), replicasOf(set.object));
    const drop = Math.min(idle, Math.max(0, spare));
    if (drop > 0) scaleSet(context, set, replicasOf(set.object) - drop);
    spare -= drop;
  }
  for (const set of old) {
    const drop = Math.min(replicasOf(set.object), Math.max(0, spare));
    if (drop > 0) scaleSet(context, set, replicasOf(set.object) - drop);
    spare -= drop;
  }
}

function recreate(context: ControllerContext, deployment: JsonMap, fresh: OwnedSet, old: readonly OwnedSet[]): void {
  for (const set of old) scaleSet(context, set, 0);
  if (sum(old, (object) => statusNumber(object, 'replicas')) === 0) scaleSet(context, fresh, replicasOf(deployment));
}

function statusOf(
  context: ControllerContext,
  deployment: JsonMap,
  fresh: OwnedSet | undefined,
  all: readonly OwnedSet[],
): JsonMap {
  const now = nowText(context);
  const desired = replicasOf(deployment);
  const replicas = sum(all, (object) => statusNumber(object, 'replicas'));
  const updated = fresh === undefined ? 0 : statusNumber(fresh.object, 'replicas');
  const ready = sum(all, (object) => statusNumber(object, 'readyReplicas'));
  const up = sum(all, available);
  const status: JsonMap = { observedGeneration: generationOf(deployment) };
  if (replicas > 0) status['replicas'] = replicas;
  if (updated > 0) status['updatedReplicas'] = updated;
  if (ready > 0) status['readyReplicas'] = ready;
  if (up > 0) status['availableReplicas'] = up;
  if (replicas - up > 0 || desired - up > 0) status['unavailableReplicas'] = Math.max(replicas, desired) - up;
  const limits = mapOf(mapOf(mapOf(deployment['spec'])['strategy'])['rollingUpdate']);
  const enough = up >= desired - shareOf(limits['maxUnavailable'], desired, Math.floor);
  let conditions: Json[] = withCondition(
    mapOf(deployment['status'])['conditions'],
    now,
    'Available',
    enough ? 'True' : 'False',
    enough
      ? { reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
      : { reason: 'MinimumReplicasUnavailable', message: 'Deployment does not have minimum availability.' },
  );
  const done = updated === desired && replicas === desired && up === desired;
  conditions = withProgress(context, deployment, conditions, done, fresh);
  return { ...status, conditions };
}

function withProgress(
  context: ControllerContext,
  deployment: JsonMap,
  conditions: Json[],
  done: boolean,
  fresh: OwnedSet | undefined,
): Json[] {
  const name = textOf(mapOf(fresh?.object['metadata'])['name']);
  const said = (status: 'True' | 'False', reason: string, message: string): Json[] =>
    withCondition(conditions, nowText(context), 'Progressing', status, { reason, message });
  if (done) return said('True', 'NewReplicaSetAvailable', `ReplicaSet "${name}" has successfully progressed.`);
  const late = deadlineIn(context, deployment, fresh) <= 0;
  return late
    ? said('False', 'ProgressDeadlineExceeded', `ReplicaSet "${name}" has timed out progressing.`)
    : said('True', 'ReplicaSetUpdated', `ReplicaSet "${name}" is progressing.`);
}

/** Milliseconds until the rollout counts as stuck: progress is a new set, or one more Pod of it available. */
function deadlineIn(context: ControllerContext, deployment: JsonMap, fresh: OwnedSet | undefined): number {
  const seconds = Number(mapOf(deployment['spec'])['progressDeadlineSeconds'] ?? 600);
  const uid = textOf(mapOf(deployment['metadata'])['uid']);
  const hash = textOf(mapOf(fresh?.object['metadata'])['name']);
  const up = fresh === undefined ? 0 : available(fresh.object);
  return seconds * 1000 - context.inPhaseFor(`${uid} progress`, `${hash} ${up} ${replicasOf(deployment)}`);
}

export const reconcileDeployment: Reconcile = (context, _stored, deployment) => {
  if (mapOf(deployment['metadata'])['deletionTimestamp'] !== undefined) return undefined;
  const spec = mapOf(deployment['spec']);
  const hash = shortHash(mapOf(spec['template']));
  const known = setsOf(context, deployment);
  const named = (set: OwnedSet): boolean => mapOf(mapOf(set.object['metadata'])['labels'])[hashLabel] === hash;
  let revision = Math.max(0, ...known.map((set) => revisionOf(set.object)));
  const found = known.find(named);
  const paused = spec['paused'] === true;
  if (found === undefined && !paused) {
    revision += 1;
    const strategyType = mapOf(spec['strategy'])['type'];
    const first = known.every((set) => replicasOf(set.object) === 0) && strategyType !== 'Recreate';
    createSet(context, deployment, hash, first ? replicasOf(deployment) : 0, revision);
  } else if (found !== undefined && revisionOf(found.object) < revision) {
    // Back to an earlier template: its set becomes the newest revision.
    revision += 1;
    const object = cloneJson(found.object);
    mapAt(metadataOf(object), 'annotations')[revisionAnnotation] = String(revision);
    context.write(replicaSetKind, object);
  }
  let sets = setsOf(context, deployment);
  const fresh = sets.find(named);
  if (fresh !== undefined && !paused) {
    const old = sets.filter((set) => set !== fresh);
    if (mapOf(spec['strategy'])['type'] === 'Recreate') recreate(context, deployment, fresh, old);
    else roll(context, deployment, fresh, old);
    sets = forgetOldSets(context, deployment, fresh, old);
  }
  const status = statusOf(context, deployment, fresh, sets);
  const next = cloneJson({ ...deployment, status });
  if (revision > 0) mapAt(metadataOf(next), 'annotations')[revisionAnnotation] = String(revision);
  if (!equalJson(next, deployment)) context.write(deploymentKind, next);
  const progressing = conditionOf(next, 'Progressing');
  if (progressing?.['reason'] !== 'ReplicaSetUpdated') return undefined;
  return Math.max(1, deadlineIn(context, deployment, fresh));
};

function forgetOldSets(
  context: ControllerContext,
  deployment: JsonMap,
  fresh: OwnedSet,
  old: readonly OwnedSet[],
): OwnedSet[] {
  const limit = Number(mapOf(deployment['spec'])['revisionHistoryLimit'] ?? 10);
  const idle = old
    .filter((set) => replicasOf(set.object) === 0 && statusNumber(set.object, 'replicas') === 0)
    .sort((a, b) => revisionOf(b.object) - revisionOf(a.object));
  const gone = new Set(idle.slice(limit));
  for (const set of gone) {
    const stored = context.state.store.get(set.stored.key, set.stored.namespace, set.stored.name);
    if (stored !== undefined) context.state.store.remove(stored);
  }
  return [fresh, ...old.filter((set) => !gone.has(set))];
}
