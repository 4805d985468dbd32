import { isUnbounded, type Scope } from '#domain';
import { selectorToSql, type Parameters } from './selector-to-sql.js';

/** Absent where there is nothing to leave out, so that a statement for somebody without bounds stays as it was. */
export function boundsOf(scopes: readonly Scope[] | undefined): readonly Scope[] | null {
  return scopes === undefined || isUnbounded(scopes) ? null : scopes;
}

/** What #domain's seesCluster says of clusters `c`. Never null: it can be negated. */
export function seesClusterSql(scopes: readonly Scope[], parameters: Parameters): string {
  return anyOf(scopes.map((scope) => holdsCluster(scope, parameters)));
}

/** What #domain's seesApplication says of the name in a column. */
export function seesApplicationSql(scopes: readonly Scope[], column: string, parameters: Parameters): string {
  return anyOf(scopes.map((scope) => holdsApplication(scope, column, parameters)));
}

/**
 * What #domain's seesPair says of the name in a column and cluster `c`. Where a left join found no cluster, a scope with a
 * selector holds nothing: of what is not there, NotIn would be true. Never null: it can be negated.
 */
export function seesPairSql(scopes: readonly Scope[], column: string, parameters: Parameters): string {
  return anyOf(
    scopes.map((scope) => `${holdsApplication(scope, column, parameters)} and ${holdsCluster(scope, parameters)}`),
  );
}

/** For an absent key, comparisons in SQL are null: outside of a plain WHERE that is not the same as false. */
function holdsCluster({ clusters }: Scope, parameters: Parameters): string {
  if (clusters === null) return 'true';
  return `(c.uid is not null and ${selectorToSql(clusters, parameters)}) is true`;
}

function holdsApplication({ applications }: Scope, column: string, parameters: Parameters): string {
  if (applications === null) return 'true';
  // Names in full apart from patterns: those an index finds.
  const names = applications.filter((pattern) => !pattern.includes('*'));
  const patterns = applications.filter((pattern) => pattern.includes('*')).map(toLike);
  const conditions: string[] = [];
  if (names.length > 0) conditions.push(`${column} = any(${parameters.add(names)}::text[])`);
  if (patterns.length > 0) conditions.push(`${column} like any(${parameters.add(patterns)}::text[])`);
  return anyOf(conditions);
}

function toLike(pattern: string): string {
  return pattern.replace(/[\\%_]/g, String.raw`\$&`).replaceAll('*', '%');
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'false' : `(${conditions.map((each) => `(${each})`).join(' or ')})`;
}
