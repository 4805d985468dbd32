/** When a version of an API began to be told as deprecated, and when it was served no more. */
export interface RetiredVersion {
  readonly apiVersion: string;
  /** Absent: every kind of it. */
  readonly kinds?: readonly string[];
  /** Kubernetes minor, of 1.x. */
  readonly deprecated: number;
  /** Absent: it is served still. */
  readonly removed?: number;
  readonly instead: string;
}

/**
 * Source: the Kubernetes project's "Deprecated API Migration Guide" (kubernetes.io/docs/reference/using-api/deprecation-guide) and
 * the `k8s:prerelease-lifecycle-gen` marks of k8s.io/api v0.36.
 */
export const RETIRED_VERSIONS: readonly RetiredVersion[] = [
  {
    apiVersion: 'extensions/v1beta1',
    kinds: ['Ingress'],
    deprecated: 14,
    removed: 22,
    instead: 'networking.k8s.io/v1',
  },
  {
    apiVersion: 'extensions/v1beta1',
    kinds: ['NetworkPolicy'],
    deprecated: 9,
    removed: 16,
    instead: 'networking.k8s.io/v1',
  },
  { apiVersion: 'extensions/v1beta1', deprecated: 9, removed: 16, instead: 'apps/v1' },
  { apiVersion: 'apps/v1beta1', deprecated: 9, removed: 16, instead: 'apps/v1' },
  { apiVersion: 'apps/v1beta2', deprecated: 9, removed: 16, instead: 'apps/v1' },
  {
    apiVersion: 'admissionregistration.k8s.io/v1beta1',
    kinds: ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'],
    ...{ deprecated: 16, removed: 22, instead: 'admissionregistration.k8s.io/v1' },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1beta1',
    kinds: ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'],
    ...{ deprecated: 31, removed: 34, instead: 'admissionregistration.k8s.io/v1' },
  },
  { apiVersion: 'apiextensions.k8s.io/v1beta1', deprecated: 16, removed: 22, instead: 'apiextensions.k8s.io/v1' },
  { apiVersion: 'apiregistration.k8s.io/v1beta1', deprecated: 19, removed: 22, instead: 'apiregistration.k8s.io/v1' },
  {
    apiVersion: 'certificates.k8s.io/v1beta1',
    kinds: ['CertificateSigningRequest'],
    deprecated: 19,
    removed: 22,
    instead: 'certificates.k8s.io/v1',
  },
  {
    apiVersion: 'coordination.k8s.io/v1beta1',
    kinds: ['Lease'],
    deprecated: 19,
    removed: 22,
    instead: 'coordination.k8s.io/v1',
  },
  {
    apiVersion: 'networking.k8s.io/v1beta1',
    kinds: ['Ingress', 'IngressClass'],
    deprecated: 19,
    removed: 22,
    instead: 'networking.k8s.io/v1',
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1alpha1',
    deprecated: 17,
    removed: 22,
    instead: 'rbac.authorization.k8s.io/v1',
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1beta1',
    deprecated: 17,
    removed: 22,
    instead: 'rbac.authorization.k8s.io/v1',
  },
  { apiVersion: 'scheduling.k8s.io/v1beta1', deprecated: 14, removed: 22, instead: 'scheduling.k8s.io/v1' },
  {
    apiVersion: 'storage.k8s.io/v1beta1',
    kinds: ['CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment'],
    ...{ deprecated: 19, removed: 22, instead: 'storage.k8s.io/v1' },
  },
  {
    apiVersion: 'storage.k8s.io/v1beta1',
    kinds: ['CSIStorageCapacity'],
    deprecated: 24,
    removed: 27,
    instead: 'storage.k8s.io/v1',
  },
  { apiVersion: 'batch/v1beta1', kinds: ['CronJob'], deprecated: 21, removed: 25, instead: 'batch/v1' },
  {
    apiVersion: 'discovery.k8s.io/v1beta1',
    kinds: ['EndpointSlice'],
    deprecated: 21,
    removed: 25,
    instead: 'discovery.k8s.io/v1',
  },
  { apiVersion: 'events.k8s.io/v1beta1', deprecated: 22, removed: 25, instead: 'events.k8s.io/v1' },
  { apiVersion: 'autoscaling/v2beta1', deprecated: 22, removed: 25, instead: 'autoscaling/v2' },
  { apiVersion: 'autoscaling/v2beta2', deprecated: 23, removed: 26, instead: 'autoscaling/v2' },
  { apiVersion: 'policy/v1beta1', kinds: ['PodDisruptionBudget'], deprecated: 22, removed: 25, instead: 'policy/v1' },
  {
    apiVersion: 'policy/v1beta1',
    kinds: ['PodSecurityPolicy'],
    deprecated: 21,
    removed: 25,
    instead: 'the Pod Security admission controller',
  },
  {
    apiVersion: 'node.k8s.io/v1beta1',
    kinds: ['RuntimeClass'],
    deprecated: 22,
    removed: 25,
    instead: 'node.k8s.io/v1',
  },
  {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1beta1',
    deprecated: 23,
    removed: 26,
    instead: 'flowcontrol.apiserver.k8s.io/v1',
  },
  {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1beta2',
    deprecated: 26,
    removed: 29,
    instead: 'flowcontrol.apiserver.k8s.io/v1',
  },
  {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1beta3',
    deprecated: 29,
    removed: 32,
    instead: 'flowcontrol.apiserver.k8s.io/v1',
  },
  {
    apiVersion: 'v1',
    kinds: ['ComponentStatus'],
    deprecated: 19,
    instead: 'the health endpoints of the control plane',
  },
  { apiVersion: 'v1', kinds: ['Endpoints'], deprecated: 33, instead: 'EndpointSlice of discovery.k8s.io/v1' },
];

/** What became of a kind's version by that minor of Kubernetes 1.x; null: it is as good as ever, or nothing is known of it. */
export function retirementOf(apiVersion: string, kind: string, minor: number): RetiredVersion | null {
  const found = RETIRED_VERSIONS.find((each) => each.apiVersion === apiVersion && (each.kinds?.includes(kind) ?? true));
  return found !== undefined && minor >= found.deprecated ? found : null;
}
