import { type JsonMap, mapOf, numberOf, textOf } from '../json-tree.js';
import { builtInKind, storageKey } from '../kinds.js';
import { scaleObject } from '../scale.js';
import { type ControllerContext, nowText, type Reconcile, replicasOf, withCondition, writeStatus } from './context.js';

const autoscalerKind = builtInKind('autoscaling', 'v2', 'horizontalpodautoscalers');

/** Annotation of an autoscaler: how many replicas its metrics would ask for, as there are none to measure here. */
export const LOAD_ANNOTATION = 'simulator.flotilla.dev/replicas';

interface Wish {
  readonly replicas: number;
  readonly reason: string;
  readonly message: string;
}

/** Brings its target within its bounds, and to what its annotation asks for, through the scale subresource as the real one does. */
export const reconcileAutoscaler: Reconcile = (context, stored, object) => {
  const now = nowText(context);
  const spec = mapOf(object['spec']);
  const target = mapOf(spec['scaleTargetRef']);
  const kind = context.state.kinds.byReference(textOf(target['apiVersion']), textOf(target['kind']));
  const name = textOf(target['name']);
  const found = kind && context.state.store.get(storageKey(kind), stored.namespace, name);
  const before = mapOf(object['status']);
  if (kind?.scaleSubresource !== true || found === undefined) {
    const missing = { reason: 'FailedGetScale', message: 'the HPA controller was unable to get the target' };
    const conditions = withCondition(before['conditions'], now, 'AbleToScale', 'False', missing);
    writeStatus(context, autoscalerKind, object, { conditions, currentMetrics: null, desiredReplicas: 0 });
    return 1000;
  }
  const current = replicasOf(context.parse(found));
  const able = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
  let conditions = withCondition(before['conditions'], now, 'AbleToScale', 'True', able);
  if (current === 0 && numberOf(spec['minReplicas'], 1) > 0) {
    const why = 'scaling is disabled since the replica count of the target is zero';
    conditions = withCondition(conditions, now, 'ScalingActive', 'False', { reason: 'ScalingDisabled', message: why });
    writeStatus(context, autoscalerKind, object, { ...before, conditions, currentReplicas: 0, desiredReplicas: 0 });
    return undefined;
  }
  const wish = wishOf(object, current);
  conditions = withCondition(conditions, now, 'ScalingActive', 'True', {
    reason: 'ValidMetricFound',
    message: 'the HPA was able to compute the replica count',
  });
  const isLimited = wish.reason === 'DesiredWithinRange' ? 'False' : 'True';
  const { reason, message } = wish;
  conditions = withCondition(conditions, now, 'ScalingLimited', isLimited, { reason, message });
  if (wish.replicas !== current) scale(context, stored.namespace, name, kind, wish.replicas);
  writeStatus(context, autoscalerKind, object, {
    ...(wish.replicas === current
      ? before['lastScaleTime'] && { lastScaleTime: before['lastScaleTime'] }
      : { lastScaleTime: now }),
    conditions,
    currentReplicas: current,
    desiredReplicas: wish.replicas,
    currentMetrics: null,
  });
  return undefined;
};

function wishOf(object: JsonMap, current: number): Wish {
  const spec = mapOf(object['spec']);
  const least = numberOf(spec['minReplicas'], 1);
  const most = numberOf(spec['maxReplicas'], current);
  const asked = Number(mapOf(mapOf(object['metadata'])['annotations'])[LOAD_ANNOTATION] ?? current);
  const wanted = Number.isInteger(asked) ? asked : current;
  if (wanted > most) {
    const message = 'the desired replica count is more than the maximum replica count';
    return { replicas: most, reason: 'TooManyReplicas', message };
  }
  if (wanted < least) {
    const message = 'the desired replica count is less than the minimum replica count';
    return { replicas: least, reason: 'TooFewReplicas', message };
  }
  return {
    replicas: wanted,
    reason: 'DesiredWithinRange',
    message: 'the desired count is within the acceptable range',
  };
}

function scale(
  { state }: ControllerContext,
  namespace: string,
  name: string,
  kind: Parameters<typeof scaleObject>[1]['kind'],
  replicas: number,
): void {
  scaleObject(state, {
    method: 'PATCH',
    path: '',
    query: { fieldManager: 'kube-controller-manager' },
    user: 'system:serviceaccount:kube-system:horizontal-pod-autoscaler',
    body: { spec: { replicas } },
    subresource: 'scale',
    ...{ kind, namespace, name },
  });
}
