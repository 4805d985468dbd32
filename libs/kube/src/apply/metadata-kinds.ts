import { groupOf } from './object-ref.js';

/** Kinds whose health is that they exist: their metadata tells all. By group; `*`: every kind of it. */
const BY_GROUP: Readonly<Record<string, readonly string[]>> = {
  '': ['ConfigMap', 'Secret', 'ServiceAccount', 'LimitRange', 'ResourceQuota', 'Endpoints', 'PodTemplate'],
  'rbac.authorization.k8s.io': ['*'],
  'admissionregistration.k8s.io': ['*'],
  'storage.k8s.io': ['*'],
  'scheduling.k8s.io': ['*'],
  'node.k8s.io': ['*'],
  'coordination.k8s.io': ['*'],
  'discovery.k8s.io': ['*'],
  'networking.k8s.io': ['NetworkPolicy', 'IngressClass'],
};

/** Whether an object's metadata is enough to watch it. */
export function isMetadataEnough(apiVersion: string, kind: string): boolean {
  const kinds = BY_GROUP[groupOf(apiVersion)];
  return kinds !== undefined && (kinds.includes('*') || kinds.includes(kind));
}
