import { uidSchema, type Resource } from '#contract';
import { PROTOCOL_VERSION } from '#domain';
import { RejectedError } from '#kit';
import type { TakenOver, Unit } from '#ports';
import { GENERATIONS_ABOVE } from '../steps/advance/run-step.js';

export type ClusterDocument = Extract<Resource, { kind: 'Cluster' }>;

/**
 * The cluster as another hub, or this one before its database was lost, had it. Null: the document sets labels, and tells nothing by
 * which an agent could be taken over.
 */
export function adoptionOf({ metadata, spec }: ClusterDocument): TakenOver | null {
  const uid = uidSchema.safeParse(metadata.uid).data;
  if (uid === undefined || spec === undefined) return null;
  return { uid, name: metadata.name, publicKey: spec.agentKey, labels: metadata.labels };
}

/**
 * Registers clusters that this hub does not know as joined, so that their agents' next sign of life is their own: nothing is assigned
 * to them before that, and what they are assigned then goes on above all that they hold. Their manifests are not written, for an
 * empty one would have an agent let go of what runs.
 * @throws RejectedError `cluster-removed`, `key-revoked`, `key-taken` (409): who was put out comes back by an invitation alone.
 */
export async function adoptClusters(unit: Unit, clusters: readonly TakenOver[], now: number): Promise<void> {
  if (clusters.length === 0) return;
  await refuseTaken(unit, clusters);
  // Its agent's version comes with its first heartbeat.
  await unit.clusters.takeOver(clusters, { protocol: PROTOCOL_VERSION, now });
  // Seconds: no hub gave out one generation a second to one cluster for all of its life, so no agent holds a higher one.
  const above = Math.max(Number((await unit.settings.get(GENERATIONS_ABOVE)) ?? 0), Math.floor(now / 1000));
  await unit.settings.set(GENERATIONS_ABOVE, String(above));
}

async function refuseTaken(unit: Unit, clusters: readonly TakenOver[]): Promise<void> {
  const publicKeys = clusters.map(({ publicKey }) => publicKey);
  const revoked = await unit.revocations.among(publicKeys);
  const known = await unit.clusters.holding({ uids: clusters.map(({ uid }) => uid), publicKeys });
  const byUid = new Map(known.map((each) => [each.uid, each]));
  const byKey = new Map(known.flatMap((each) => (each.state === 'revoked' ? [] : [[each.publicKey, each.name]])));
  const uids = new Map<string, string>();
  for (const { uid, name, publicKey } of clusters) {
    const mend = `take uid and spec out of its file, and invite it: flotilla cluster add ${name}`;
    const holder = byUid.get(uid);
    if (holder?.state === 'revoked') {
      throw refused('cluster-removed', `Cluster "${name}" (${uid}) was removed from this hub: ${mend}`);
    }
    const ofUid = holder?.name ?? uids.get(uid);
    if (ofUid !== undefined) {
      throw refused('key-taken', `Cluster "${name}" has the uid of cluster "${ofUid}": ${mend}`);
    }
    if (revoked.has(publicKey)) {
      throw refused('key-revoked', `The agent key of cluster "${name}" was revoked at this hub: ${mend}`);
    }
    const ofKey = byKey.get(publicKey);
    if (ofKey !== undefined) {
      throw refused('key-taken', `Cluster "${name}" has the agent key of cluster "${ofKey}": ${mend}`);
    }
    uids.set(uid, name);
    byKey.set(publicKey, name);
  }
}

function refused(code: string, message: string): RejectedError {
  return new RejectedError(code, message, { status: 409 });
}
