import { oneOf, text } from '../search.js';

export const STRATEGY_TABS = ['plan', 'rehearsal', 'fields'] as const;
export type StrategyTab = (typeof STRATEGY_TABS)[number];

/** The name of none: a strategy that is being written. */
export const NEW_STRATEGY = '+new';

export interface StrategySearch {
  /** Over whose clusters the strategy is planned and rehearsed. */
  readonly application?: string;
  readonly tab?: StrategyTab;
  /** The strategy that a new one begins as. */
  readonly from?: string;
}

export function strategySearch(search: Record<string, unknown>): StrategySearch {
  return {
    application: text(search['application']),
    tab: oneOf(STRATEGY_TABS, search['tab']),
    from: text(search['from']),
  };
}
