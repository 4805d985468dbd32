import { oneOf, text } from '../search.js';

export const DECLARED_TABS = ['plan', 'drift', 'undeclared', 'source'] as const;
export type DeclaredTab = (typeof DECLARED_TABS)[number];

export interface DeclaredSearch {
  readonly tab?: DeclaredTab;
  /** Part of a kind, a name or a file. */
  readonly q?: string;
}

export function declaredSearch(search: Record<string, unknown>): DeclaredSearch {
  return { tab: oneOf(DECLARED_TABS, search['tab']), q: text(search['q']) };
}
