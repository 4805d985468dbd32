import { type Json, type JsonMap, mapOf, textOf } from '../json-tree.js';
import { builtInKind } from '../kinds.js';
import { conditionOf, type ControllerContext, nowText, type Reconcile, withCondition, writeStatus } from './context.js';
import { allPodsOf, createPod, type OwnedPod } from './pods-of.js';

const jobKind = builtInKind('batch', 'v1', 'jobs');

function phaseOf(pod: OwnedPod): string {
  return textOf(mapOf(pod.pod['status'])['phase']);
}

/** Restarts inside a Pod count as failures too, as they do for the real controller. */
function restartsOf(pod: OwnedPod): number {
  const statuses = mapOf(pod.pod['status'])['containerStatuses'];
  if (!Array.isArray(statuses)) return 0;
  return statuses.reduce<number>((total, each) => total + Number(mapOf(each)['restartCount'] ?? 0), 0);
}

export const reconcileJob: Reconcile = (context, stored, object) => {
  const metadata = mapOf(object['metadata']);
  if (metadata['deletionTimestamp'] !== undefined) return undefined;
  const spec = mapOf(object['spec']);
  const isOver = ['Complete', 'Failed'].some((type) => conditionOf(object, type)?.['status'] === 'True');
  if (isOver) return expire(context, stored.uid, object);
  const pods = allPodsOf(context, object);
  const suspended = spec['suspend'] === true;
  const succeeded = pods.filter((pod) => phaseOf(pod) === 'Succeeded').length;
  let active = pods.filter((pod) => phaseOf(pod) === 'Pending' || phaseOf(pod) === 'Running');
  let failed = pods.filter((pod) => phaseOf(pod) === 'Failed').length;
  const restarts = active.reduce((total, pod) => total + restartsOf(pod), 0);
  const completions = Number(spec['completions'] ?? 1);
  const hasFailed = failed + restarts > Number(spec['backoffLimit'] ?? 6);

  if (suspended || hasFailed) {
    for (const pod of active) context.state.store.remove(pod.stored);
    if (hasFailed) failed += active.length;
    active = [];
  } else {
    const wanted = Math.min(Number(spec['parallelism'] ?? 1), completions - succeeded);
    for (let i = active.length; i < wanted; i += 1) createPod(context, object);
    active = allPodsOf(context, object).filter((pod) => ['Pending', 'Running'].includes(phaseOf(pod)));
  }
  writeStatus(
    context,
    jobKind,
    object,
    statusOf(context, object, { active, succeeded, failed, completions, hasFailed }),
  );
  return undefined;
};

interface Count {
  readonly active: readonly OwnedPod[];
  readonly succeeded: number;
  readonly failed: number;
  readonly completions: number;
  readonly hasFailed: boolean;
}

function statusOf(context: ControllerContext, object: JsonMap, count: Count): JsonMap {
  const now = nowText(context);
  const before = mapOf(object['status']);
  const spec = mapOf(object['spec']);
  const suspended = spec['suspend'] === true;
  const status: JsonMap = {};
  if (!suspended) status['startTime'] = before['startTime'] ?? now;
  let conditions: Json[] | undefined = Array.isArray(before['conditions']) ? before['conditions'] : undefined;
  if (suspended || conditionOf(object, 'Suspended') !== undefined) {
    const why = suspended ? 'JobSuspended' : 'JobResumed';
    conditions = withCondition(conditions, now, 'Suspended', suspended ? 'True' : 'False', {
      reason: why,
      message: why,
    });
  }
  if (count.hasFailed) {
    const why = { reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
    conditions = withCondition(conditions, now, 'FailureTarget', 'True', why);
    conditions = withCondition(conditions, now, 'Failed', 'True', why);
  } else if (count.succeeded >= count.completions) {
    const why = { reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' };
    conditions = withCondition(conditions, now, 'SuccessCriteriaMet', 'True', why);
    conditions = withCondition(conditions, now, 'Complete', 'True', why);
    status['completionTime'] = now;
  }
  if (count.active.length > 0) status['active'] = count.active.length;
  if (count.succeeded > 0) status['succeeded'] = count.succeeded;
  if (count.failed > 0) status['failed'] = count.failed;
  status['terminating'] = 0;
  const running = count.active.filter((pod) => pod.ready).length;
  if (!suspended) status['ready'] = running;
  status['uncountedTerminatedPods'] = {};
  if (conditions !== undefined) status['conditions'] = conditions;
  return status;
}

function expire(context: ControllerContext, uid: string, object: JsonMap): number | undefined {
  const seconds = mapOf(object['spec'])['ttlSecondsAfterFinished'];
  if (typeof seconds !== 'number') return undefined;
  const left = seconds * 1000 - context.inPhaseFor(uid, 'finished');
  if (left > 0) return left;
  const metadata = mapOf(object['metadata']);
  const stored = context.state.store.get('jobs.batch', textOf(metadata['namespace']), textOf(metadata['name']));
  if (stored !== undefined) context.state.store.remove(stored);
  return undefined;
}
