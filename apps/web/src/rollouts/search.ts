import { oneOf, text } from '../search.js';

export const ROLLOUT_TABS = ['waves', 'clusters', 'plan', 'receipt', 'history'] as const;

export interface RolloutsSearch {
  readonly application?: string;
  readonly state?: string;
}

/** `at`: the rollout as it was then. */
export interface RolloutSearch {
  readonly tab?: (typeof ROLLOUT_TABS)[number];
  readonly at?: string;
}

export function rolloutsSearch(search: Record<string, unknown>): RolloutsSearch {
  return { application: text(search['application']), state: text(search['state']) };
}

export function rolloutSearch(search: Record<string, unknown>): RolloutSearch {
  return { tab: oneOf(ROLLOUT_TABS, search['tab']), at: text(search['at']) };
}
