import type { JsonObject } from '../json.js';
import {
  conditionOf,
  healthy,
  isFalse,
  isTrue,
  listAt,
  numberAt,
  textAt,
  valueAt,
  verdict,
  worstOf,
  type HealthVerdict,
  type ObservedPod,
} from './verdict.js';

/** One restart is none; a crash loop is one after so many. */
export const CRASH_LOOP_RESTARTS = 3;
/** A registry may stammer for a moment; so may a secret that comes a moment after its pod. */
export const IMAGE_GRACE_MS = 20_000;
/** An autoscaler needs minutes to bring a node. */
export const UNSCHEDULABLE_GRACE_MS = 5 * 60_000;

const IMAGE_REASONS = new Set([
  'ImagePullBackOff',
  'ErrImagePull',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
]);
const CREATE_REASONS = new Set(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError']);

/**
 * What is wrong with a pod in a word that stays the same while the trouble lasts, for the agent to time it; null: nothing.
 * ErrImagePull and ImagePullBackOff alternate: they are one trouble.
 */
export function podTrouble(pod: JsonObject): 'image' | 'create' | 'unschedulable' | null {
  for (const { reason } of waitingContainers(pod)) {
    if (IMAGE_REASONS.has(reason)) return 'image';
    if (CREATE_REASONS.has(reason)) return 'create';
  }
  const scheduled = conditionOf(pod, 'PodScheduled');
  return isFalse(scheduled) && scheduled.reason === 'Unschedulable' ? 'unschedulable' : null;
}

/** A pod by itself. */
export function assessPod(pod: JsonObject, sinceMs: number): HealthVerdict {
  const name = textAt(pod, 'metadata', 'name');
  const phase = textAt(pod, 'status', 'phase');
  if (phase === 'Succeeded') return healthy('Succeeded');
  if (phase === 'Failed') {
    const reason = textAt(pod, 'status', 'reason') || 'PodFailed';
    return verdict('failed', reason, textAt(pod, 'status', 'message') || `pod ${name} failed`);
  }
  for (const { container, reason, message, restarts } of waitingContainers(pod)) {
    const what = `container ${container} of pod ${name}`;
    if (reason === 'CrashLoopBackOff' && restarts >= CRASH_LOOP_RESTARTS) {
      return verdict('failed', reason, `${what} crashed ${restarts} times`);
    }
    if ((IMAGE_REASONS.has(reason) || CREATE_REASONS.has(reason)) && sinceMs >= IMAGE_GRACE_MS) {
      return verdict('failed', reason, `${what}: ${message || reason}`);
    }
  }
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (isFalse(scheduled) && scheduled.reason === 'Unschedulable' && sinceMs >= UNSCHEDULABLE_GRACE_MS) {
    return verdict('failed', 'Unschedulable', `pod ${name}: ${scheduled.message}`);
  }
  if (isTrue(conditionOf(pod, 'Ready'))) return healthy('Ready');
  const waiting = waitingContainers(pod)[0];
  if (waiting)
    return verdict(
      'progressing',
      waiting.reason || 'Waiting',
      `container ${waiting.container} of pod ${name}: ${waiting.message || waiting.reason || 'waiting'}`,
    );
  if (isFalse(scheduled))
    return verdict('progressing', scheduled.reason || 'Unscheduled', `pod ${name}: ${scheduled.message}`);
  return verdict('progressing', 'NotReady', `pod ${name} is not ready`);
}

/**
 * The worst of the pods behind a workload. Those that end or have ended are left out: their controller replaces them (an
 * evicted pod stays around as Failed and means nothing).
 */
export function assessPods(pods: readonly ObservedPod[]): HealthVerdict {
  const verdicts = pods
    .filter(({ pod }) => valueAt(pod, 'metadata', 'deletionTimestamp') === undefined)
    .filter(({ pod }) => !['Failed', 'Succeeded'].includes(textAt(pod, 'status', 'phase')))
    .map(({ pod, sinceMs }) => assessPod(pod, sinceMs));
  return worstOf(verdicts) ?? healthy();
}

interface WaitingContainer {
  readonly container: string;
  readonly reason: string;
  readonly message: string;
  readonly restarts: number;
}

/** Containers that wait, init containers too. */
function waitingContainers(pod: JsonObject): readonly WaitingContainer[] {
  const statuses = [...listAt(pod, 'status', 'initContainerStatuses'), ...listAt(pod, 'status', 'containerStatuses')];
  return statuses
    .filter((status) => valueAt(status, 'state', 'waiting') !== undefined)
    .map((status) => ({
      container: textAt(status, 'name'),
      reason: textAt(status, 'state', 'waiting', 'reason'),
      message: textAt(status, 'state', 'waiting', 'message'),
      restarts: numberAt(status, ['restartCount'], 0),
    }));
}
