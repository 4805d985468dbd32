import { text } from '../search.js';

export interface ActivitySearch {
  readonly kind?: string;
  readonly actor?: string;
  readonly application?: string;
  readonly cluster?: string;
  readonly rollout?: string;
  readonly act?: string;
}

export function activitySearch(search: Record<string, unknown>): ActivitySearch {
  return {
    kind: text(search['kind']),
    actor: text(search['actor']),
    application: text(search['application']),
    cluster: text(search['cluster']),
    rollout: text(search['rollout']),
    act: text(search['act']),
  };
}
