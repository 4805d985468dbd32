import { text } from '../search.js';

/** `application`: over whose clusters the strategy is planned and rehearsed. */
export interface StrategySearch {
  readonly application?: string;
}

export function strategySearch(search: Record<string, unknown>): StrategySearch {
  return { application: text(search['application']) };
}
