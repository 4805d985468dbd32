import type { Labels, Role, Scope } from '#domain';
import { outOfScope } from './refusals.js';
import { holdsWholeCluster } from './target-check.js';

/**
 * What labels a cluster is given must leave it in the scope of who gives them, whatever runs on it: else they would take from
 * themselves what is theirs, or give to others what is not.
 * @throws RejectedError `out-of-scope`.
 */
export function requireLabels(
  scopes: readonly Scope[],
  role: Role,
  cluster: { readonly labels: Labels; readonly facts: Labels },
): void {
  if (holdsWholeCluster(scopes, cluster)) return;
  throw outOfScope(role, 'clusters with these labels and every application');
}
