import type { Draft } from '../draft.js';
import type { TargetRow } from '../model.js';
import { isConcluded, isLive } from '../row-moves.js';

/**
 * Tells the agents of whatever may be changing to stop before their next object, whether it is heard of now or comes back
 * later. Gives how many they are.
 */
export function haltInFlight(draft: Draft): number {
  const rows = draft.rows().filter((row) => row.rollout === draft.running?.id && !row.halted && mayBeChanging(row));
  for (const row of rows) {
    draft.dirty(row.uid);
    draft.put({ ...row, halted: true });
  }
  return rows.length;
}

/** In flight, or given up on by the hub while its agent may be at it yet. */
function mayBeChanging(row: TargetRow): boolean {
  // Whatever it was told and has not acknowledged, of whichever rollout: it may begin with that when it comes back.
  if (row.assignment && !row.acked) return true;
  switch (row.state) {
    case 'assigned':
    case 'progressing':
      return true;
    case 'pending':
      return row.carried === true;
    case 'failed':
    case 'deferred':
      return isLive(row) && !isConcluded(row);
    case 'passed':
    case 'unchanged':
    case 'skipped':
    case 'removed':
      return false;
  }
}

/**
 * The row with its agent free to go on; unless it would go on with what was taken back, which it stopped half-way: that it leaves
 * as it is until it is told what to run instead.
 */
export function unhalted(draft: Draft, row: TargetRow): TargetRow {
  if (!row.halted || isBarred(draft, row)) return row;
  const { halted: _, ...rest } = row;
  if (row.assignment) draft.dirty(row.uid);
  return rest;
}

function isBarred({ header }: Draft, { assignment }: TargetRow): boolean {
  return typeof assignment?.release === 'number' && header.barred.includes(assignment.release);
}

/** Lets all agents go on that a hard pause stopped. */
export function unhaltAll(draft: Draft): void {
  const { rollout } = draft.header;
  if (!rollout?.hard) return;
  const { hard: _, ...soft } = rollout;
  draft.setRollout(soft);
  for (const row of draft.rows()) if (row.halted) draft.put(unhalted(draft, row));
}
