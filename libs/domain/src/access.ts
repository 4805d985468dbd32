import type { ClusterIdentity } from './cluster.js';
import { matchesSelector, selectable, type Selector } from './selector.js';
import { impliesSelector } from './selector-implication.js';

/** Viewers read; approvers also say yes or no to gates; operators also run rollouts and declare objects; admins do all of it. */
export type Role = 'viewer' | 'operator' | 'approver' | 'admin';

/** How far a role reaches: both parts must hold. */
export interface Scope {
  /** Clusters whose labels and facts match; null: all of them, those that come later included. */
  readonly clusters: Selector | null;
  /** Names of applications, where `*` stands for any run of characters; null: all of them. */
  readonly applications: readonly string[] | null;
}

/** What somebody may do, and where. Of several, each counts by itself: a role of one never reaches into the scope of another. */
export interface Grant {
  readonly role: Role;
  readonly scope: Scope;
}

/** Whom a grant is for, as the identity provider names people (by address or by subject) and groups. */
export interface GrantSubject {
  readonly kind: 'user' | 'group';
  readonly value: string;
}

/** What a scope looks at in a cluster. */
export type ScopedCluster = Pick<ClusterIdentity, 'labels' | 'facts'>;

/** No bounds. */
export const EVERYWHERE: Scope = { clusters: null, applications: null };

/** Whoever approves is not whoever rolls out: an operator's token approves nothing, only an admin's does both. */
const MAY: Readonly<Record<Role, readonly Role[]>> = {
  viewer: ['viewer'],
  approver: ['viewer', 'approver'],
  operator: ['viewer', 'operator'],
  admin: ['viewer', 'approver', 'operator', 'admin'],
};

/**
 * Whether a role may do what `needed` asks for. Viewers read; approvers also say yes or no to gates; operators also run rollouts,
 * freeze, hold and declare objects; admins do all of it, register clusters and make tokens.
 */
export function roleAllows(role: Role, needed: Role): boolean {
  return MAY[role].includes(needed);
}

/** Where somebody may do what `needed` asks for: the scopes of those grants whose role allows it. None: nowhere. */
export function scopesFor(grants: readonly Grant[], needed: Role): readonly Scope[] {
  return grants.filter(({ role }) => roleAllows(role, needed)).map(({ scope }) => scope);
}

/** Whether one of the scopes has no bounds. Several that together name everything are still bounded: what comes later is in none. */
export function isUnbounded(scopes: readonly Scope[]): boolean {
  return scopes.some(({ clusters, applications }) => clusters === null && applications === null);
}

/** Whatever the applications: of those, the cluster shows the ones that `seesPair`. */
export function seesCluster(scopes: readonly Scope[], cluster: ScopedCluster): boolean {
  return scopes.some((scope) => holdsCluster(scope, cluster));
}

/** Whatever the clusters: of those, the application shows the ones that `seesPair`. */
export function seesApplication(scopes: readonly Scope[], application: string): boolean {
  return scopes.some((scope) => holdsApplication(scope, application));
}

/** An application on a cluster: one scope must hold both, the halves of two make no whole. */
export function seesPair(scopes: readonly Scope[], application: string, cluster: ScopedCluster): boolean {
  return scopes.some((scope) => holdsApplication(scope, application) && holdsCluster(scope, cluster));
}

/** Whether the application is held on each of these clusters, be it by several scopes. */
export function coversClusters(
  scopes: readonly Scope[],
  application: string,
  clusters: readonly ScopedCluster[],
): boolean {
  const own = scopes.filter((scope) => holdsApplication(scope, application));
  return own.length > 0 && clusters.every((cluster) => seesCluster(own, cluster));
}

/**
 * Whether one scope holds the application wherever its placement may ever take it, clusters that come later included; no selector
 * takes every cluster. Two scopes that share a placement between them don't cover it.
 */
export function coversPlacement(
  scopes: readonly Scope[],
  application: string,
  placement: Selector | null | undefined,
): boolean {
  return scopes.some(
    (scope) =>
      holdsApplication(scope, application) &&
      (scope.clusters === null || impliesSelector(placement ?? {}, scope.clusters)),
  );
}

/** Whether a name fits a pattern, in which `*` stands for any run of characters, none included, and all else for itself. */
export function matchesApplication(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return name === pattern;
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  const end = name.length - last.length;
  let at = first.length;
  // The leftmost place is as good as any: no pattern makes this go back.
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

function holdsCluster({ clusters }: Scope, cluster: ScopedCluster): boolean {
  return clusters === null || matchesSelector(clusters, selectable(cluster));
}

function holdsApplication({ applications }: Scope, name: string): boolean {
  return applications === null || applications.some((pattern) => matchesApplication(pattern, name));
}
