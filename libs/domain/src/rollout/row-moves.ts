import type { HeldRelease, TargetRow, TargetState } from './model.js';

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

export function inFlightState(row: TargetRow): boolean {
  return row.state === 'assigned' || row.state === 'progressing' || row.carried === true;
}
