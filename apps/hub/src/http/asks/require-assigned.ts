import { seesPair, type Scope } from '#domain';
import { RejectedError } from '#kit';
import type { StoredCluster, Unit } from '#ports';

/**
 * Generation of the application on that cluster. What the scopes don't hold there is answered as what never was there.
 * @throws RejectedError `not-joined` (409), `not-found` (404).
 */
export async function requireAssigned(
  read: Unit,
  cluster: StoredCluster,
  application: string,
  scopes: readonly Scope[],
): Promise<number> {
  const { uid, name } = cluster;
  if (cluster.state !== 'joined') {
    const line = `flotilla cluster token ${name}`;
    throw new RejectedError('not-joined', `Cluster "${name}" waits for its agent to join: \`${line}\` invites it`, {
      status: 409,
    });
  }
  const rows = (await read.rollouts.ofCluster(uid)).filter(
    (each) => each.row.assignment !== null && seesPair(scopes, each.application, cluster),
  );
  const found = rows.find((each) => each.application === application);
  if (found) return found.row.generation;
  const others = rows.map((each) => each.application);
  const list = others.length === 0 ? 'it runs none' : `it runs ${others.slice(0, 10).join(', ')}`;
  const more = others.length > 10 ? ` and ${others.length - 10} more` : '';
  throw new RejectedError(
    'not-found',
    `Application "${application}" was never rolled out to cluster "${name}": ${list}${more}`,
    { status: 404 },
  );
}
