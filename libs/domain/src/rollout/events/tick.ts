import { judgeBudgets } from '../budgets.js';
import type { Draft } from '../draft.js';
import { assignableWave, isFrozen, isInWindow, nextZoneOpening } from '../may-assign.js';
import type { Freeze, LoadedRow, TargetRow } from '../model.js';
import { TICK_PAGE } from '../need.js';
import { moved } from '../row-moves.js';
import { inFlight, isOpened } from '../wave-counters.js';
import { advanceWaves, soaking } from './advance-waves.js';
import { assignPending } from './assign.js';
import { tendGates } from './gates.js';
import { withdrawLeaving } from './removed.js';
import { takeBack } from './rollback.js';

/** How soon a tick looks again for the heartbeat that it asked a silent cluster for. */
const PROBE_INTERVAL_MS = 10_000;
/** How often a freeze without an end is looked at, should nobody say that it is over. */
const FREEZE_INTERVAL_MS = 60_000;

/** Whatever time alone brings about: deadlines, waves, gates, soaks, new assignments, the end. */
export function tick(draft: Draft, rows: readonly LoadedRow[], freeze: Freeze | null): void {
  draft.set({ wakeAt: null });
  draft.freeze = freeze;
  if (!draft.running) {
    tickIdle(draft);
    return;
  }
  if (draft.running.takeBack) {
    takeBack(draft, { actor: 'system', reason: takeBackReason(draft) });
    return;
  }
  // As `need` saw it, before anything moves.
  const looked = assignableWave(draft.running, draft.now, freeze);
  // A deadline that fires is new to the budgets; nothing is assigned and no wave moves before they are judged.
  const due = fireDeadlines(draft, rows);
  judgeBudgets(draft);
  if (isHeld(draft)) return;
  advanceWaves(draft, rows);
  if (isHeld(draft) || !draft.running) return;
  const progress = assignPending(draft, rows);
  if (isHeld(draft)) return;
  if (looked !== null) noteClosed(draft, rows, looked);
  if (progress) advanceWaves(draft, rows);
  if (isHeld(draft) || !draft.running) return;
  scheduleNext(draft, rows, { isPageFull: due === TICK_PAGE, progress: progress || due > 0 });
}

/** Nothing is taken away from anybody during a freeze, not even from those who left. */
function tickIdle(draft: Draft): void {
  const { freeze, now } = draft;
  if (!isFrozen('forward', freeze, now)) withdrawLeaving(draft);
  else if (draft.header.leaving.length > 0) draft.wakeOn(freeze.until ?? now + FREEZE_INTERVAL_MS);
}

function takeBackReason(draft: Draft): string {
  const isGate = draft.hasHold('gate') && !draft.hasHold('failures');
  return `${isGate ? 'a gate said no' : 'too many clusters failed'}, and the strategy says onFailure: rollback`;
}

function isHeld(draft: Draft): boolean {
  return (draft.running?.holds.length ?? 0) > 0;
}

function fireDeadlines(draft: Draft, rows: readonly LoadedRow[]): number {
  const { active } = draft;
  let count = 0;
  for (const { row, online } of rows) {
    if (row.rollout !== draft.running?.id || row.dueAt === null || row.dueAt > active) continue;
    count += 1;
    draft.put(overdue(draft, row, online));
  }
  return count;
}

function overdue(draft: Draft, row: TargetRow, online: boolean): TargetRow {
  const name = { cluster: row.uid };
  switch (row.state) {
    case 'assigned':
      draft.note('deferred', `${row.name} did not acknowledge in time`, name);
      return moved(row, 'deferred', { reason: 'unreachable', message: 'it did not acknowledge in time' });
    case 'progressing': {
      // The naive form: time alone passes a target.
      if (!draft.rules.onlyReportsPass) return moved(row, 'passed');
      if (online) {
        draft.note('failed', `${row.name} was not healthy for long enough within its deadline`, name);
        return moved(row, 'failed', {
          reason: 'deadline',
          message: row.message ?? 'it was not healthy for long enough within its deadline',
        });
      }
      draft.note('lost', `${row.name} acknowledged and was not heard of again`, name);
      if (!draft.rules.lostIsFailed) return moved(row, 'deferred', { reason: 'unreachable' });
      return moved(row, 'failed', { reason: 'lost', message: 'it acknowledged and was not heard of again' });
    }
    case 'passed':
    case 'unchanged':
      draft.note('regressed', `${row.name} passed and failed afterwards`, name);
      restartSoak(draft, row.wave);
      return moved(row, 'failed', {
        reason: 'regressed',
        message: row.message ?? 'it passed and failed afterwards',
      });
    case 'pending':
      // Carried over from a superseded rollout: its time is up, its turn here comes.
      return moved(row, 'pending');
    case 'failed':
    case 'deferred':
    case 'skipped':
    case 'removed':
      return { ...row, dueAt: null };
  }
}

function restartSoak(draft: Draft, index: number): void {
  const wave = draft.running?.waves[index];
  if (wave?.phase === 'soaking') draft.setWave(index, soaking(draft, wave));
}

/** The wave was looked at, and its windows are closed for all that are pending: until one opens, others have their turn. */
function noteClosed(draft: Draft, rows: readonly LoadedRow[], index: number): void {
  const wave = draft.running?.waves[index];
  if (!wave?.windows || wave.counts.pending === 0) return;
  // One page may not be all of them: only a page without any tells that there is none.
  for (const { row } of rows) {
    if (row.rollout !== draft.running?.id || row.wave !== index || row.state !== 'pending') continue;
    if (isInWindow(wave, row.zone, draft.now)) return;
  }
  const next = nextZoneOpening(wave, draft.now);
  if (next !== null) draft.setWave(index, { ...wave, closedUntil: next.at });
}

/** When the next tick is due: at once, at the next deadline, at the soak's end, when a window or gate may open. */
function scheduleNext(
  draft: Draft,
  rows: readonly LoadedRow[],
  page: { readonly isPageFull: boolean; readonly progress: boolean },
): void {
  const rollout = draft.running;
  if (!rollout) return;
  if (page.isPageFull) draft.wakeNow();
  for (const { dueAt, rollout: id } of draft.rows()) {
    if (id === rollout.id && dueAt !== null) draft.wakeBy(dueAt);
  }
  const wave = rollout.waves[rollout.wave];
  if (wave?.phase === 'soaking') {
    const isOverdue = (wave.soakUntil ?? 0) <= draft.active;
    draft.wakeBy(isOverdue ? draft.active + PROBE_INTERVAL_MS : (wave.soakUntil ?? 0));
  }
  tendGates(draft);
  wakeForFreezeAndWindows(draft);
  if (assignableWave(rollout, draft.now, draft.freeze) !== null) {
    // Counters that promise rows which the store does not have must not become a busy loop.
    if (page.progress) draft.wakeNow();
    else draft.wakeBy(draft.active + PROBE_INTERVAL_MS);
  }
  // Whoever is in flight has a deadline; should a store not show it, look again rather than never.
  if (draft.header.wakeAt === null && rollout.waves.some((each) => inFlight(each) > 0)) {
    draft.wakeBy(draft.active + PROBE_INTERVAL_MS);
  }
}

function wakeForFreezeAndWindows(draft: Draft): void {
  const { running, freeze, now } = draft;
  if (!running) return;
  if (isFrozen(running.kind, freeze, now)) {
    draft.wakeOn(freeze.until ?? now + FREEZE_INTERVAL_MS);
    return;
  }
  running.waves.slice(0, running.wave + 1).forEach((wave) => {
    if (!isOpened(wave) || wave.counts.pending === 0) return;
    const next = nextZoneOpening(wave, now);
    if (next !== null) draft.wakeOn(next.at);
  });
}
