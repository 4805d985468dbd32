import { oneOf, text } from '../search.js';

export const CLUSTER_TABS = ['applications', 'objects', 'diff', 'events', 'history'] as const;
export type ClusterTab = (typeof CLUSTER_TABS)[number];

/** The words of the API. */
export const STATUSES = ['ready', 'offline', 'waiting', 'leaving', 'revoked'] as const;

/** `q`: labels and facts as in `kubectl -l`; `name`: a part of the name. */
export interface ClustersSearch {
  readonly q?: string;
  readonly name?: string;
  readonly status?: (typeof STATUSES)[number];
}

/** `object`: as `objectKey` writes it. `only`: `unhealthy` objects, or `warning`s among the events. */
export interface ClusterSearch {
  readonly tab?: ClusterTab;
  readonly application?: string;
  readonly object?: string;
  readonly only?: 'unhealthy' | 'warning';
}

export interface CompareSearch {
  readonly a?: string;
  readonly b?: string;
}

export function clustersSearch(search: Record<string, unknown>): ClustersSearch {
  return { q: text(search['q']), name: text(search['name']), status: oneOf(STATUSES, search['status']) };
}

export function clusterSearch(search: Record<string, unknown>): ClusterSearch {
  return {
    tab: oneOf(CLUSTER_TABS, search['tab']),
    application: text(search['application']),
    object: text(search['object']),
    only: oneOf(['unhealthy', 'warning'], search['only']),
  };
}

export function compareSearch(search: Record<string, unknown>): CompareSearch {
  return { a: text(search['a']), b: text(search['b']) };
}
