import { judgeBudgets } from '../budgets.js';
import type { Draft } from '../draft.js';
import { mayAssign, underRules } from '../may-assign.js';
import type { Assignment, LoadedRow, TargetRow, WaveProgress } from '../model.js';
import { isLive, isSteady, moved } from '../row-moves.js';
import { freeSlots } from '../wave-counters.js';
import { isHeld, keptByHold, putOff } from './cluster-hold.js';
import { unhalted } from './halt.js';

const MAX_NAMES = 5;

/** Gives the pending rows that were loaded their turn, as far as their waves' slots go. Tells whether any of them moved. */
export function assignPending(draft: Draft, rows: readonly LoadedRow[]): boolean {
  const candidates = rows
    .filter(({ row }) => isCandidate(draft, draft.row(row.uid)))
    .sort((a, b) => turn(a.row) - turn(b.row) || a.row.wave - b.row.wave || a.row.position - b.row.position);
  let moves = 0;
  for (const { row } of candidates) {
    const settled = withoutSlot(draft, draft.row(row.uid) ?? row);
    if (settled === null) continue;
    draft.put(settled);
    moves += 1;
  }
  // Deferrals count at once: the wave that they put over its budget assigns nothing more.
  judgeBudgets(draft);
  if ((draft.running?.holds.length ?? 0) > 0) return moves > 0;

  const names = new Map<number, string[]>();
  for (const { row: loaded } of candidates) {
    const row = draft.row(loaded.uid) ?? loaded;
    const wave = draft.running?.waves[row.wave];
    if (!wave || row.state !== 'pending') continue;
    // A carried one is counted already: its slot is its own. Held it goes on with what it has, and stays in flight until then.
    const isKept = !draft.isOnline(row.uid) || (isHeld(draft, row.uid) && draft.rules.heldAlsoInFlight);
    if (row.carried ? isKept : freeSlots(wave) <= 0) continue;
    draft.put(begin(draft, row, wave));
    moves += 1;
    names.set(row.wave, [...(names.get(row.wave) ?? []), row.name]);
  }
  for (const [index, list] of names) noteAssigned(draft, index, list);
  return moves > 0;
}

function isCandidate(draft: Draft, row: TargetRow | undefined): row is TargetRow {
  if (!row || row.state !== 'pending' || row.rollout !== draft.running?.id) return false;
  const freeze = draft.rules.freezeStopsAssigning ? draft.freeze : null;
  return mayAssign(underRules(draft.running, draft.rules), row, draft.now, freeze);
}

/** In flight already, retried or back, then the others. */
function turn(row: TargetRow): number {
  if (row.carried) return 0;
  return row.requeued ? 1 : 2;
}

/** What needs no slot: who is away is deferred, who runs these very bytes and is healthy is done. Null: it needs one. */
function withoutSlot(draft: Draft, row: TargetRow): TargetRow | null {
  const wave = draft.running?.waves[row.wave];
  if (!draft.isOnline(row.uid)) {
    // In flight it stays until its time is up, whether it is heard of or not.
    if (row.carried) return null;
    // Retried, and dark since it acknowledged this release: absence is no excuse for what the release may have done.
    if (isLive(row) && row.acked && draft.rules.lostIsFailed) {
      draft.note('lost', `${row.name} acknowledged and is offline`, { cluster: row.uid });
      return moved(row, 'failed', { reason: 'lost', message: 'it acknowledged and is offline' });
    }
    const kept = isHeld(draft, row.uid) ? byHold(draft, row) : null;
    if (kept) return kept;
    draft.note('deferred', `${row.name} is offline`, { cluster: row.uid });
    const deferred = moved(row, 'deferred', { reason: 'unreachable', message: 'it is offline' });
    // Taking back is the one thing that is written for who is away: else it would come back with what was taken back.
    return draft.running?.kind === 'rollback' ? withAssignment(draft, deferred, wave) : deferred;
  }
  return provenAlready(draft, row, wave) ?? (isHeld(draft, row.uid) ? byHold(draft, row) : null);
}

/** It runs what it should and says so: only the pointer moves, which needs neither slot nor anybody's leave. */
function provenAlready(draft: Draft, row: TargetRow, wave: WaveProgress | undefined): TargetRow | null {
  const { desired, assignment } = row;
  if (typeof desired !== 'object' || !assignment || assignment.release === null) return null;
  const isSame =
    assignment.digest === desired.digest &&
    assignment.overlay === desired.overlay &&
    assignment.terms === desired.terms;
  if (!isSame || !isSteady(row, wave?.healthyForMs ?? 0)) return null;
  const { deletionsAccepted: _1, takesBack: _2, ...kept } = assignment;
  const pointer: Assignment = { ...kept, release: desired.release, rollout: row.rollout };
  const state = isLive(row) ? 'passed' : 'unchanged';
  draft.wakeNow();
  return unhalted(draft, { ...moved(row, state), assignment: pointer, lastPassed: desired });
}

/** A person holds it. Null: it is in flight, or nothing of what is taken back has reached it. */
function byHold(draft: Draft, row: TargetRow): TargetRow | null {
  if (row.carried) return null;
  const isRollback = draft.running?.kind === 'rollback';
  if (isRollback && !row.acked) return null;
  const kept = isRollback ? keptByHold(row) : putOff(row);
  draft.note('clusterHeld', `${row.name}: ${kept.message ?? 'held'}`, { cluster: row.uid });
  return kept;
}

function begin(draft: Draft, row: TargetRow, wave: WaveProgress): TargetRow {
  const dueAt = draft.active + wave.ackTimeoutMs;
  return { ...withAssignment(draft, moved(row, 'assigned'), wave), dueAt };
}

/** The row with what its rollout wants of it; unacknowledged. */
export function withAssignment(draft: Draft, row: TargetRow, wave: WaveProgress | undefined): TargetRow {
  const { desired, rollout } = row;
  if (desired === 'keep') return row;
  const healthyForMs = desired === 'withdraw' ? 0 : (wave?.healthyForMs ?? 0);
  const what = desired === 'withdraw' ? { release: null, overlay: '', digest: '' } : desired;
  return draft.assigned(row, { ...what, healthyForMs, rollout, ...exemptions(draft, row) });
}

/** What the agent may delete without asking: what a person accepted, or what the release that is taken back had added. */
function exemptions(
  { running }: Draft,
  { assignment }: TargetRow,
): Pick<Assignment, 'deletionsAccepted' | 'takesBack'> {
  if (running?.kind === 'rollback') {
    const takesBack =
      assignment?.release === running.release
        ? { release: running.release, digest: assignment.digest }
        : assignment?.takesBack;
    return takesBack ? { takesBack } : {};
  }
  return running?.deletionsAccepted ? { deletionsAccepted: true } : {};
}

function noteAssigned(draft: Draft, index: number, names: readonly string[]): void {
  const wave = draft.running?.waves[index]?.name ?? '';
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  draft.note('assigned', `assigned in wave ${wave}: ${names.slice(0, MAX_NAMES).join(', ')}${more}`);
}
