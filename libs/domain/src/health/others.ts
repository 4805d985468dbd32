import type { JsonObject } from '../json.js';
import {
  conditionOf,
  healthy,
  isFalse,
  isTrue,
  listAt,
  textAt,
  verdict,
  type HealthContext,
  type HealthVerdict,
} from './verdict.js';

/** A fresh pod has no metrics for a while, and its autoscaler says so. */
export const METRICS_GRACE_MS = 2 * 60_000;

export function assessService(object: JsonObject): HealthVerdict {
  if (textAt(object, 'spec', 'type') !== 'LoadBalancer') return healthy();
  if (listAt(object, 'status', 'loadBalancer', 'ingress').length > 0) return healthy('HasAddress');
  return verdict('progressing', 'NoAddress', 'its load balancer has no address yet');
}

export function assessIngress(object: JsonObject, context: HealthContext): HealthVerdict {
  if (context.givesAddress !== true) return healthy();
  if (listAt(object, 'status', 'loadBalancer', 'ingress').length > 0) return healthy('HasAddress');
  return verdict('progressing', 'NoAddress', 'it has no address yet');
}

export function assessGateway(object: JsonObject): HealthVerdict {
  const accepted = conditionOf(object, 'Accepted');
  if (isFalse(accepted)) return verdict('failed', accepted.reason || 'NotAccepted', accepted.message);
  const programmed = conditionOf(object, 'Programmed');
  if (isTrue(programmed)) return healthy('Programmed');
  return verdict(
    'progressing',
    programmed?.reason || 'Pending',
    programmed?.message || 'no controller has programmed it yet',
  );
}

export function assessVolumeClaim(object: JsonObject, context: HealthContext): HealthVerdict {
  const phase = textAt(object, 'status', 'phase');
  if (phase === 'Bound') return healthy('Bound');
  if (phase === 'Lost') return verdict('failed', 'Lost', 'its volume is lost');
  if (context.bindsOnFirstUse === true)
    return verdict('suspended', 'WaitForFirstConsumer', 'it binds when a pod uses it');
  return verdict('progressing', phase || 'Pending', 'it is not bound yet');
}

export function assessAutoscaler(object: JsonObject, context: HealthContext): HealthVerdict {
  const able = conditionOf(object, 'AbleToScale');
  const active = conditionOf(object, 'ScalingActive');
  for (const condition of [able, active]) {
    if (!isFalse(condition)) continue;
    if (condition.reason === 'ScalingDisabled') return verdict('suspended', condition.reason, condition.message);
    const hopeless = condition.reason === 'InvalidSelector';
    const noMetric = /^FailedGet.*Metric$/.test(condition.reason) && (context.sinceMs ?? 0) >= METRICS_GRACE_MS;
    return verdict(hopeless || noMetric ? 'failed' : 'progressing', condition.reason || 'NotActive', condition.message);
  }
  if (isTrue(able) && isTrue(active)) return healthy('ScalingActive');
  return verdict('progressing', 'Pending', 'it has not looked at its target yet');
}

export function assessApiService(object: JsonObject): HealthVerdict {
  const available = conditionOf(object, 'Available');
  if (isTrue(available)) return healthy('Available');
  return verdict('progressing', available?.reason || 'Pending', available?.message || 'it is not available yet');
}

export function assessDefinition(object: JsonObject): HealthVerdict {
  const names = conditionOf(object, 'NamesAccepted');
  if (isFalse(names)) return verdict('failed', names.reason || 'NamesNotAccepted', names.message);
  const schema = conditionOf(object, 'NonStructuralSchema');
  if (isTrue(schema)) return verdict('failed', schema.reason || 'NonStructuralSchema', schema.message);
  if (isTrue(conditionOf(object, 'Established'))) return healthy('Established');
  return verdict('progressing', 'NotEstablished', 'it is not established yet');
}

export function assessNamespace(object: JsonObject): HealthVerdict {
  if (textAt(object, 'status', 'phase') === 'Terminating')
    return verdict('progressing', 'Terminating', 'it is being deleted');
  return healthy('Active');
}

/** Any other kind: the conditions that most controllers keep; without them it is enough that it exists. */
export function assessByConditions(object: JsonObject, generation: number): HealthVerdict {
  const stalled = conditionOf(object, 'Stalled');
  if (isTrue(stalled)) return verdict('failed', stalled.reason || 'Stalled', stalled.message);
  const reconciling = conditionOf(object, 'Reconciling');
  if (isTrue(reconciling)) return verdict('progressing', reconciling.reason || 'Reconciling', reconciling.message);
  const ready = conditionOf(object, 'Ready');
  if (ready === undefined) return healthy('Exists');
  if (ready.observedGeneration !== undefined && ready.observedGeneration < generation) {
    return verdict('progressing', 'NotObserved', 'its controller has not seen the present generation yet');
  }
  if (isTrue(ready)) return healthy('Ready');
  return verdict('progressing', ready.reason || 'NotReady', ready.message || 'it is not ready');
}
