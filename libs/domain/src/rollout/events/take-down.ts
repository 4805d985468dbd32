import type { Draft } from '../draft.js';
import type { TargetRow } from '../model.js';
import { fallback } from '../row-moves.js';

/**
 * The row with its unacknowledged assignment rewritten: to what the cluster may go back to, or to nothing, which tells its
 * agent to keep what it holds. Else a link that comes back would bring what was taken down. What leads back already stays: a
 * rollback's own assignments, and what was rewritten before.
 */
export function rewritten(draft: Draft, row: TargetRow): TargetRow {
  const { assignment } = row;
  if (!assignment || row.acked || assignment.takesBack || !draft.rules.unackedRewritten) return row;
  const { healthyForMs, rollout, release, digest } = assignment;
  const back = fallback(row, [...draft.header.barred, ...(release === null ? [] : [release])]);
  if (!back) {
    draft.dirty(row.uid);
    return { ...row, assignment: null };
  }
  return draft.assigned(row, {
    ...back,
    healthyForMs,
    rollout,
    ...(release !== null && { takesBack: { release, digest } }),
  });
}

/** Whether this rollout made the row's assignment, and no agent has acknowledged it. */
export function isUnackedOf(row: TargetRow, rollout: string): boolean {
  return row.assignment !== null && !row.acked && row.assignment.rollout === rollout;
}

/** The row as it is left when its rollout's say over it ends: what nobody acknowledged is rewritten, no verdict is in the making. */
export function takenDown(draft: Draft, row: TargetRow, rollout: string): TargetRow {
  return stilled(isUnackedOf(row, rollout) ? rewritten(draft, row) : row);
}

/** The row without a verdict in the making. What is in flight keeps its time: whoever comes next takes it over. */
export function stilled(row: TargetRow): TargetRow {
  if (row.failedSince === undefined) return row;
  const { failedSince: _, ...rest } = row;
  return { ...rest, dueAt: null };
}
