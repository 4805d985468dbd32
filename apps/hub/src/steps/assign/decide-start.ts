import type { ApplicationHeader, HeldRelease, Member, TargetRow } from '#domain';

/** What is to be told to the engine after the world has changed: a commit, a spec, a cluster that came or went. */
export interface StartDecision {
  /** The release is news: start it (the engine supersedes, queues or refuses). */
  readonly start: boolean;
  /** No rollout runs, and these do not have the baseline yet, or have it by another overlay. */
  readonly newcomers: readonly Member[];
  /** They have an assignment and are not placed any more. */
  readonly leavers: readonly string[];
}

/**
 * Pure: compares who should run the application with who does.
 * @param unplaced clusters that could not be placed for want of a label or an overlay: an error is never a deletion.
 */
export function decideStart(input: {
  readonly header: ApplicationHeader | null;
  readonly rows: readonly TargetRow[];
  readonly members: readonly Member[];
  readonly unplaced: ReadonlySet<string>;
  /** Whether a cluster is there now: one that is away catches up when it is back, not before. */
  readonly online: (uid: string) => boolean;
  readonly release: number;
  /** The members with the overlays of the baseline release; null when there is none, or it lacks the overlay. */
  readonly baseline: (member: Member) => Pick<HeldRelease, 'overlay' | 'digest' | 'terms'> | null;
}): StartDecision {
  const { header, rows, members, unplaced, release } = input;
  const running = header?.rollout?.state === 'running';
  // A queued release is known for as long as what it waits for runs; then it is news again.
  const known = Math.max(header?.newest ?? 0, running ? (header.queued?.release ?? 0) : 0);
  if (release > known) return { start: true, newcomers: [], leavers: [] };
  const byUid = new Map(rows.map((row) => [row.uid, row]));
  const placed = new Set(members.map(({ uid }) => uid));
  const newcomers = running
    ? []
    : members.flatMap((member) => {
        const wanted = input.baseline(member);
        if (!wanted) return [];
        if (!input.online(member.uid)) return [];
        const row = byUid.get(member.uid);
        const assignment = row?.assignment ?? null;
        // Away while the baseline went out: it holds an older release, and is back now.
        const isSame = assignment?.digest === wanted.digest && assignment.terms === wanted.terms;
        if (row?.state === 'deferred' && !isSame) return [{ ...member, ...wanted }];
        const has = assignment !== null && assignment.release !== null && assignment.overlay === wanted.overlay;
        return has ? [] : [{ ...member, ...wanted }];
      });
  const leavers =
    members.length === 0
      ? []
      : rows
          .filter(
            ({ uid, assignment, state }) =>
              !placed.has(uid) &&
              !unplaced.has(uid) &&
              state !== 'removed' &&
              assignment !== null &&
              assignment.release !== null,
          )
          .map(({ uid }) => uid);
  return { start: false, newcomers, leavers };
}

/**
 * Pure: clusters that were put off for being away, never assigned in this rollout, and are there. Whoever is heard of first while
 * its first rollout begins is known to neither of the two: the one still took it for away, the other saw no row of it yet.
 */
export function missedReturns(
  header: ApplicationHeader | null,
  rows: readonly TargetRow[],
  online: (uid: string) => boolean,
): readonly string[] {
  const { rollout } = header ?? {};
  if (rollout?.state !== 'running') return [];
  return rows
    .filter(
      ({ uid, state, reason, rollout: id, assignment }) =>
        state === 'deferred' &&
        reason === 'unreachable' &&
        id === rollout.id &&
        assignment?.rollout !== id &&
        online(uid),
    )
    .map(({ uid }) => uid);
}
