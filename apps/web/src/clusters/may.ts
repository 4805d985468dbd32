import type { Whoami } from '#contract';
import { scopesFor, seesCluster, type Grant, type Role, type ScopedCluster } from '#domain/access';

function grantsOf({ grants }: Whoami): Grant[] {
  return grants.map(({ role, scope }) => ({
    role,
    scope: { clusters: scope?.clusters ?? null, applications: scope?.applications ?? null },
  }));
}

/**
 * Whether somebody may do what needs this role to a cluster with all that runs on it, so that the page offers no more than the hub
 * would take. The hub decides by itself.
 */
export function mayOnCluster(me: Whoami, needed: Role, cluster: ScopedCluster): boolean {
  const whole = scopesFor(grantsOf(me), needed).filter(({ applications }) => applications === null);
  return seesCluster(whole, cluster);
}

/** Whether somebody may do it anywhere at all. */
export function maySomewhere(me: Whoami, needed: Role): boolean {
  return scopesFor(grantsOf(me), needed).length > 0;
}
