import { isUnbounded, type Scope } from '#domain';
import { selectorToSql, type Parameters } from './selector-to-sql.js';

/** Absent where there is nothing to leave out, so that a statement for somebody without bounds stays as it was. */
export function boundsOf(scopes: readonly Scope[] | undefined): readonly Scope[] | null {
  return scopes === undefined || isUnbounded(scopes) ? null : scopes;
}

/** What #domain's seesCluster says of clusters `c`. Null where it is not known: for a plain WHERE. */
export function seesClusterSql(scopes: readonly Scope[], parameters: Parameters): string {
  return anyOf(scopes.map(({ clusters }) => (clusters === null ? 'true' : selectorToSql(clusters, parameters))));
}

/** What #domain's seesApplication says of the name in a column. */
export function seesApplicationSql(scopes: readonly Scope[], column: string, parameters: Parameters): string {
  return anyOf(scopes.map((scope) => holdsApplication(scope, column, parameters)));
}

/** Columns with an application's name and a cluster's uid. */
export interface PairColumns {
  readonly application: string;
  readonly uid: string;
}

/**
 * What #domain's seesPair says of an application and a cluster; of no cluster, where the uid is null: a scope with a selector
 * holds none. Never null itself, so that it can be negated. The clusters of a selector are looked up once a statement, not once a row.
 */
export function seesPairSql(scopes: readonly Scope[], columns: PairColumns, parameters: Parameters): string {
  return anyOf(
    scopes.map((scope) => {
      const application = holdsApplication(scope, columns.application, parameters);
      if (scope.clusters === null) return application;
      const matching = `select c.uid from clusters c where ${selectorToSql(scope.clusters, parameters)}`;
      return `${application} and (${columns.uid} in (${matching})) is true`;
    }),
  );
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
