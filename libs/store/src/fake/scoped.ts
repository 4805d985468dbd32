import { isUnbounded, seesPair, type Scope } from '#domain';
import type { Tables } from './memory.js';

/** Whether the scopes hold an application on a cluster; without a cluster: on all that may ever be. */
export function holdsPair(
  tables: Tables,
  scopes: readonly Scope[] | undefined,
  application: string,
  uid: string | undefined,
): boolean {
  if (scopes === undefined || isUnbounded(scopes)) return true;
  const cluster = uid === undefined ? undefined : tables.clusters.get(uid);
  if (cluster !== undefined) return seesPair(scopes, application, cluster);
  const everywhere = scopes.filter(({ clusters }) => clusters === null);
  return seesPair(everywhere, application, { labels: {}, facts: {} });
}
