import type { Draft } from '../draft.js';
import type { TargetRow } from '../model.js';
import { fallback } from '../row-moves.js';

/**
 * The row with its unacknowledged assignment rewritten: to what the cluster may go back to, or to nothing, which tells its
 * agent to keep what it holds. Else a link that comes back would bring what was taken down.
 */
export function rewritten(draft: Draft, row: TargetRow): TargetRow {
  const { assignment } = row;
  if (!assignment || row.acked || !draft.rules.unackedRewritten) return row;
  const back = fallback(row, [...draft.header.barred, ...(assignment.release === null ? [] : [assignment.release])]);
  if (!back) {
    draft.dirty(row.uid);
    return { ...row, assignment: null };
  }
  const { healthyForMs, rollout } = assignment;
  return draft.assigned(row, { ...back, healthyForMs, rollout });
}

/** Whether this rollout made the row's assignment, and no agent has acknowledged it. */
export function isUnackedOf(row: TargetRow, rollout: string): boolean {
  return row.assignment !== null && !row.acked && row.assignment.rollout === rollout;
}

/** The row without a verdict in the making. What is in flight keeps its time: whoever comes next takes it over. */
export function stilled(row: TargetRow): TargetRow {
  if (row.failedSince === undefined) return row;
  const { failedSince: _, ...rest } = row;
  return { ...rest, dueAt: null };
}
