import { oneOf, text } from '../search.js';

export const APPLICATION_TABS = ['releases', 'diff', 'plan', 'spec'] as const;

/** `from` and `to`: the releases whose difference is shown. */
export interface ApplicationSearch {
  readonly tab?: (typeof APPLICATION_TABS)[number];
  readonly from?: string;
  readonly to?: string;
}

export function applicationSearch(search: Record<string, unknown>): ApplicationSearch {
  return { tab: oneOf(APPLICATION_TABS, search['tab']), from: text(search['from']), to: text(search['to']) };
}
