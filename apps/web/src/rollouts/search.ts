import { oneOf, text } from '../search.js';

export const ROLLOUT_TABS = ['waves', 'clusters', 'plan', 'receipt', 'history'] as const;
export type RolloutTab = (typeof ROLLOUT_TABS)[number];

export interface RolloutsSearch {
  readonly application?: string;
  readonly state?: string;
}

/** `at`: the rollout as it was then. `wave`, `state` and `q` filter the clusters and the history. */
export interface RolloutSearch {
  readonly tab?: RolloutTab;
  readonly at?: string;
  readonly wave?: string;
  readonly state?: string;
  readonly q?: string;
}

export function rolloutsSearch(search: Record<string, unknown>): RolloutsSearch {
  return { application: text(search['application']), state: text(search['state']) };
}

export function rolloutSearch(search: Record<string, unknown>): RolloutSearch {
  return {
    tab: oneOf(ROLLOUT_TABS, search['tab']),
    at: text(search['at']),
    wave: text(search['wave']),
    state: text(search['state']),
    q: text(search['q']),
  };
}
