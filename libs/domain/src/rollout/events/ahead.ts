import type { Draft } from '../draft.js';
import type { TargetRow } from '../model.js';
import { moved } from '../row-moves.js';

/** Far above any real one, far below where counting ends: a broken agent cannot wear the counter out. */
const HIGHEST_GENERATION = 2 ** 40;

/**
 * The agent holds a higher generation than the database, which was restored from the past: go on from there. What is in force
 * is given out again under the next generation, else the agent would refuse it as old.
 */
export function goOnFrom(draft: Draft, row: TargetRow, generation: number): void {
  if (!Number.isSafeInteger(generation) || generation <= row.generation || generation > HIGHEST_GENERATION) return;
  const raised = { ...row, generation };
  draft.note('ahead', `${row.name} holds generation ${generation}, ${row.generation} is ours: going on from there`, {
    cluster: row.uid,
  });
  if (!row.assignment) {
    draft.put(raised);
    return;
  }
  const again = draft.assigned(raised, row.assignment);
  const wave = draft.running?.id === row.rollout ? draft.running.waves[row.wave] : undefined;
  if (!wave || (row.state !== 'assigned' && row.state !== 'progressing')) {
    draft.put(again);
    return;
  }
  const dueAt = draft.active + wave.ackTimeoutMs;
  draft.wakeBy(dueAt);
  draft.put({ ...moved(again, 'assigned'), dueAt });
}
