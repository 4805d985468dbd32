import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { makeBundle, type JsonObject } from '#domain';
import type { StoredRelease, Unit } from '#ports';

const compress = promisify(gzip);

/** An application of the fleet: what it is made of, where it goes, and in which waves. */
export interface FleetApplication {
  readonly name: string;
  /** Path template. */
  readonly path: string;
  readonly overlays: readonly string[];
  readonly placement: JsonObject;
  readonly strategy: JsonObject;
  readonly services: readonly string[];
}

const QUICK = { maxConcurrency: '100%', maxFailures: '20%', maxUnreachable: '50%', healthyFor: '0s', ackTimeout: '5m' };
const ENVS = ['prod', 'staging', 'dev'];

/** On every cluster that is not in a lab. */
export function everywhere(name: string, services: readonly string[]): FleetApplication {
  return {
    name,
    path: `apps/${name}/{{ labels.env }}`,
    overlays: ENVS.map((env) => `apps/${name}/${env}`),
    placement: { selector: { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['lab'] }] } },
    strategy: { waves: [{ name: 'all', ...QUICK }] },
    services,
  };
}

/** On the clusters that matter most, in three waves with a gate, some in flight at a time. */
export const SHOP: FleetApplication = {
  name: 'shop',
  path: 'apps/shop/{{ labels.env }}',
  overlays: ENVS.map((env) => `apps/shop/${env}`),
  placement: { selector: { matchLabels: { tier: 'critical' } } },
  strategy: {
    waves: [
      { name: 'canary', selector: { matchLabels: { ring: 'canary' } }, ...QUICK, soak: '10m' },
      {
        ...{ name: 'early', selector: { matchLabels: { ring: 'early' } }, ...QUICK, soak: '10m' },
        before: [{ name: 'release-desk', approval: {} }],
      },
      {
        name: 'rest',
        ...QUICK,
        maxConcurrency: '15%',
        maxFailures: '5%',
        ackTimeout: '3h',
        progressDeadline: '3h',
        soak: '30m',
      },
    ],
  },
  services: ['web', 'cart', 'payments', 'search'],
};

/** The objects of one overlay in one release: as a file of the repository holds them, and as they are rendered. */
export function objectsOf(application: FleetApplication, overlay: string, release: number): JsonObject[] {
  const env = overlay.split('/').at(-1) ?? '';
  const meta = (name: string): JsonObject => ({
    name,
    labels: { app: name, 'app.kubernetes.io/part-of': application.name },
  });
  return application.services.flatMap((service, index): JsonObject[] => [
    {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: meta(`${service}-settings`) },
      data: { LOG_LEVEL: env === 'prod' ? 'warn' : 'debug', FEATURES: `checkout-v${release},fast-search`, ENV: env },
    },
    {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: meta(service) },
      spec: { selector: { app: service }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    },
    {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta(service) },
      spec: {
        replicas: env === 'prod' ? 6 : 2,
        selector: { matchLabels: { app: service } },
        template: {
          metadata: { labels: { app: service } },
          spec: {
            containers: [
              {
                name: service,
                image: `registry.example/${application.name}/${service}:1.${release + index}.0`,
                ports: [{ containerPort: 8080 }],
                envFrom: [{ configMapRef: { name: `${service}-settings` } }],
                resources: { requests: { cpu: '100m', memory: `${64 * (index + release)}Mi` } },
              },
            ],
          },
        },
      },
    },
  ]);
}

/** The repository's files of an application at a release: JSON is YAML. */
export function filesOf(application: FleetApplication, release: number): Record<string, string> {
  return Object.fromEntries(
    application.overlays.flatMap((overlay) =>
      objectsOf(application, overlay, release).map((object) => {
        const { kind, metadata } = object as { readonly kind: string; readonly metadata: { readonly name: string } };
        return [`${overlay}/${metadata.name}-${kind.toLowerCase()}.yaml`, `${JSON.stringify(object, null, 2)}\n`];
      }),
    ),
  );
}

/** Stores what the hub would have rendered of a commit, and the release that it would have made of it. */
export async function putRelease(
  unit: Unit,
  application: FleetApplication,
  number: number,
  commit: Pick<StoredRelease, 'revision' | 'author' | 'subject' | 'committedAt' | 'createdAt'>,
): Promise<StoredRelease> {
  const overlays: Record<string, StoredRelease['overlays'][string]> = {};
  for (const overlay of application.overlays) {
    const bundle = makeBundle(objectsOf(application, overlay, number));
    if (!bundle.ok) throw new Error(`${overlay} makes no bundle: ${bundle.errors[0]?.message}`);
    const { digest, bytes, count: objects, json } = bundle;
    await unit.releases.putBundle(digest, { gzipped: await compress(json), bytes, objects });
    overlays[overlay] = { digest, objects, bytes, tool: 'yaml' };
  }
  const { release } = await unit.releases.add({
    ...commit,
    ...{ application: application.name, source: 'fleet', overlays, specGeneration: 1 },
  });
  return release;
}
