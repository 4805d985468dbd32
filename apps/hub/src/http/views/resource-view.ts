import { API_VERSION, type Resource } from '#contract';
import { DEFAULT_STRATEGY, formatDuration, type Hold } from '#domain';
import type { StoredCluster, StoredResource } from '#ports';
import { holdView } from './hold-view.js';
import { iso } from './time.js';

/** A declared object as `get -o yaml` shows it; what the hub added is taken back without a word by `apply`. */
export function resourceView(resource: StoredResource): Resource {
  const { holds, ...status } = resource.status as { holds?: readonly Hold[] } & Record<string, unknown>;
  return {
    apiVersion: API_VERSION,
    kind: resource.kind,
    metadata: {
      name: resource.name,
      generation: resource.generation,
      createdAt: iso(resource.createdAt),
      updatedAt: iso(resource.updatedAt),
    },
    spec: resource.spec,
    status: { ...status, ...(holds && { holds: holds.map(holdView) }) },
  } as unknown as Resource;
}

/** A declared object without what the hub added: what `diff` compares. */
export function bareResource(kind: string, name: string, spec: unknown): Resource {
  return { apiVersion: API_VERSION, kind, metadata: { name }, spec } as unknown as Resource;
}

/** A cluster's labels as the document that sets them. */
export function clusterDocument(cluster: Pick<StoredCluster, 'name' | 'labels'>): Resource {
  return { apiVersion: API_VERSION, kind: 'Cluster', metadata: { name: cluster.name, labels: cluster.labels } };
}

/** The strategy that is there without being declared, as a document. */
export function defaultStrategyView(): Resource {
  const { waves, ...rest } = DEFAULT_STRATEGY;
  const spec = {
    ...rest,
    waves: waves.map(({ ackTimeoutMs, progressDeadlineMs, healthyForMs, soakMs, ...wave }) => ({
      ...wave,
      ackTimeout: formatDuration(ackTimeoutMs),
      progressDeadline: formatDuration(progressDeadlineMs),
      healthyFor: formatDuration(healthyForMs),
      soak: formatDuration(soakMs),
    })),
  };
  return { ...bareResource('Strategy', 'default', spec), status: { builtIn: true } };
}
