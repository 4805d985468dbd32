import type { JsonObject } from '#domain';
import { annotationOf, type ObjectRef, textAt } from './object-ref.js';

/** When a hook is run: before anything else is applied, or once all of it is healthy. */
export type HookStage = 'pre' | 'post';
/** A first release of an application in a cluster, or one that follows another. */
export type HookEvent = 'install' | 'upgrade';

/** How far the hooks of one release have come in a cluster; kept there, so that none is run twice. */
export interface HookRun {
  /** Of the bundle whose hooks they are. */
  readonly digest: string;
  /** The generation that began it. */
  readonly generation: number;
  readonly event: HookEvent;
  readonly stage: HookStage | 'done';
  /** Keys of those of the stage that ended well. */
  readonly ended: readonly string[];
  /** The one that was begun last, with its uid. */
  readonly current?: { readonly key: string; readonly uid: string };
  /** The one that ended the run. */
  readonly failed?: { readonly ref: ObjectRef; readonly message: string };
}

const HOOK = 'helm.sh/hook';
const WEIGHT = 'helm.sh/hook-weight';
const DELETE_POLICY = 'helm.sh/hook-delete-policy';

const RUN: readonly string[] = ['pre-install', 'post-install', 'pre-upgrade', 'post-upgrade'];
/** What Helm does at the word of a person, and nobody here gives. */
const LEFT_OUT: readonly string[] = [
  'pre-delete',
  'post-delete',
  'pre-rollback',
  'post-rollback',
  'test',
  'test-success',
  'test-failure',
];
/** Of Helm 2: definitions, which are applied first in any case. */
const NO_HOOK = 'crd-install';

export type DeletePolicy = 'before-hook-creation' | 'hook-succeeded' | 'hook-failed';

/** Helm's order of kinds at an installation; what is not here comes after. */
const ORDER: readonly string[] = [
  'PriorityClass',
  'Namespace',
  'NetworkPolicy',
  'ResourceQuota',
  'LimitRange',
  'PodDisruptionBudget',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'StorageClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'Service',
  'DaemonSet',
  'Pod',
  'ReplicationController',
  'ReplicaSet',
  'Deployment',
  'HorizontalPodAutoscaler',
  'StatefulSet',
  'Job',
  'CronJob',
  'IngressClass',
  'Ingress',
  'APIService',
];

function wordsOf(object: JsonObject, annotation: string): readonly string[] {
  return annotationOf(object, annotation)
    .split(',')
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== '');
}

/** Whether an object is a hook: it is run at its time, or never, and is none of those that are kept as Git has them. */
export function isHook(object: JsonObject): boolean {
  const words = wordsOf(object, HOOK);
  return words.length > 0 && !words.includes(NO_HOOK);
}

/** What of an object's hook annotation no Helm knows; null: nothing. */
export function unknownHook(object: JsonObject): string | null {
  if (!isHook(object)) return null;
  return wordsOf(object, HOOK).find((word) => !RUN.includes(word) && !LEFT_OUT.includes(word)) ?? null;
}

/** The hooks of a stage, in the order in which they are run: by weight, kind and name. */
export function hooksOf<T extends { readonly object: JsonObject }>(
  hooks: readonly T[],
  stage: HookStage,
  event: HookEvent,
): readonly T[] {
  const mine = hooks.filter(({ object }) => wordsOf(object, HOOK).includes(`${stage}-${event}`));
  return mine.sort((a, b) => compareHooks(a.object, b.object));
}

function compareHooks(a: JsonObject, b: JsonObject): number {
  return weightOf(a) - weightOf(b) || rankOf(a) - rankOf(b) || compareTexts(nameOf(a), nameOf(b));
}

function weightOf(object: JsonObject): number {
  const weight = Number(annotationOf(object, WEIGHT) || 0);
  return Number.isInteger(weight) ? weight : 0;
}

function rankOf(object: JsonObject): number {
  const rank = ORDER.indexOf(textAt(object, 'kind'));
  return rank < 0 ? ORDER.length : rank;
}

function nameOf(object: JsonObject): string {
  const metadata = object['metadata'] as JsonObject | undefined;
  return `${textAt(metadata ?? {}, 'name')} ${textAt(metadata ?? {}, 'namespace')}`;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** When a hook is deleted; what says nothing is deleted before it is run again. */
export function deletePoliciesOf(object: JsonObject): readonly string[] {
  const policies = wordsOf(object, DELETE_POLICY);
  return policies.length === 0 ? ['before-hook-creation' satisfies DeletePolicy] : policies;
}

export interface RunBasis {
  readonly digest: string;
  readonly generation: number;
  /** It takes another release back: Helm runs no such hooks then. */
  readonly isTakingBack: boolean;
  /** The hooks of its bundle. */
  readonly hooks: readonly { readonly object: JsonObject }[];
  /** Some release was applied whole before. */
  readonly wasApplied: boolean;
}

/**
 * The run of a release's hooks: the one that was begun for the same bundle goes on, however often the agent starts; one that failed
 * begins anew for a newer generation. What was never applied whole, hooks included, is installed. Undefined: it has no hooks.
 */
export function beginRun(former: HookRun | undefined, basis: RunBasis): HookRun | undefined {
  const { digest, generation, hooks } = basis;
  if (hooks.length === 0) return undefined;
  const isSame = former?.digest === digest;
  if (isSame && (former.failed === undefined || former.generation === generation)) return former;
  const isUnfinished = former?.event === 'install' && former.stage !== 'done';
  const event: HookEvent = isUnfinished || !basis.wasApplied ? 'install' : 'upgrade';
  const run: HookRun = { digest, generation, event, stage: 'pre', ended: [] };
  return basis.isTakingBack ? { ...run, stage: 'done' } : run;
}

/** The run once its stage is over. */
export function endStage(run: HookRun, hooks: RunBasis['hooks']): HookRun {
  const { digest, generation, event, stage } = run;
  const isLast = stage === 'post' || hooksOf(hooks, 'post', event).length === 0;
  return { digest, generation, event, stage: isLast ? 'done' : 'post', ended: [] };
}

/** What marks an object as made by a run: found again after a crash, it is waited for and not made a second time. */
export function runMark({ digest, generation, stage }: HookRun): string {
  return `${digest.slice(0, 16)}.${generation}.${stage}`;
}
