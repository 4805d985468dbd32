import { oneOf, text } from '../search.js';

export const FLEET_VIEWS = ['grid', 'table', 'matrix'] as const;

/** The fleet page's filters as its URL has them. */
export interface FleetSearch {
  readonly group?: string;
  readonly q?: string;
  readonly state?: string;
  readonly application?: string;
  readonly release?: string;
  readonly view?: (typeof FLEET_VIEWS)[number];
}

export function fleetSearch(search: Record<string, unknown>): FleetSearch {
  return {
    group: text(search['group']),
    q: text(search['q']),
    state: text(search['state']),
    application: text(search['application']),
    release: text(search['release']),
    view: oneOf(FLEET_VIEWS, search['view']),
  };
}
