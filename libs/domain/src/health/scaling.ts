import type { JsonObject, JsonValue } from '../json.js';
import { type Condition, conditionOf, isFalse, isTrue, textAt } from './conditions.js';
import { METRICS_GRACE_MS } from './graces.js';
import { healthy, verdict, type HealthContext, type HealthVerdict } from './verdict.js';

/** Where `autoscaling/v1` has the conditions, as JSON. */
const V1_CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions';
const HOPELESS = new Set(['InvalidSelector', 'InvalidMetricSourceType']);

export function assessAutoscaler(object: JsonObject, context: HealthContext): HealthVerdict {
  const { able, active } = scalingOf(object);
  for (const condition of [able, active]) {
    if (!isFalse(condition)) continue;
    if (condition.reason === 'ScalingDisabled') return verdict('suspended', condition.reason, condition.message);
    const lasts = condition.reason.startsWith('Failed') && (context.sinceMs ?? 0) >= METRICS_GRACE_MS;
    const status = HOPELESS.has(condition.reason) || lasts ? 'failed' : 'progressing';
    return verdict(status, condition.reason || 'NotActive', condition.message);
  }
  if (isTrue(able) && isTrue(active)) return healthy('ScalingActive');
  return verdict('progressing', 'Pending', 'it has not looked at its target yet');
}

/** Whether it cannot scale for a reason that may pass by itself. */
export function lacksMetrics(object: JsonObject): boolean {
  const { able, active } = scalingOf(object);
  return [able, active].some((each) => isFalse(each) && each.reason !== 'ScalingDisabled');
}

function scalingOf(object: JsonObject): Readonly<Record<'able' | 'active', Condition | undefined>> {
  const told = textAt(object, 'metadata', 'annotations', V1_CONDITIONS);
  const source: JsonObject = told === '' ? object : { status: { conditions: parsed(told) } };
  return { able: conditionOf(source, 'AbleToScale'), active: conditionOf(source, 'ScalingActive') };
}

function parsed(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return null;
  }
}

/** That nothing may be disrupted now is what it is for; only one that cannot be worked out protects nothing. */
export function assessDisruptionBudget(object: JsonObject): HealthVerdict {
  const allowed = conditionOf(object, 'DisruptionAllowed');
  if (isFalse(allowed) && allowed.reason === 'SyncFailed') return verdict('failed', allowed.reason, allowed.message);
  return healthy(allowed?.reason || 'Observed', allowed?.message ?? '');
}
