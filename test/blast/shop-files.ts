/** What a commit of the shop is made of. */
export interface ShopState {
  /** By which a release is known in the clusters. */
  readonly tag: string;
  /** How many ConfigMaps of content there are, besides the workload. */
  readonly pages: number;
  /** The overlays that are there. */
  readonly regions: readonly string[];
}

export const REGIONS = ['eu', 'us'] as const;
export const PAGES = 12;

/** A small shop: one web server behind a Service, its settings, and pages of content; one overlay for each region. */
export function shopFiles(namespace: string, state: ShopState): Record<string, string | null> {
  const pages = Array.from({ length: PAGES }, (_, index): [string, string | null] => [
    `base/${pageName(index)}.yaml`,
    index < state.pages ? configMap(pageName(index), { text: `page ${index}` }) : null,
  ]);
  const overlays = REGIONS.map((region): [string, string | null] => [
    `overlays/${region}/kustomization.yaml`,
    state.regions.includes(region) ? overlay(namespace, region) : null,
  ]);
  const resources = ['namespace', 'settings', 'web', 'service'].concat(
    Array.from({ length: state.pages }, (_, index) => pageName(index)),
  );
  return {
    'base/kustomization.yaml': `resources:\n${resources.map((name) => `  - ${name}.yaml\n`).join('')}`,
    'base/namespace.yaml': `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${namespace}\n`,
    'base/settings.yaml': configMap('settings', { version: state.tag }),
    'base/service.yaml': SERVICE,
    'base/web.yaml': web(state.tag),
    ...Object.fromEntries([...pages, ...overlays]),
  };
}

const pageName = (index: number): string => `page-${String(index + 1).padStart(2, '0')}`;

const configMap = (name: string, data: Record<string, string>): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata: ${JSON.stringify(data)}\n`;

const overlay = (namespace: string, region: string): string =>
  `namespace: ${namespace}\nresources:\n  - ../../base\nreplicas:\n  - name: web\n    count: ${region === 'us' ? 2 : 1}\n`;

const web = (tag: string): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels: { app: web }
  template:
    metadata:
      labels: { app: web }
    spec:
      containers:
        - name: web
          image: registry.example/shop/web:${tag}
`;

const SERVICE = `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: { app: web }
  ports:
    - port: 80
`;
