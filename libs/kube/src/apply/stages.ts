import type { JsonObject } from '#domain';
import { SYNC_WAVE_ANNOTATION } from './marks.js';
import { annotationOf, groupOf, refKey, refOf, textAt } from './object-ref.js';

/** What the others need first; they are waited for. */
const FOUNDATION = 0;
const CLASSES = 1;
const REST = 2;
/** Webhooks last: one whose server is in this very bundle would deny everything before it. */
const WEBHOOKS = 3;

/** Within a stage: what others refer to comes first. Kinds that aren't here come before the workloads. */
const ORDER = [
  'Namespace',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleBinding',
  'ResourceQuota',
  'LimitRange',
  'NetworkPolicy',
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'ConfigMap',
  'Secret',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'Service',
  '*',
  'Pod',
  'ReplicationController',
  'ReplicaSet',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'CronJob',
  'HorizontalPodAutoscaler',
  'PodDisruptionBudget',
  'Ingress',
  'APIService',
] as const;
const RANKS: ReadonlyMap<string, number> = new Map(ORDER.map((kind, rank) => [kind, rank]));
const OTHER_RANK = RANKS.get('*') ?? 0;

export function stageOf(apiVersion: string, kind: string): number {
  const group = groupOf(apiVersion);
  if (kind === 'CustomResourceDefinition' && group === 'apiextensions.k8s.io') return FOUNDATION;
  if (kind === 'Namespace' && group === '') return FOUNDATION;
  if (kind === 'ClusterRole' && group === 'rbac.authorization.k8s.io') return FOUNDATION;
  if (kind === 'ClusterRoleBinding' && group === 'rbac.authorization.k8s.io') return FOUNDATION;
  if (group === 'admissionregistration.k8s.io') return WEBHOOKS;
  if (kind.endsWith('Class')) return CLASSES;
  return REST;
}

function waveOf(object: JsonObject): number {
  const wave = Number(annotationOf(object, SYNC_WAVE_ANNOTATION));
  return Number.isInteger(wave) ? wave : 0;
}

/** The objects in the order of their application: each list is one stage, or one wave of it, in a stable order. */
export function planStages<T extends { readonly object: JsonObject }>(items: readonly T[]): readonly (readonly T[])[] {
  const placed = items.map((item) => {
    const { object } = item;
    const kind = textAt(object, 'kind');
    return {
      item,
      stage: stageOf(textAt(object, 'apiVersion'), kind),
      wave: waveOf(object),
      rank: RANKS.get(kind) ?? OTHER_RANK,
      key: refKey(refOf(object)),
    };
  });
  placed.sort(
    (a, b) => a.stage - b.stage || a.wave - b.wave || a.rank - b.rank || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
  );
  const stages: T[][] = [];
  let last: { readonly stage: number; readonly wave: number } | undefined;
  for (const each of placed) {
    if (last === undefined || last.stage !== each.stage || last.wave !== each.wave) stages.push([]);
    stages.at(-1)?.push(each.item);
    last = each;
  }
  return stages;
}

/** For deletions: the reverse of the order of application. */
export function compareForDeletion(
  a: { readonly apiVersion: string; readonly kind: string },
  b: { readonly apiVersion: string; readonly kind: string },
): number {
  const stages = stageOf(b.apiVersion, b.kind) - stageOf(a.apiVersion, a.kind);
  return stages || (RANKS.get(b.kind) ?? OTHER_RANK) - (RANKS.get(a.kind) ?? OTHER_RANK);
}
