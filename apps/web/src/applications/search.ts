import { oneOf, text } from '../search.js';

export const APPLICATION_TABS = ['releases', 'diff', 'plan', 'spec'] as const;
/** Which applications a person looks for: all, those with failed clusters, with a rollout that runs, or that something keeps waiting. */
export const SHOWN = ['all', 'failing', 'rolling', 'waiting'] as const;
export type Shown = (typeof SHOWN)[number];

export interface ApplicationsSearch {
  readonly q?: string;
  readonly show?: Shown;
}

/** `from` and `to`: the releases whose difference is shown; `release` and `strategy`: what is planned. */
export interface ApplicationSearch {
  readonly tab?: (typeof APPLICATION_TABS)[number];
  readonly from?: string;
  readonly to?: string;
  readonly release?: string;
  readonly strategy?: string;
}

export function applicationsSearch(search: Record<string, unknown>): ApplicationsSearch {
  return { q: text(search['q']), show: oneOf(SHOWN, search['show']) };
}

export function applicationSearch(search: Record<string, unknown>): ApplicationSearch {
  return {
    tab: oneOf(APPLICATION_TABS, search['tab']),
    from: releaseText(search['from']),
    to: releaseText(search['to']),
    release: releaseText(search['release']),
    strategy: text(search['strategy']),
  };
}

/** A release's number; anything else is left out of the address. */
function releaseText(value: unknown): string | undefined {
  const number = text(value);
  return number !== undefined && /^[1-9]\d{0,8}$/.test(number) ? number : undefined;
}
