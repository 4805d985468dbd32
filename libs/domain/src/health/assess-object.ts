import type { JsonObject } from '../json.js';
import { assessCronJob, assessJob } from './jobs.js';
import {
  assessApiService,
  assessAutoscaler,
  assessByConditions,
  assessDefinition,
  assessGateway,
  assessIngress,
  assessNamespace,
  assessService,
  assessVolumeClaim,
} from './others.js';
import { assessPod, podTrouble } from './pods.js';
import {
  conditionOf,
  isFalse,
  numberAt,
  textAt,
  valueAt,
  verdict,
  type HealthContext,
  type HealthVerdict,
} from './verdict.js';
import { assessDaemonSet, assessDeployment, assessReplicaSet, assessStatefulSet } from './workloads.js';

type Rule = (object: JsonObject, context: HealthContext) => HealthVerdict;

interface KindRule {
  readonly assess: Rule;
  /** Its controller always writes status.observedGeneration: a status without it is one of nobody. */
  readonly observed?: boolean;
}

/** By `group/Kind`; the core group is empty. A kind of another group that shares a name is another kind. */
const RULES: Readonly<Record<string, KindRule>> = {
  'apps/Deployment': { assess: assessDeployment, observed: true },
  'apps/StatefulSet': { assess: assessStatefulSet, observed: true },
  'apps/DaemonSet': { assess: assessDaemonSet, observed: true },
  'apps/ReplicaSet': { assess: assessReplicaSet, observed: true },
  '/ReplicationController': { assess: assessReplicaSet, observed: true },
  '/Pod': { assess: (object, context) => assessPod(object, context.sinceMs ?? 0) },
  'batch/Job': { assess: assessJob },
  'batch/CronJob': { assess: assessCronJob },
  '/Service': { assess: assessService },
  'networking.k8s.io/Ingress': { assess: assessIngress },
  'gateway.networking.k8s.io/Gateway': { assess: assessGateway },
  '/PersistentVolumeClaim': { assess: assessVolumeClaim },
  'autoscaling/HorizontalPodAutoscaler': { assess: assessAutoscaler },
  'apiregistration.k8s.io/APIService': { assess: assessApiService },
  'apiextensions.k8s.io/CustomResourceDefinition': { assess: assessDefinition },
  '/Namespace': { assess: assessNamespace },
};

/**
 * The health of one live object, bound to its generation: a status that its controller has not brought up to date is no
 * evidence. `null` is an object that is not there.
 */
export function assessObject(object: JsonObject | null, context: HealthContext = {}): HealthVerdict {
  if (object === null) return verdict('missing', 'Missing', 'it is not there');
  if (valueAt(object, 'metadata', 'deletionTimestamp') !== undefined) {
    return verdict('progressing', 'Terminating', 'it is being deleted');
  }
  const generation = numberAt(object, ['metadata', 'generation'], 0);
  if (context.generation !== undefined && generation < context.generation) {
    return verdict(
      'progressing',
      'Stale',
      `generation ${context.generation} was written, ${generation} is what is seen yet`,
    );
  }
  const rule = RULES[`${groupOf(object)}/${textAt(object, 'kind')}`];
  const observed = valueAt(object, 'status', 'observedGeneration');
  const unseen = typeof observed === 'number' ? observed < generation : rule?.observed === true;
  if (unseen) return verdict('progressing', 'NotObserved', 'its controller has not seen the present generation yet');
  return rule ? rule.assess(object, context) : assessByConditions(object, generation);
}

/**
 * A word for the trouble that an object is in, the same for as long as it lasts, so that the agent can time it and pass
 * `sinceMs`; null: none of those that have a grace.
 */
export function troubleOf(object: JsonObject): string | null {
  switch (`${groupOf(object)}/${textAt(object, 'kind')}`) {
    case '/Pod':
      return podTrouble(object);
    case 'autoscaling/HorizontalPodAutoscaler': {
      const bad = [conditionOf(object, 'AbleToScale'), conditionOf(object, 'ScalingActive')].find(isFalse);
      return bad ? 'metrics' : null;
    }
    default:
      return null;
  }
}

function groupOf(object: JsonObject): string {
  const apiVersion = textAt(object, 'apiVersion');
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}
