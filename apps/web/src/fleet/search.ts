import { oneOf, text } from '../search.js';

export const FLEET_VIEWS = ['grid', 'table', 'matrix'] as const;
export type FleetViewName = (typeof FLEET_VIEWS)[number];

/** The fleet page's filters as its URL has them. */
export interface FleetSearch {
  /** A label's key, `fact.` and a fact's key, or `none`; absent: the page chooses one. */
  readonly group?: string;
  /** The filter's text, as fleet-filter.ts reads it. */
  readonly q?: string;
  /** States to show, with commas between them. */
  readonly state?: string;
  readonly application?: string;
  /** With an application: what runs this release. */
  readonly release?: string;
  /** With an application: only those that lag. */
  readonly lags?: 'yes';
  /** With an application: also those that it is not assigned to. */
  readonly others?: 'yes';
  readonly view?: FleetViewName;
}

export function fleetSearch(search: Record<string, unknown>): FleetSearch {
  return {
    group: text(search['group']),
    q: text(search['q']),
    state: text(search['state']),
    application: text(search['application']),
    release: text(search['release']),
    lags: oneOf(['yes'], search['lags']),
    others: oneOf(['yes'], search['others']),
    view: oneOf(FLEET_VIEWS, search['view']),
  };
}
