import type { Member, Rollout, TargetRow } from '#domain';
import type { PinnedSource } from '../render/declared-sources.js';

/** How far an environment is with what it takes. */
export interface EnvironmentHealth {
  /** Clusters that run exactly that, healthy, and whose wave is done. */
  readonly healthy: number;
  /** Clusters that do not (yet); those that are away are not counted. */
  readonly waiting: number;
  readonly total: number;
}

/** Pure: how many of an environment's clusters run the bundles that are theirs now. */
export function environmentHealth(
  members: readonly Pick<Member, 'uid' | 'digest'>[],
  rows: ReadonlyMap<string, TargetRow>,
  rollout: Rollout | null,
): EnvironmentHealth {
  let healthy = 0;
  let waiting = 0;
  for (const { uid, digest } of members) {
    const row = rows.get(uid);
    if (row === undefined || !runs(row, digest, rollout)) {
      // Whoever is away, or was given up by a person, must not keep the others waiting for ever.
      if (row === undefined || !['deferred', 'skipped', 'removed'].includes(row.state)) waiting += 1;
    } else healthy += 1;
  }
  return { healthy, waiting, total: members.length };
}

function runs(
  { assignment, report, state, rollout: id, wave }: TargetRow,
  digest: string,
  rollout: Rollout | null,
): boolean {
  if (assignment?.digest !== digest || (state !== 'passed' && state !== 'unchanged')) return false;
  const isCurrent = report?.generation === assignment.generation && report.digest === digest;
  if (!isCurrent || report.phase !== 'healthy') return false;
  // A soak is part of what healthy means here.
  const phase = rollout?.state === 'running' && rollout.id === id ? rollout.waves[wave]?.phase : undefined;
  return phase === undefined || phase === 'done' || phase === 'skipped';
}

/** What an environment took, and how far it is with it. */
export interface TakenEnvironment {
  readonly name: string;
  /** Null: it could take nothing yet. */
  readonly pin: PinnedSource | null;
  readonly health: EnvironmentHealth;
}

/**
 * Why an environment does not take a commit yet, in one sentence's second half; null: it takes it.
 * @param has whether what the one before runs has that commit in its history, or is the same.
 */
export async function waitsFor(
  candidate: PinnedSource,
  before: TakenEnvironment,
  has: (runs: PinnedSource, candidate: PinnedSource) => Promise<boolean>,
): Promise<string | null> {
  const { name, pin, health } = before;
  if (pin === null || health.total === 0) return `waits for "${name}", which runs nothing yet`;
  const { healthy, waiting, total } = health;
  if (healthy === 0 || waiting > 0)
    return `waits for "${name}" to run ${revisionText(pin)} healthy: ${healthy} of ${total} cluster${total === 1 ? '' : 's'} do${total === 1 ? 'es' : ''}`;
  if (await has(pin, candidate)) return null;
  return `waits for "${name}" to run ${revisionText(candidate)}: it runs ${revisionText(pin)}, which does not have that in its history`;
}

/** The tag or the version where there is one, else the commit's first digits. */
export function revisionText({ revision, tag, version }: Pick<PinnedSource, 'revision' | 'tag' | 'version'>): string {
  return tag ?? version ?? revision.slice(0, 7);
}
