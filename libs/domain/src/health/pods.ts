import type { JsonObject } from '../json.js';
import { type Condition, conditionOf, isFalse, isTrue, textAt, valueAt } from './conditions.js';
import { type TroubledContainer, troubledContainers, wordsOfFailedPod } from './containers.js';
import { IMAGE_GRACE_MS, UNSCHEDULABLE_GRACE_MS } from './graces.js';
import { healthy, verdict, worstOf, type HealthVerdict, type ObservedPod } from './verdict.js';

/**
 * What is wrong with a pod in a word that stays the same while the trouble lasts, for the agent to time it; null: nothing.
 * ErrImagePull and ImagePullBackOff alternate: they are one trouble. A crash loop is counted, not timed.
 */
export function podTrouble(pod: JsonObject): 'image' | 'create' | 'unschedulable' | null {
  for (const { trouble } of troubledContainers(pod)) if (trouble !== 'crash') return trouble;
  return unschedulable(pod) ? 'unschedulable' : null;
}

/** A pod by itself. */
export function assessPod(pod: JsonObject, sinceMs: number): HealthVerdict {
  const title = `pod ${textAt(pod, 'metadata', 'name')}`;
  switch (textAt(pod, 'status', 'phase')) {
    case 'Succeeded':
      return healthy('Succeeded');
    case 'Failed':
      return failedPod(pod, title);
    case 'Unknown':
      return verdict('unknown', textAt(pod, 'status', 'reason') || 'NodeLost', `${title}: its node does not answer`);
    default:
      return livingPod(pod, title, sinceMs);
  }
}

function failedPod(pod: JsonObject, title: string): HealthVerdict {
  const said = textAt(pod, 'status', 'message') || wordsOfFailedPod(pod);
  return verdict('failed', textAt(pod, 'status', 'reason') || 'PodFailed', said || `${title} failed`);
}

function livingPod(pod: JsonObject, title: string, sinceMs: number): HealthVerdict {
  const troubled = troubledContainers(pod);
  const hopeless = troubled.find(({ trouble, loops }) => (trouble === 'crash' ? loops : sinceMs >= IMAGE_GRACE_MS));
  // One that has just crashed is as lost as one that waits for its next crash: the word stays the same.
  if (hopeless?.trouble === 'crash') return verdict('failed', 'CrashLoopBackOff', hopeless.message);
  if (hopeless) return verdict('failed', hopeless.reason, hopeless.message);
  if (isTrue(conditionOf(pod, 'Ready'))) return healthy('Ready');
  const unscheduled = unschedulable(pod);
  if (unscheduled) {
    const status = sinceMs >= UNSCHEDULABLE_GRACE_MS ? 'failed' : 'progressing';
    return verdict(status, 'Unschedulable', `${title}: ${unscheduled.message}`);
  }
  return waitingPod(pod, title, troubled[0]);
}

function waitingPod(pod: JsonObject, title: string, troubled: TroubledContainer | undefined): HealthVerdict {
  if (troubled) return verdict('progressing', troubled.reason, troubled.message);
  for (const type of ['PodScheduled', 'Initialized', 'Ready']) {
    const missing = conditionOf(pod, type);
    if (isFalse(missing)) return verdict('progressing', missing.reason || 'NotReady', `${title}: ${missing.message}`);
  }
  return verdict('progressing', 'NotReady', `${title} is not ready`);
}

function unschedulable(pod: JsonObject): Condition | null {
  const scheduled = conditionOf(pod, 'PodScheduled');
  return isFalse(scheduled) && scheduled.reason === 'Unschedulable' ? scheduled : null;
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
