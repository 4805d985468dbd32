import { API_VERSION, type Resource } from '#contract';
import { DEFAULT_STRATEGY, formatDuration, type Hold, type JsonObject } from '#domain';
import type { StoredCluster, StoredResource } from '#ports';
import { holdView } from './hold-view.js';
import { iso } from './time.js';

/** What stands in place of words that may name clusters which the reader does not see. */
export const WITHHELD = 'what is in the way is told to those whose scope holds all of its clusters';

/**
 * What the hub found out about an object; of an application, for who does not hold all of its clusters (`whole` is false), without
 * what may name the others.
 */
export function statusFor({ status }: Pick<StoredResource, 'status'>, whole: boolean): JsonObject {
  if (whole) return status;
  const { warnings: _, ...rest } = status;
  const holds = (status['holds'] as unknown as readonly Hold[] | undefined) ?? [];
  return { ...rest, holds: holds.map((hold): JsonObject => ({ ...hold, message: WITHHELD })) };
}

/** A declared object as `get -o yaml` shows it; what the hub added is taken back without a word by `apply`. */
export function resourceView(resource: StoredResource, whole = true): Resource {
  const {
    holds,
    policies: _,
    ...status
  } = statusFor(resource, whole) as {
    holds?: readonly Hold[];
  } & Record<string, unknown>;
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
