import type { QueryClient } from '@tanstack/react-query';
import type { LiveBatch } from '#contract';
import type { Live } from './live.js';

/**
 * Reads again what the hub says has changed. Keys of queries: `['rollout', id, …]`, `['application', name, …]`,
 * `['cluster', name, …]` of one object; `['rollouts', …]`, `['applications', …]`, `['clusters', …]`, `['releases', …]`,
 * `['fleet', …]`, `['events', …]`, `['audit', …]`, `['policy-findings', …]` of many. `['cells', …]` is kept by the grid itself.
 */
export function refreshFrom(live: Live, queries: QueryClient): () => void {
  return live.onBatch((batch) => {
    const isStale = staleBy(batch);
    queries.invalidateQueries({ predicate: ({ queryKey }) => isStale(queryKey) }).catch(() => undefined);
  });
}

const MANY = ['rollouts', 'applications', 'releases', 'fleet', 'events', 'audit', 'policy-findings'];

/** Pure: whether what was read under a key is old by a batch. */
export function staleBy({ events, cells, reset }: LiveBatch): (key: readonly unknown[]) => boolean {
  if (reset) return () => true;
  const stale = new Set<unknown>(events.length > 0 ? MANY : []);
  const objects = {
    application: new Set<unknown>(events.map(({ application }) => application)),
    rollout: new Set<unknown>(events.map(({ rollout }) => rollout)),
    cluster: new Set<unknown>([...events.map(({ cluster }) => cluster), ...(cells?.names ?? [])]),
  };
  objects.cluster.delete(undefined);
  if (objects.cluster.size > 0) stale.add('clusters');
  return ([kind, name]) =>
    stale.has(kind) || (typeof kind === 'string' && Object.hasOwn(objects, kind) && isIn(objects, kind, name));
}

function isIn(objects: Readonly<Record<string, ReadonlySet<unknown>>>, kind: string, name: unknown): boolean {
  return name !== undefined && objects[kind]?.has(name) === true;
}
