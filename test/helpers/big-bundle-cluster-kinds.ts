import type { JsonObject } from '#domain';
import type { Draw, KindMaker } from './big-bundles.js';

const text = { type: 'string' };

function definition(draw: Draw, kind: string, scope: 'Namespaced' | 'Cluster', properties: JsonObject): JsonObject {
  const plural = `${kind.toLowerCase()}s`;
  const spec = { type: 'object', required: ['title'], properties: { title: text, ...properties } };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } };
  return {
    metadata: { name: `${plural}.${draw.group}` },
    spec: {
      group: draw.group,
      scope,
      names: { kind, plural },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}

const widget = {
  size: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
  colour: { type: 'string', enum: ['red', 'blue'], default: 'blue' },
  parts: {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    items: {
      type: 'object',
      required: ['name'],
      properties: { name: text, count: { type: 'integer' }, unit: { type: 'string', default: 'piece' } },
    },
  },
};

/** Matches no namespace, and so no object: cluster-wide ones are out of its rules' scope. */
const matchesNothing = { namespaceSelector: { matchLabels: { 'example.com/none': 'none' } } };

function webhook(draw: Draw, name: string): JsonObject {
  return {
    webhooks: [
      {
        name: `${name}.example.com`,
        clientConfig: { url: 'https://127.0.0.1:1/never' },
        ...matchesNothing,
        rules: [
          {
            apiGroups: [draw.group],
            apiVersions: ['v1'],
            operations: ['CREATE', 'UPDATE'],
            resources: ['widgets'],
            scope: 'Namespaced',
          },
        ],
        failurePolicy: 'Ignore',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        timeoutSeconds: 1,
      },
    ],
  };
}

const rbac = 'rbac.authorization.k8s.io/v1';
const admission = 'admissionregistration.k8s.io/v1';

/** Kinds that belong to the cluster, the definitions of the bundle's own among them. */
export const clusterKinds: readonly KindMaker[] = [
  // It comes with an account and a map of its own, which controllers make.
  { ...{ apiVersion: 'v1', kind: 'Namespace', inside: false, weight: 1, most: 2 }, make: () => ({}) },
  {
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', inside: false, weight: 10, most: 2 },
    make: (draw, _name, at) =>
      at === 0
        ? definition(draw, 'Widget', 'Namespaced', widget)
        : definition(draw, 'Region', 'Cluster', { code: { type: 'integer' } }),
  },
  {
    ...{ apiVersion: rbac, kind: 'ClusterRole', inside: false, weight: 5, most: 10 },
    make: (draw) => ({ rules: [{ apiGroups: [draw.group], resources: ['widgets'], verbs: ['get', 'list', 'watch'] }] }),
  },
  {
    ...{ apiVersion: rbac, kind: 'ClusterRoleBinding', inside: false, weight: 5, most: 10 },
    make: (draw, _name, at) => ({
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: `${draw.application}-clusterrole-${at}`,
      },
      subjects: [{ kind: 'ServiceAccount', name: 'serviceaccount-0', namespace: draw.namespace }],
    }),
  },
  {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', inside: false, weight: 1, most: 2 },
    make: () => ({ spec: { controller: 'example.com/none' } }),
  },
  {
    ...{ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', inside: false, weight: 5, most: 5 },
    make: (draw) => ({ provisioner: 'example.com/none', parameters: { kind: draw.text(6) } }),
  },
  {
    ...{ apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', inside: false, weight: 1, most: 2 },
    make: () => ({ spec: { attachRequired: false } }),
  },
  {
    ...{ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', inside: false, weight: 5, most: 5 },
    make: (draw, _name, at) => ({ value: 1000 + at, description: draw.text(30) }),
  },
  {
    ...{ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', inside: false, weight: 1, most: 2 },
    make: () => ({ handler: 'runc' }),
  },
  {
    ...{ apiVersion: admission, kind: 'ValidatingWebhookConfiguration', inside: false, weight: 1, most: 1 },
    make: webhook,
  },
  {
    ...{ apiVersion: admission, kind: 'MutatingWebhookConfiguration', inside: false, weight: 1, most: 1 },
    make: webhook,
  },
  {
    ...{ apiVersion: admission, kind: 'ValidatingAdmissionPolicy', inside: false, weight: 1, most: 2 },
    make: (draw) => ({
      spec: {
        failurePolicy: 'Ignore',
        matchConstraints: {
          ...matchesNothing,
          resourceRules: [
            {
              apiGroups: [draw.group],
              apiVersions: ['v1'],
              operations: ['CREATE'],
              resources: ['widgets'],
              scope: 'Namespaced',
            },
          ],
        },
        validations: [{ expression: 'object.spec.title.size() < 100' }],
      },
    }),
  },
  {
    ...{ apiVersion: admission, kind: 'ValidatingAdmissionPolicyBinding', inside: false, weight: 1, most: 2 },
    make: (draw, _name, at) => ({
      spec: { policyName: `${draw.application}-validatingadmissionpolicy-${at}`, validationActions: ['Deny'] },
    }),
  },
];
