import { oneOf, text } from '../search.js';

/** What happened in rollouts and clusters, or who did what by which right. */
export const KINDS = ['events', 'audit'] as const;
export type Kind = (typeof KINDS)[number];

export interface ActivitySearch {
  readonly kind?: Kind;
  /** Of both, from its beginning: `token:ann`. */
  readonly actor?: string;
  /** Of events. */
  readonly application?: string;
  readonly cluster?: string;
  readonly rollout?: string;
  /** Of the audit, from its beginning: `rollout.`. */
  readonly act?: string;
  /** Of the audit, from its beginning: `Application/web`. */
  readonly object?: string;
  /** ISO 8601 in UTC: from that time on, and before that time. */
  readonly since?: string;
  readonly until?: string;
}

export function activitySearch(search: Record<string, unknown>): ActivitySearch {
  return {
    kind: oneOf(KINDS, search['kind']),
    actor: text(search['actor']),
    application: text(search['application']),
    cluster: text(search['cluster']),
    rollout: text(search['rollout']),
    act: text(search['act']),
    object: text(search['object']),
    since: text(search['since']),
    until: text(search['until']),
  };
}
