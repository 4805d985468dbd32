import type { ClusterIdentity, ClusterUid } from './cluster.js';
import { renderPathTemplate } from './path-template.js';
import { matchesSelector, selectable, type Selector } from './selector.js';

export interface PlacementRule {
  /** Absent or empty: every cluster. */
  readonly selector?: Selector;
  readonly pathTemplate: string;
}

export interface PlacedCluster {
  readonly uid: ClusterUid;
  readonly overlay: string;
}

export interface PlacementError {
  readonly uid: ClusterUid;
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/**
 * Which clusters take an application, and which overlay each of them takes; in the order given.
 * A cluster whose path cannot be rendered is an error, never a cluster that left.
 */
export function place(
  rule: PlacementRule,
  clusters: readonly ClusterIdentity[],
): { readonly members: readonly PlacedCluster[]; readonly errors: readonly PlacementError[] } {
  const members: PlacedCluster[] = [];
  const errors: PlacementError[] = [];
  for (const cluster of clusters) {
    if (rule.selector && !matchesSelector(rule.selector, selectable(cluster))) continue;
    const rendered = renderPathTemplate(rule.pathTemplate, cluster);
    if (rendered.ok) members.push({ uid: cluster.uid, overlay: rendered.path });
    else errors.push({ uid: cluster.uid, name: cluster.name, code: rendered.code, message: rendered.message });
  }
  return { members, errors };
}
