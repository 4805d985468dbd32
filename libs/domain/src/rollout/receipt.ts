import type { ClusterUid } from '../cluster.js';
import type { Millis, Rollout, TargetRow, TargetState } from './model.js';

/** What one cluster was to go back to, and what it runs by its own word. */
export interface ReceiptLine {
  /** Its name. */
  readonly cluster: string;
  readonly uid: ClusterUid;
  readonly state: TargetState;
  readonly wanted: TargetRow['desired'];
  /** Its agent's last report; null: it never said anything of the application. */
  readonly runs: {
    readonly digest: string;
    readonly generation: number;
    /** The release with that digest, where it is known; null also where the application was withdrawn. */
    readonly release: number | null;
    readonly at: Millis;
  } | null;
}

/** What a rollback has brought about, cluster by cluster, in the order of their turns. */
export interface Receipt {
  /** Id of the rollback. */
  readonly rollout: string;
  /** The release that was taken back. */
  readonly release: number;
  readonly state: Rollout['state'];
  /** When it was asked for. */
  readonly at: Millis;
  readonly clusters: readonly ReceiptLine[];
  /** Those that did not go back, and why; while the rollback runs, without those that are still under way. */
  readonly couldNot: readonly { readonly cluster: string; readonly uid: ClusterUid; readonly why: string }[];
}

/**
 * The receipt of a rollback.
 * @param rows those of the rollback: the present ones, or as they were archived with it.
 */
export function receiptOf(rollback: Rollout, rows: readonly TargetRow[]): Receipt {
  const own = rows.filter((row) => row.rollout === rollback.id).sort((a, b) => a.position - b.position);
  return {
    rollout: rollback.id,
    release: rollback.release,
    state: rollback.state,
    at: rollback.startedAt,
    clusters: own.map((row) => ({
      cluster: row.name,
      uid: row.uid,
      state: row.state,
      wanted: row.desired,
      runs: runsOf(row),
    })),
    couldNot: own.flatMap((row) => {
      const why = whyNot(row, rollback);
      return why === null ? [] : [{ cluster: row.name, uid: row.uid, why }];
    }),
  };
}

function runsOf(row: TargetRow): ReceiptLine['runs'] {
  const { report } = row;
  if (!report) return null;
  const { digest, generation, at } = report;
  return { digest, generation, release: releaseOf(row, digest), at };
}

/** A report speaks of a digest; what is known of the cluster tells whose that is. */
function releaseOf({ assignment, lastPassed, previous, report }: TargetRow, digest: string): number | null {
  if (digest === '') return null;
  if (assignment?.digest === digest && assignment.generation === report?.generation) return assignment.release;
  const known = [assignment?.takesBack, lastPassed, previous, assignment];
  return known.find((each) => each?.digest === digest)?.release ?? null;
}

function whyNot({ state, reason, message, desired }: TargetRow, { state: rollbackState }: Rollout): string | null {
  switch (state) {
    case 'passed':
    case 'unchanged':
    case 'removed':
      return null;
    case 'failed':
      return reason === 'hold'
        ? (message ?? 'a person holds it')
        : `failed (${reason ?? 'unknown'}): ${message ?? 'no word of why'}`;
    case 'deferred':
      return `out of reach: ${message ?? 'it is not heard of'}; it goes back when it returns`;
    case 'skipped':
      return desired === 'keep' ? 'it had no earlier release: it keeps what it holds' : (message ?? 'skipped');
    case 'pending':
      return rollbackState === 'running' ? null : `its turn never came: the rollback is ${rollbackState}`;
    case 'assigned':
    case 'progressing':
      return rollbackState === 'running'
        ? null
        : `the rollback is ${rollbackState}, and nothing was heard of how it went`;
  }
}
