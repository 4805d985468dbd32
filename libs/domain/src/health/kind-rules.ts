import type { JsonObject } from '../json.js';
import { assessApiService, assessDefinition } from './cluster-kinds.js';
import { assessGateway, assessGatewayClass, assessPolicy, assessRoute, lacksReferences } from './gateways.js';
import { assessCronJob, assessJob, lacksSuccess } from './jobs.js';
import { assessIngress, assessService } from './networking.js';
import { assessPod, podTrouble } from './pods.js';
import { assessAutoscaler, assessDisruptionBudget, lacksMetrics } from './scaling.js';
import { assessVolume, assessVolumeClaim } from './storage.js';
import { healthy, type HealthContext, type HealthVerdict } from './verdict.js';
import { assessDaemonSet, assessDeployment, assessReplicaSet, assessStatefulSet } from './workloads.js';

export interface KindRule {
  readonly assess: (object: JsonObject, context: HealthContext) => HealthVerdict;
  /** Its controller always writes status.observedGeneration: a status without it is one of nobody. */
  readonly observed?: boolean;
  /** The trouble whose length the rule asks for. */
  readonly trouble?: (object: JsonObject) => string | null;
}

const route: KindRule = { assess: assessRoute, trouble: (object) => (lacksReferences(object) ? 'references' : null) };

/** By `group/Kind`; the core group is empty. */
export const KIND_RULES: Readonly<Record<string, KindRule>> = {
  'apps/Deployment': { assess: assessDeployment, observed: true },
  'apps/StatefulSet': { assess: assessStatefulSet, observed: true },
  'apps/DaemonSet': { assess: assessDaemonSet, observed: true },
  'apps/ReplicaSet': { assess: assessReplicaSet, observed: true },
  '/ReplicationController': { assess: assessReplicaSet, observed: true },
  '/Pod': { assess: (object, context) => assessPod(object, context.sinceMs ?? 0), trouble: podTrouble },
  'batch/Job': { assess: assessJob },
  'batch/CronJob': { assess: assessCronJob, trouble: (object) => (lacksSuccess(object) ? 'success' : null) },
  '/Service': { assess: assessService },
  'networking.k8s.io/Ingress': { assess: assessIngress },
  'gateway.networking.k8s.io/GatewayClass': { ...route, assess: assessGatewayClass },
  'gateway.networking.k8s.io/Gateway': { ...route, assess: assessGateway },
  'gateway.networking.k8s.io/HTTPRoute': route,
  'gateway.networking.k8s.io/GRPCRoute': route,
  'gateway.networking.k8s.io/TLSRoute': route,
  'gateway.networking.k8s.io/TCPRoute': route,
  'gateway.networking.k8s.io/UDPRoute': route,
  'gateway.networking.k8s.io/BackendTLSPolicy': { ...route, assess: assessPolicy },
  '/PersistentVolumeClaim': { assess: assessVolumeClaim },
  '/PersistentVolume': { assess: assessVolume },
  'autoscaling/HorizontalPodAutoscaler': {
    assess: assessAutoscaler,
    trouble: (object) => (lacksMetrics(object) ? 'metrics' : null),
  },
  'policy/PodDisruptionBudget': { assess: assessDisruptionBudget, observed: true },
  'apiregistration.k8s.io/APIService': { assess: assessApiService },
  'apiextensions.k8s.io/CustomResourceDefinition': { assess: assessDefinition },
  '/Namespace': { assess: () => healthy('Active') },
};
