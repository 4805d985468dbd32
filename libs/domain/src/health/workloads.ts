import type { JsonObject } from '../json.js';
import { conditionOf, isFalse, isTrue, numberAt, textAt, valueAt } from './conditions.js';
import { assessPods } from './pods.js';
import { healthy, verdict, type HealthContext, type HealthVerdict } from './verdict.js';

export function assessDeployment(object: JsonObject, context: HealthContext): HealthVerdict {
  const progressing = conditionOf(object, 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') {
    const why = progressing.message || 'it made no progress within its deadline';
    const pods = assessPods(context.pods ?? []);
    return verdict('failed', progressing.reason, pods.message === '' ? why : `${why} ${pods.message}`);
  }
  if (isFalse(progressing) && progressing.reason === 'ReplicaSetCreateError') {
    return verdict('failed', progressing.reason, progressing.message);
  }
  const failure = replicaFailure(object);
  if (failure) return failure;
  const wanted = numberAt(object, ['spec', 'replicas'], 1);
  const at = (field: string): number => numberAt(object, ['status', field], 0);
  if (valueAt(object, 'spec', 'paused') === true && at('updatedReplicas') < wanted) {
    return verdict('suspended', 'Paused', 'it is paused by spec.paused');
  }
  if (at('updatedReplicas') < wanted)
    return waiting(context, 'Updating', `${at('updatedReplicas')} of ${wanted} replicas are updated`);
  if (at('replicas') > at('updatedReplicas')) {
    const old = at('replicas') - at('updatedReplicas');
    return waiting(context, 'OldReplicas', `${old} old replicas are still there`);
  }
  return replicasMissing(context, wanted, at('readyReplicas'), at('availableReplicas')) ?? complete(wanted);
}

export function assessStatefulSet(object: JsonObject, context: HealthContext): HealthVerdict {
  const wanted = numberAt(object, ['spec', 'replicas'], 1);
  const at = (field: string): number => numberAt(object, ['status', field], 0);
  const onDelete = textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete';
  const partition = Math.min(wanted, numberAt(object, ['spec', 'updateStrategy', 'rollingUpdate', 'partition'], 0));
  const updated = textAt(object, 'status', 'updateRevision');
  // Once an update is complete the controller makes both revisions one, and updatedReplicas may then be left at 0.
  const isComplete = updated !== '' && textAt(object, 'status', 'currentRevision') === updated;
  if (!onDelete && !isComplete && at('updatedReplicas') < wanted - partition) {
    return waiting(context, 'Updating', `${at('updatedReplicas')} of ${wanted - partition} replicas are updated`);
  }
  if (at('replicas') > wanted) {
    return waiting(context, 'OldReplicas', `${at('replicas') - wanted} replicas too many are still there`);
  }
  const available = numberAt(object, ['status', 'availableReplicas'], at('readyReplicas'));
  const missing = replicasMissing(context, wanted, at('readyReplicas'), available);
  if (missing) return missing;
  // All of them are updated, yet the controller has not closed the update: it may still replace one.
  if (!onDelete && partition === 0 && !isComplete) return waiting(context, 'Updating', 'the update is not complete');
  return complete(wanted);
}

export function assessDaemonSet(object: JsonObject, context: HealthContext): HealthVerdict {
  const at = (field: string): number => numberAt(object, ['status', field], 0);
  const wanted = at('desiredNumberScheduled');
  const onDelete = textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete';
  if (!onDelete && at('updatedNumberScheduled') < wanted) {
    return waiting(context, 'Updating', `${at('updatedNumberScheduled')} of ${wanted} pods are updated`);
  }
  if (at('numberAvailable') < wanted)
    return waiting(context, 'NotAvailable', `${at('numberAvailable')} of ${wanted} pods are available`);
  return healthy('Available', `${wanted} of ${wanted} pods are available`);
}

/** ReplicaSet and ReplicationController. */
export function assessReplicaSet(object: JsonObject, context: HealthContext): HealthVerdict {
  const failure = replicaFailure(object);
  if (failure) return failure;
  const wanted = numberAt(object, ['spec', 'replicas'], 1);
  const at = (field: string): number => numberAt(object, ['status', field], 0);
  if (at('replicas') > wanted) {
    return waiting(context, 'OldReplicas', `${at('replicas') - wanted} replicas too many are still there`);
  }
  return replicasMissing(context, wanted, at('readyReplicas'), at('availableReplicas')) ?? complete(wanted);
}

function replicasMissing(
  context: HealthContext,
  wanted: number,
  ready: number,
  available: number,
): HealthVerdict | null {
  if (ready < wanted) return waiting(context, 'NotReady', `${ready} of ${wanted} replicas are ready`);
  if (available < wanted) return waiting(context, 'NotAvailable', `${available} of ${wanted} replicas are available`);
  return null;
}

function complete(wanted: number): HealthVerdict {
  return healthy('Available', `${wanted} of ${wanted} replicas are available`);
}

function replicaFailure(object: JsonObject): HealthVerdict | null {
  const failure = conditionOf(object, 'ReplicaFailure');
  return isTrue(failure) ? verdict('failed', failure.reason || 'ReplicaFailure', failure.message) : null;
}

/** Not there yet: the pods behind it tell whether it ever will be. */
function waiting(context: HealthContext, reason: string, message: string): HealthVerdict {
  const pods = assessPods(context.pods ?? []);
  const told = pods.message === '' ? message : `${message}; ${pods.message}`;
  return pods.status === 'failed' ? verdict('failed', pods.reason, told) : verdict('progressing', reason, told);
}
