import type { QueryClient } from '@tanstack/react-query';
import type { LiveBatch } from '#contract';
import type { Live } from './live.js';

/**
 * Reads again what the hub says has changed. Keys of queries: `['rollout', id, …]`, `['application', name, …]`,
 * `['cluster', name, …]` of one object; `['rollouts', …]`, `['applications', …]`, `['clusters', …]`, `['releases', …]`,
 * `['fleet', …]`, `['events', …]`, `['audit', …]` of many. `['cells', …]` is kept by the grid itself.
 */
export function refreshFrom(live: Live, queries: QueryClient): () => void {
  return live.onBatch((batch) => {
    for (const key of staleKeys(batch)) {
      queries.invalidateQueries({ queryKey: key }).catch(() => undefined);
    }
  });
}

/** Pure: keys of what a batch makes old. */
export function staleKeys({ events, cells, reset }: LiveBatch): readonly (readonly string[])[] {
  if (reset) return [[]];
  const keys = new Map<string, readonly string[]>();
  const add = (...key: string[]): void => void keys.set(key.join('\n'), key);
  for (const { rollout, application, cluster } of events) {
    if (application !== '') add('application', application);
    if (rollout !== undefined) add('rollout', rollout);
    if (cluster !== undefined) add('cluster', cluster);
  }
  if (events.length > 0)
    for (const each of ['rollouts', 'applications', 'releases', 'fleet', 'events', 'audit']) add(each);
  if (events.some(({ cluster }) => cluster !== undefined)) add('clusters');
  if (cells) for (const name of cells.names) add('cluster', name);
  if (cells) add('clusters');
  return [...keys.values()];
}
