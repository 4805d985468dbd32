import type { ApplyResult } from '#contract';
import { canonicalJson, isUnbounded, scopesFor, seesCluster, type JsonObject, type Labels } from '#domain';
import { RejectedError } from '#kit';
import type { StoredCluster, TakenOver, Unit } from '#ports';
import type { Caller } from '../http/access/permit.js';
import { outOfScope } from '../http/access/refusals.js';
import { requireLabels } from '../http/access/require-labels.js';
import { holdsWholeCluster } from '../http/access/target-check.js';
import { audit } from '../http/audit.js';
import { clusterDocument } from '../http/views/resource-view.js';
import { adoptClusters, adoptionOf, type ClusterDocument } from './adopt-cluster.js';
import type { RefuseByHand } from './declared-objects.js';

/** A document, and where it stands among those that came with it. */
export interface PlacedCluster {
  readonly resource: ClusterDocument;
  readonly index: number;
}

/**
 * Sets labels, and takes clusters in again that this hub does not know. However many they are the database is asked a dozen times: a
 * recovered hub takes thousands.
 * @returns what became of each, in their order.
 * @throws RejectedError `out-of-scope`, `missing-reference`, `declared-in-git`, and what adoptClusters throws.
 */
export async function takeClusters(
  unit: Unit,
  documents: readonly PlacedCluster[],
  caller: Caller,
  options: {
    readonly now: number;
    readonly dryRun: boolean;
    readonly reason?: string | undefined;
    readonly refuseByHand: RefuseByHand;
  },
): Promise<readonly ApplyResult[]> {
  if (documents.length === 0) return [];
  const names = documents.map(({ resource }) => resource.metadata.name);
  const known = new Map((await unit.clusters.named(names)).map((cluster) => [cluster.name, cluster]));
  const adopted: TakenOver[] = [];
  const labelled = new Map<string, Labels>();
  const results: ApplyResult[] = [];
  for (const { resource, index } of documents) {
    const { name, labels } = resource.metadata;
    const cluster = known.get(name);
    requireScope(resource, cluster, caller, index);
    const before = cluster ? clusterDocument(cluster) : null;
    const after = clusterDocument({ name, labels });
    if (cluster) {
      const isEqual = canonicalJson(before) === canonicalJson(after);
      if (!isEqual) labelled.set(cluster.uid, labels);
      results.push({ kind: 'Cluster', name, result: isEqual ? 'unchanged' : 'configured', before, after });
      continue;
    }
    const adoption = adoptionOf(resource);
    if (adoption) adopted.push(adoption);
    results.push({ kind: 'Cluster', name, result: 'adopted', before, after });
  }
  if (options.dryRun) return results;
  const { now, reason } = options;
  for (const { name, result } of results) if (result !== 'unchanged') options.refuseByHand({ kind: 'Cluster', name });
  await unit.clusters.setLabelsOf(labelled);
  await adoptClusters(unit, adopted, now);
  for (const { name, result, before, after } of results) {
    if (result === 'unchanged') continue;
    const detail = { before: before as unknown as JsonObject, after: after as unknown as JsonObject };
    const act = result === 'adopted' ? 'cluster.adopt' : 'apply';
    await audit(unit, { now, caller }, act, `Cluster/${name}`, { reason, detail });
  }
  return results;
}

/** To whoever does not see it, a cluster is not there; and only an admin without bounds takes one in. */
function requireScope(
  resource: ClusterDocument,
  cluster: StoredCluster | undefined,
  { grants, scopes, sees }: Caller,
  index: number,
): void {
  const { name, labels } = resource.metadata;
  if (!cluster && isUnbounded(scopesFor(grants, 'admin')) && adoptionOf(resource)) return;
  if (!cluster || !seesCluster(sees, cluster)) throw notRegistered(name, index);
  if (!holdsWholeCluster(scopes, cluster)) {
    throw outOfScope('operator', `cluster "${name}" and every application (documents[${index}])`);
  }
  requireLabels(scopes, 'operator', { labels, facts: cluster.facts });
}

export function notRegistered(name: string, index: number): RejectedError {
  const path = `documents[${index}].metadata.name`;
  const message = `Cluster "${name}" is not registered: \`flotilla cluster add ${name}\` registers it`;
  return new RejectedError('missing-reference', `${path}: ${message}`, { status: 422, fields: [{ path, message }] });
}
