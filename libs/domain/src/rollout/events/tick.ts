import { judgeBudgets, noEvidenceText } from '../budgets.js';
import type { Draft } from '../draft.js';
import type { LoadedRow, TargetRow, WaveProgress } from '../model.js';
import { TICK_PAGE } from '../need.js';
import { moved } from '../row-moves.js';
import { assignableWave, hasEvidence, inFlight, isEmptied, isPassing, isSettled } from '../wave-counters.js';
import { assignPending } from './assign.js';
import { endRollout } from './end.js';
import { withdrawLeaving } from './removed.js';
import { takeBack } from './rollback.js';

/** How soon a tick looks again for the heartbeat that it asked a silent cluster for. */
const PROBE_INTERVAL_MS = 10_000;

/** Whatever time alone brings about: deadlines, waves, soaks, new assignments, the end. */
export function tick(draft: Draft, rows: readonly LoadedRow[]): void {
  draft.set({ wakeAt: null });
  if (!draft.running) {
    withdrawLeaving(draft);
    return;
  }
  if (draft.running.takeBack) {
    takeBack(draft, { actor: 'system', reason: 'too many clusters failed, and the strategy says onFailure: rollback' });
    return;
  }
  // A deadline that fires is new to the budgets; nothing is assigned and no wave moves before they are judged.
  const due = fireDeadlines(draft, rows);
  judgeBudgets(draft);
  if (isHeld(draft)) return;
  advanceWaves(draft, rows);
  if (isHeld(draft) || !draft.running) return;
  const progress = assignPending(draft, rows);
  if (isHeld(draft)) return;
  if (progress) advanceWaves(draft, rows);
  if (isHeld(draft) || !draft.running) return;
  scheduleNext(draft, rows, { isPageFull: due === TICK_PAGE, progress: progress || due > 0 });
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

function soaking(draft: Draft, wave: WaveProgress): WaveProgress {
  return { ...wave, phase: 'soaking', soakSince: draft.now, soakUntil: draft.active + wave.soakMs };
}

/** Opens, soaks, ends waves for as long as something moves; ends the rollout after the last. */
function advanceWaves(draft: Draft, rows: readonly LoadedRow[]): void {
  for (;;) {
    const rollout = draft.running;
    if (!rollout || rollout.holds.length > 0) return;
    const index = rollout.wave;
    const wave = rollout.waves[index];
    if (!wave) {
      if (isOver(rollout.waves)) endRollout(draft);
      return;
    }
    const next = advanced(draft, wave, index, rows);
    if (next === null) return;
    draft.setWave(index, next);
    if (next.phase === 'done' || next.phase === 'skipped') {
      const { rollout: present } = draft.header;
      if (present) draft.setRollout({ ...present, wave: index + 1 });
      draft.wakeNow();
    }
  }
}

/** Retried and returned clusters of waves that are done may still be under way. */
function isOver(waves: readonly WaveProgress[]): boolean {
  return waves.every((wave) => isSettled(wave) && wave.suspects === 0);
}

/** The wave one move on; null: it has to wait. */
function advanced(draft: Draft, wave: WaveProgress, index: number, rows: readonly LoadedRow[]): WaveProgress | null {
  const { phase } = wave;
  if (phase === 'pending') {
    draft.note('waveOpened', `wave ${wave.name} opened: ${wave.total} clusters`);
    draft.wakeNow();
    return { ...wave, phase: 'progressing', openedAt: draft.now };
  }
  if (phase === 'done' || phase === 'skipped') return null;
  if (!isSettled(wave)) {
    // Somebody was retried or came back: all of them soak together, once they have passed.
    return phase === 'soaking' ? { ...wave, phase: 'progressing' } : null;
  }
  if (isEmptied(wave)) {
    draft.note('waveSkipped', `wave ${wave.name} has no cluster left`);
    return { ...wave, phase: 'skipped', doneAt: draft.now };
  }
  if (!hasEvidence(wave) && !(draft.running?.kind === 'catchUp' && wave.counts.failed === 0)) {
    draft.addHold('noEvidence', noEvidenceText(wave));
    return null;
  }
  if (phase === 'progressing' && wave.soakMs > 0 && hasEvidence(wave)) {
    draft.note('waveSoaking', `all of wave ${wave.name} passed: soaking`);
    return soaking(draft, wave);
  }
  if (wave.suspects > 0) return null;
  if (phase === 'soaking') {
    if ((wave.soakUntil ?? 0) > draft.active || lookForSilent(draft, wave, index, rows)) return null;
    const present = draft.running?.waves[index];
    if (present && !hasEvidence(present)) return advanced(draft, present, index, []);
  }
  const present = draft.running?.waves[index] ?? wave;
  draft.note('waveDone', waveDoneText(present));
  return { ...present, phase: 'done', doneAt: draft.now };
}

/**
 * A soak ends only with a sign of life of everybody since it began: the silent are asked while they seem to be there, and lost
 * once they are known to be away. Tells whether it has to wait.
 */
function lookForSilent(draft: Draft, wave: WaveProgress, index: number, rows: readonly LoadedRow[]): boolean {
  const since = wave.soakSince ?? 0;
  let silent = 0;
  let asked = 0;
  for (const { row: loaded, online, seenAt } of rows) {
    const row = draft.row(loaded.uid) ?? loaded;
    if (row.rollout !== draft.running?.id || row.wave !== index || !isPassing(row.state)) continue;
    if (seenAt !== null && seenAt >= since) continue;
    silent += 1;
    if (online) {
      asked += 1;
      draft.effect({ type: 'probe', cluster: row.uid });
    } else {
      draft.note('lost', `${row.name} was not heard of during the soak`, { cluster: row.uid });
      draft.put(moved(row, 'failed', { reason: 'lost', message: 'it was not heard of during the soak' }));
    }
  }
  if (asked < silent) {
    judgeBudgets(draft);
    draft.wakeNow();
  }
  return asked > 0 || silent >= TICK_PAGE || isHeld(draft);
}

function waveDoneText({ name, counts }: WaveProgress): string {
  const others = (['failed', 'deferred', 'skipped', 'removed'] as const)
    .filter((state) => counts[state] > 0)
    .map((state) => `, ${counts[state]} ${state}`);
  return `wave ${name} is done: ${counts.passed + counts.unchanged} passed${others.join('')}`;
}

/** When the next tick is due: at once, at the next deadline, at the soak's end. */
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
  if (assignableWave(rollout.waves, rollout.wave) !== null) {
    // Counters that promise rows which the store does not have must not become a busy loop.
    if (page.progress) draft.wakeNow();
    else draft.wakeBy(draft.active + PROBE_INTERVAL_MS);
  }
  // Whoever is in flight has a deadline; should a store not show it, look again rather than never.
  if (draft.header.wakeAt === null && rollout.waves.some((each) => inFlight(each) > 0)) {
    draft.wakeBy(draft.active + PROBE_INTERVAL_MS);
  }
}
