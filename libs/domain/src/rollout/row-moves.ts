import type { HeldRelease, Millis, TargetRow, TargetState } from './model.js';

/** What belongs to a state and goes with it. */
type Volatile = 'reason' | 'message' | 'failedSince' | 'requeued' | 'carried' | 'accepted' | 'dueAt' | 'state';

/** The row in another state; whatever belonged to the old one is gone. */
export function moved(
  row: TargetRow,
  state: TargetState,
  more: Partial<Pick<TargetRow, Exclude<Volatile, 'state'>>> = {},
): TargetRow {
  const { reason: _1, message: _2, failedSince: _3, requeued: _4, carried: _5, accepted: _6, ...rest } = row;
  return { ...rest, state, dueAt: null, ...more };
}

/** Whether the row's assignment is this rollout's own and not one that an earlier rollout left. */
export function isLive(row: TargetRow): boolean {
  const { assignment, desired } = row;
  if (assignment === null || desired === 'keep' || assignment.rollout !== row.rollout) return false;
  if (desired === 'withdraw') return assignment.release === null;
  return assignment.release === desired.release && assignment.digest === desired.digest;
}

/** Whether the last report says that the cluster was steady on its present assignment for so long. */
export function isSteady(row: TargetRow, healthyForMs: number): boolean {
  const { assignment, report, acked } = row;
  return (
    acked &&
    assignment !== null &&
    report !== null &&
    report.generation === assignment.generation &&
    report.digest === assignment.digest &&
    report.phase === 'healthy' &&
    report.steadyMs >= healthyForMs
  );
}

/** What the cluster may go back to: the last release that it passed and that is not barred. */
export function fallback(row: TargetRow, barred: readonly number[]): HeldRelease | null {
  const usable = (held: HeldRelease | null): held is HeldRelease => held !== null && !barred.includes(held.release);
  if (usable(row.lastPassed)) return row.lastPassed;
  return usable(row.previous) ? row.previous : null;
}

/**
 * Changing right now, as far as is known: on its way, no report has said how it went, and its time is not up. So it is with
 * what a rollout left under way that was superseded, taken back or cancelled.
 */
export function isInFlight(row: TargetRow, active: Millis): boolean {
  if (row.state !== 'assigned' && row.state !== 'progressing' && row.carried !== true) return false;
  return row.dueAt !== null && row.dueAt > active && !isConcluded(row);
}

/** The last report says how the present assignment went. */
export function isConcluded(row: TargetRow): boolean {
  const { assignment, report } = row;
  if (!assignment || report?.generation !== assignment.generation) return false;
  return report.phase === 'failed' || report.phase === 'refused' || isSteady(row, assignment.healthyForMs);
}
