import { oneOf, text } from '../search.js';

/** Which policies a person looks for: all, those that refuse something now, that warn of something now, or that have nothing to say. */
export const POLICIES_SHOWN = ['all', 'refusing', 'warning', 'quiet'] as const;
export type PoliciesShown = (typeof POLICIES_SHOWN)[number];

/** Which findings: all, those that stand, or those that are over. */
export const FINDINGS_SHOWN = ['all', 'refused', 'warned', 'over'] as const;
export type FindingsShown = (typeof FINDINGS_SHOWN)[number];

export interface PoliciesSearch {
  readonly q?: string;
  readonly show?: PoliciesShown;
}

export interface PolicySearch {
  readonly q?: string;
  readonly show?: FindingsShown;
}

export function policiesSearch(search: Record<string, unknown>): PoliciesSearch {
  return { q: text(search['q']), show: oneOf(POLICIES_SHOWN, search['show']) };
}

export function policySearch(search: Record<string, unknown>): PolicySearch {
  return { q: text(search['q']), show: oneOf(FINDINGS_SHOWN, search['show']) };
}
