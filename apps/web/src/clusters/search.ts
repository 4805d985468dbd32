import { oneOf, text } from '../search.js';

export const CLUSTER_TABS = ['applications', 'objects', 'diff', 'events', 'history'] as const;

export interface ClustersSearch {
  readonly q?: string;
  readonly status?: string;
}

export interface ClusterSearch {
  readonly tab?: (typeof CLUSTER_TABS)[number];
  readonly application?: string;
  readonly object?: string;
}

export interface CompareSearch {
  readonly a?: string;
  readonly b?: string;
}

export function clustersSearch(search: Record<string, unknown>): ClustersSearch {
  return { q: text(search['q']), status: text(search['status']) };
}

export function clusterSearch(search: Record<string, unknown>): ClusterSearch {
  return {
    tab: oneOf(CLUSTER_TABS, search['tab']),
    application: text(search['application']),
    object: text(search['object']),
  };
}

export function compareSearch(search: Record<string, unknown>): CompareSearch {
  return { a: text(search['a']), b: text(search['b']) };
}
