import { uidSchema, type Resource } from '#contract';
import { PROTOCOL_VERSION, type ClusterUid } from '#domain';
import { RejectedError } from '#kit';
import type { Unit } from '#ports';
import { GENERATIONS_ABOVE } from '../steps/advance/run-step.js';

type ClusterDocument = Extract<Resource, { kind: 'Cluster' }>;

/** A cluster that this hub does not know, as another one, or this one before its database was lost, had it. */
export interface Adoption {
  readonly uid: ClusterUid;
  readonly name: string;
  readonly agentKey: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Null: the document sets labels, and tells nothing by which an agent could be taken over. */
export function adoptionOf({ metadata, spec }: ClusterDocument): Adoption | null {
  const uid = uidSchema.safeParse(metadata.uid).data;
  if (uid === undefined || spec === undefined) return null;
  return { uid, name: metadata.name, agentKey: spec.agentKey, labels: metadata.labels };
}

/**
 * Registers it as joined, so that the agent's next sign of life is its own: nothing is assigned to it before that, and what it is
 * assigned then goes on above all that it holds. Its manifest is not written, for an empty one would have it let go of what runs.
 * @throws RejectedError `cluster-removed`, `key-revoked`, `key-taken` (409): who was put out comes back by an invitation alone.
 */
export async function adoptCluster(unit: Unit, { uid, name, agentKey, labels }: Adoption, now: number): Promise<void> {
  const mend = `take uid and spec out of its file, and invite it: flotilla cluster add ${name}`;
  const known = await unit.clusters.get(uid);
  if (known?.state === 'revoked') {
    throw refused('cluster-removed', `Cluster "${name}" (${uid}) was removed from this hub: ${mend}`);
  }
  if (known) throw refused('key-taken', `Cluster "${name}" has the uid of cluster "${known.name}": ${mend}`);
  if (await unit.revocations.has(agentKey)) {
    throw refused('key-revoked', `The agent key of cluster "${name}" was revoked at this hub: ${mend}`);
  }
  const holder = await unit.clusters.byKey(agentKey);
  if (holder) throw refused('key-taken', `Cluster "${name}" has the agent key of cluster "${holder.name}": ${mend}`);
  await unit.clusters.register({ uid, name, labels, now });
  // Its version comes with its first heartbeat.
  await unit.clusters.markJoined(uid, { publicKey: agentKey, version: '', protocol: PROTOCOL_VERSION, now });
  // Seconds: no hub gave out one generation a second to one cluster for all of its life, so no agent holds a higher one.
  const above = Math.max(Number((await unit.settings.get(GENERATIONS_ABOVE)) ?? 0), Math.floor(now / 1000));
  await unit.settings.set(GENERATIONS_ABOVE, String(above));
}

function refused(code: string, message: string): RejectedError {
  return new RejectedError(code, message, { status: 409 });
}
