import { oneOf, text } from '../search.js';

export const STRATEGY_TABS = ['plan', 'rehearsal', 'fields'] as const;
export type StrategyTab = (typeof STRATEGY_TABS)[number];

/** The name of none: a strategy that is being written. */
export const NEW_STRATEGY = '+new';

export interface StrategySearch {
  /** Over whose clusters the strategy is planned and rehearsed. */
  readonly application?: string;
  /** Which release; the newest unless told. */
  readonly release?: number;
  readonly tab?: StrategyTab;
  /** The strategy that a new one begins as. */
  readonly from?: string;
}

export function strategySearch(search: Record<string, unknown>): StrategySearch {
  return {
    application: text(search['application']),
    release: /^[1-9]\d{0,8}$/.test(String(search['release'])) ? Number(search['release']) : undefined,
    tab: oneOf(STRATEGY_TABS, search['tab']),
    from: text(search['from']),
  };
}
