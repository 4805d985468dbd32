import type { AuditView, EventView } from '#contract';
import type { Query } from '../api/client.js';
import type { ActivitySearch, Kind } from './search.js';

/** One thing that happened: an event of the fleet, or an entry of the audit. */
export interface Entry {
  readonly id: number;
  readonly at: string;
  readonly actor?: string;
  /** The event's or the act's name: `wave.opened`, `cluster.add`. */
  readonly what: string;
  readonly message: string;
  readonly reason?: string;
  readonly application?: string;
  readonly rollout?: string;
  readonly cluster?: string;
  /** Of the audit. */
  readonly audit?: AuditView;
}

/** Where a kind is read, and its filters as the hub takes them. */
export function activityRequest(kind: Kind, search: ActivitySearch): { readonly path: string; readonly query: Query } {
  const { actor, application, cluster, rollout, act, object, since, until } = search;
  return kind === 'audit'
    ? { path: '/api/v1/audit', query: { actor, act, object, from: since, to: until } }
    : { path: '/api/v1/events', query: { actor, application, cluster, rollout, since, until } };
}

/** Filters that are set and count for this kind. */
export function filtersOf(kind: Kind, search: ActivitySearch): readonly (keyof ActivitySearch)[] {
  const all = kind === 'audit' ? AUDIT_FILTERS : EVENT_FILTERS;
  return all.filter((name) => search[name] !== undefined);
}

export const EVENT_FILTERS = ['actor', 'application', 'cluster', 'rollout', 'since', 'until'] as const;
export const AUDIT_FILTERS = ['actor', 'act', 'object', 'since', 'until'] as const;

export function entryOfEvent({ event, ...rest }: EventView): Entry {
  const { id, at, message, application, rollout, cluster, actor, reason } = rest;
  return {
    ...{ id, at, what: event, message },
    ...(application !== '' && { application }),
    ...(rollout !== undefined && { rollout }),
    ...(cluster !== undefined && { cluster }),
    ...(actor !== undefined && { actor }),
    ...(reason !== undefined && { reason }),
  };
}

export function entryOfAudit(audit: AuditView): Entry {
  const { id, at, actor, act, object, reason } = audit;
  return {
    ...{ id, at, actor, what: act, message: object, audit },
    ...(reason !== undefined && { reason }),
    ...linksOf(object),
  };
}

/** What an audited object is on this page: `Application/web`, `Rollout/web-12`, `Cluster/eu-1`. */
function linksOf(object: string): Pick<Entry, 'application' | 'rollout' | 'cluster'> {
  const [kind, name = ''] = [object.slice(0, object.indexOf('/')), object.slice(object.indexOf('/') + 1)];
  switch (kind.toLowerCase()) {
    case 'application':
      return { application: name };
    case 'rollout':
      return { rollout: name };
    case 'cluster':
      return { cluster: name };
    default:
      return {};
  }
}

/** Whether an entry says what was before and after. */
export function hasChange({ detail }: AuditView): boolean {
  return detail !== undefined && ('before' in detail || 'after' in detail);
}

/** How many of the newest page are newer than what is shown; `isMore`: perhaps more than that. */
export function newerThan(
  newest: readonly Entry[],
  shown: readonly Entry[],
): { readonly count: number; readonly isMore: boolean } {
  const top = shown[0];
  if (!top) return { count: newest.length, isMore: false };
  const count = newest.filter(({ id }) => id > top.id).length;
  return { count, isMore: count === newest.length && count > 0 };
}

/** A moment as `<input type="datetime-local">` has it, in the zone of the browser; empty where it is none. */
export function localOf(iso: string | undefined): string {
  const at = iso === undefined ? Number.NaN : Date.parse(iso);
  if (Number.isNaN(at)) return '';
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

export function isoOf(local: string): string | undefined {
  const at = local === '' ? Number.NaN : new Date(local).getTime();
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}
