import type { JsonObject } from '../json.js';
import { assessPods } from './pods.js';
import {
  conditionOf,
  healthy,
  isTrue,
  numberAt,
  textAt,
  valueAt,
  verdict,
  type HealthContext,
  type HealthVerdict,
} from './verdict.js';

export function assessDeployment(object: JsonObject, context: HealthContext): HealthVerdict {
  const progressing = conditionOf(object, 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') {
    return verdict('failed', progressing.reason, progressing.message || 'it made no progress within its deadline');
  }
  const failure = replicaFailure(object);
  if (failure) return failure;
  const wanted = numberAt(object, ['spec', 'replicas'], 1);
  const at = (field: string): number => numberAt(object, ['status', field], 0);
  if (valueAt(object, 'spec', 'paused') === true && at('updatedReplicas') < wanted) {
    return verdict('suspended', 'Paused', 'it is paused by spec.paused');
  }
  if (at('updatedReplicas') < wanted)
    return waiting(object, context, 'Updating', `${at('updatedReplicas')} of ${wanted} replicas are updated`);
  if (at('replicas') > at('updatedReplicas')) {
    return waiting(
      object,
      context,
      'OldReplicas',
      `${at('replicas') - at('updatedReplicas')} old replicas are still there`,
    );
  }
  if (at('readyReplicas') < wanted)
    return waiting(object, context, 'NotReady', `${at('readyReplicas')} of ${wanted} replicas are ready`);
  if (at('availableReplicas') < wanted) {
    return waiting(object, context, 'NotAvailable', `${at('availableReplicas')} of ${wanted} replicas are available`);
  }
  return healthy('Available', `${wanted} of ${wanted} replicas are available`);
}

export function assessStatefulSet(object: JsonObject, context: HealthContext): HealthVerdict {
  const wanted = numberAt(object, ['spec', 'replicas'], 1);
  const at = (field: string): number => numberAt(object, ['status', field], 0);
  const onDelete = textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete';
  const partition = Math.min(wanted, numberAt(object, ['spec', 'updateStrategy', 'rollingUpdate', 'partition'], 0));
  const current = textAt(object, 'status', 'currentRevision');
  const updated = textAt(object, 'status', 'updateRevision');
  // Once an update is complete the controller makes both revisions one, and updatedReplicas may then be left at 0.
  const complete = current !== '' && current === updated;
  if (!onDelete && !complete && at('updatedReplicas') < wanted - partition) {
    return waiting(
      object,
      context,
      'Updating',
      `${at('updatedReplicas')} of ${wanted - partition} replicas are updated`,
    );
  }
  if (at('readyReplicas') < wanted)
    return waiting(object, context, 'NotReady', `${at('readyReplicas')} of ${wanted} replicas are ready`);
  const available = numberAt(object, ['status', 'availableReplicas'], wanted);
  if (numberAt(object, ['spec', 'minReadySeconds'], 0) > 0 && available < wanted) {
    return waiting(object, context, 'NotAvailable', `${available} of ${wanted} replicas are available`);
  }
  if (!onDelete && partition === 0 && updated !== '' && !complete) {
    return waiting(object, context, 'Updating', 'the update is not complete');
  }
  return healthy('Ready', `${wanted} of ${wanted} replicas are ready`);
}

export function assessDaemonSet(object: JsonObject, context: HealthContext): HealthVerdict {
  const at = (field: string): number => numberAt(object, ['status', field], 0);
  const wanted = at('desiredNumberScheduled');
  const onDelete = textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete';
  if (!onDelete && at('updatedNumberScheduled') < wanted) {
    return waiting(object, context, 'Updating', `${at('updatedNumberScheduled')} of ${wanted} pods are updated`);
  }
  if (at('numberAvailable') < wanted)
    return waiting(object, context, 'NotAvailable', `${at('numberAvailable')} of ${wanted} pods are available`);
  return healthy('Available', `${wanted} of ${wanted} pods are available`);
}

/** ReplicaSet and ReplicationController. */
export function assessReplicaSet(object: JsonObject, context: HealthContext): HealthVerdict {
  const failure = replicaFailure(object);
  if (failure) return failure;
  const wanted = numberAt(object, ['spec', 'replicas'], 1);
  const available = numberAt(object, ['status', 'availableReplicas'], 0);
  if (available < wanted)
    return waiting(object, context, 'NotAvailable', `${available} of ${wanted} replicas are available`);
  return healthy('Available', `${wanted} of ${wanted} replicas are available`);
}

function replicaFailure(object: JsonObject): HealthVerdict | null {
  const failure = conditionOf(object, 'ReplicaFailure');
  return isTrue(failure) ? verdict('failed', failure.reason || 'ReplicaFailure', failure.message) : null;
}

/** Not there yet: the pods behind it tell whether it ever will be. */
function waiting(object: JsonObject, context: HealthContext, reason: string, message: string): HealthVerdict {
  const pods = assessPods(context.pods ?? []);
  if (pods.status === 'failed') return verdict('failed', pods.reason, `${message}; ${pods.message}`);
  return verdict('progressing', reason, pods.status === 'progressing' ? `${message}; ${pods.message}` : message);
}
