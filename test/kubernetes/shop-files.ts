import { configMap } from '../helpers/test-repository.js';

/** What the sample application consists of, by kind and name, in every cluster; the name of `web-env` has a suffix. */
export const SHOP_OBJECTS = [
  'ConfigMap/banner',
  'ConfigMap/settings',
  'ConfigMap/web-env',
  'CronJob/tidy',
  'CustomResourceDefinition/gadgets.shop.example',
  'Deployment/web',
  'Deployment/worker',
  'Gadget/lamp',
  'Job/seed',
  'Namespace/shop',
  'PodDisruptionBudget/web',
  'Role/web',
  'RoleBinding/web',
  'Secret/session',
  'Service/store',
  'Service/web',
  'Service/worker',
  'ServiceAccount/web',
  'StatefulSet/store',
] as const;

/** What `kubectl get` is asked for to see all of them. */
export const SHOP_KINDS = [
  'namespaces',
  'customresourcedefinitions',
  'serviceaccounts',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
  'configmaps',
  'secrets',
  'services',
  'deployments.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'replicasets.apps',
  'pods',
  'jobs.batch',
  'cronjobs.batch',
  'poddisruptionbudgets.policy',
  'persistentvolumeclaims',
  'gadgets.shop.example',
].join(',');

const IMAGES = 'registry.example/shop';

/** The tag of the image decides what becomes of the Pods; see control-plane/stages/pod.yaml. */
export function kustomization(version: string): string {
  return `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop
resources: [kinds.yaml, access.yaml, web.yaml, store.yaml, jobs.yaml, worker.yaml]
configMapGenerator:
  - name: web-env
    literals: [VERSION=${version}]
images:
  - { name: ${IMAGES}/web, newTag: ${version} }
`;
}

/** What the clusters of one wave take; `value` is what their settings say. */
export const overlay = (value: string): string => `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../../base]
patches:
  - target: { kind: ConfigMap, name: settings }
    patch: |
      - { op: replace, path: /data/environment, value: ${value} }
`;

/** A repository with one of each of the usual kinds, and a kind of its own. */
export function shopFiles(version: string): Record<string, string> {
  return {
    'overlays/dev/kustomization.yaml': overlay('dev'),
    'overlays/prod/kustomization.yaml': overlay('prod'),
    'base/kustomization.yaml': kustomization(version),
    'base/kinds.yaml': KINDS,
    'base/access.yaml': ACCESS,
    'base/web.yaml': WEB,
    'base/store.yaml': STORE,
    'base/jobs.yaml': JOBS,
    'base/worker.yaml': `${WORKER}---\n${configMap('banner', 'open')}`,
  };
}

const KINDS = `apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: shop.example/v1
kind: Gadget
metadata: { name: lamp }
spec: { watts: 7 }
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: gadgets.shop.example }
spec:
  group: shop.example
  scope: Namespaced
  names: { kind: Gadget, plural: gadgets, singular: gadget }
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties: { spec: { type: object, properties: { watts: { type: integer } } } }
`;

const ACCESS = `apiVersion: v1
kind: ServiceAccount
metadata: { name: web }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: web }
rules:
  - { apiGroups: [''], resources: [configmaps], verbs: [get, update] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: web }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: web }
subjects:
  - { kind: ServiceAccount, name: web }
`;

const WEB = `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  annotations: { shop.example/contact: team@shop.example }
data: { environment: none }
---
apiVersion: v1
kind: Secret
metadata: { name: session }
stringData: { sample: not-a-secret }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ name: http, port: 80, targetPort: http }]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web }
spec:
  maxUnavailable: 1
  selector: { matchLabels: { app: web } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      serviceAccountName: web
      containers:
        - name: web
          image: ${IMAGES}/web
          envFrom: [{ configMapRef: { name: web-env } }]
          ports: [{ name: http, containerPort: 8080 }]
`;

const STORE = `apiVersion: v1
kind: Service
metadata: { name: store }
spec:
  clusterIP: None
  selector: { app: store }
  ports: [{ port: 5432 }]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: store }
spec:
  serviceName: store
  replicas: 1
  selector: { matchLabels: { app: store } }
  template:
    metadata: { labels: { app: store } }
    spec:
      containers:
        - name: store
          image: ${IMAGES}/store:1.0.0
          volumeMounts: [{ name: data, mountPath: /data }]
  volumeClaimTemplates:
    - metadata: { name: data }
      spec:
        accessModes: [ReadWriteOnce]
        resources: { requests: { storage: 1Gi } }
`;

const JOBS = `apiVersion: batch/v1
kind: Job
metadata: { name: seed }
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{ name: seed, image: ${IMAGES}/seed:1.0.0 }]
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: tidy }
spec:
  schedule: '0 3 1 1 *'
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: OnFailure
          containers: [{ name: tidy, image: ${IMAGES}/tidy:1.0.0 }]
`;

const WORKER = `apiVersion: v1
kind: Service
metadata: { name: worker }
spec:
  selector: { app: worker }
  ports: [{ port: 80 }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: worker }
spec:
  selector: { matchLabels: { app: worker } }
  template:
    metadata: { labels: { app: worker } }
    spec:
      containers: [{ name: worker, image: ${IMAGES}/worker:1.0.0 }]
`;
