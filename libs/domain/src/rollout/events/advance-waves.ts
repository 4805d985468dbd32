import { judgeBudgets, noEvidenceText } from '../budgets.js';
import type { Draft } from '../draft.js';
import { gatesOf } from '../gate-state.js';
import { isFrozen } from '../may-assign.js';
import type { LoadedRow, WaveProgress } from '../model.js';
import { TICK_PAGE } from '../need.js';
import { moved } from '../row-moves.js';
import { hasEvidence, isEmptied, isPassing, isSettled, keepsLaterClosed } from '../wave-counters.js';
import { endRollout } from './end.js';
import { goThroughGates, leaveGates, lookAtGates, waitAtGates } from './gates.js';

/** Opens, soaks, ends waves for as long as something moves; ends the rollout after the last. */
export function advanceWaves(draft: Draft, rows: readonly LoadedRow[]): void {
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
  // Nobody is left to wait for: neither gates nor a soak have anything to say.
  if (isSettled(wave) && (isEmptied(wave) || wave.givenUp)) return givenUp(draft, wave);
  switch (wave.phase) {
    case 'pending':
      return gatesOf(wave, 'before').length > 0 ? waitAtGates(draft, wave, 'before') : opened(draft, wave, index);
    case 'gateBefore':
      return throughGates(draft, wave, index, 'before')
        ? opened(draft, draft.running?.waves[index] ?? wave, index)
        : null;
    case 'progressing':
    case 'soaking':
    case 'gateAfter':
      return isSettled(wave) ? towardsDone(draft, wave, index, rows) : backToWork(wave);
    case 'done':
    case 'skipped':
      return null;
  }
}

function givenUp(draft: Draft, wave: WaveProgress): WaveProgress {
  if (hasEvidence(wave)) return done(draft, wave);
  draft.note('waveSkipped', `wave ${wave.name} ${wave.givenUp ? 'was given up' : 'has no cluster left'}`);
  return { ...wave, phase: 'skipped', doneAt: draft.now };
}

function opened(draft: Draft, wave: WaveProgress, index: number): WaveProgress | null {
  if (!mayOpen(draft, index)) return null;
  draft.note('waveOpened', `wave ${wave.name} opened: ${wave.total} clusters`);
  draft.wakeNow();
  return { ...wave, phase: 'progressing', openedAt: draft.now };
}

/**
 * No freeze is in force, and no earlier wave keeps this one closed. Those waves stay done; but what became of them while this one
 * waited, for a gate or a freeze, is seen before it opens.
 */
function mayOpen({ running, freeze, now }: Draft, index: number): boolean {
  if (!running || isFrozen(running.kind, freeze, now)) return false;
  return !running.waves.slice(0, index).some(keepsLaterClosed);
}

/** Somebody was retried or came back: all of them soak together, and ask their gates, once they have passed. */
function backToWork(wave: WaveProgress): WaveProgress | null {
  if (wave.phase === 'soaking') return { ...wave, phase: 'progressing' };
  return wave.phase === 'gateAfter' ? { ...leaveGates(wave), phase: 'progressing' } : null;
}

/** Nobody is under way: evidence, then the soak, then the gates. */
function towardsDone(draft: Draft, wave: WaveProgress, index: number, rows: readonly LoadedRow[]): WaveProgress | null {
  const { phase } = wave;
  const mayBeEmpty = draft.running?.kind === 'catchUp' && wave.counts.failed === 0;
  if (!hasEvidence(wave) && !mayBeEmpty) {
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
    const heard = draft.running?.waves[index] ?? wave;
    if (!hasEvidence(heard)) return advanced(draft, heard, index, []);
    // Not failed, and not healthy either: no soak ends well on that, until a person says so.
    const isWaiting = heard.unsteady > 0 && draft.rules.soakWaitsForUnsteady;
    if (isWaiting && heard.soakEndedBy === undefined) return null;
  }
  const present = draft.running?.waves[index] ?? wave;
  if (phase !== 'gateAfter' && gatesOf(present, 'after').length > 0) return waitAtGates(draft, present, 'after');
  if (phase === 'gateAfter' && !throughGates(draft, present, index, 'after')) return null;
  return done(draft, draft.running?.waves[index] ?? present);
}

/** Whether all gates of this side are open; what was seen of them is kept either way. */
function throughGates(draft: Draft, wave: WaveProgress, index: number, when: 'before' | 'after'): boolean {
  const looked = lookAtGates(draft, wave, when);
  // Open while it may not open is not gone through: a schedule may close again before that.
  const isThrough = looked.isOpen && (when === 'after' || mayOpen(draft, index));
  draft.setWave(index, isThrough ? goThroughGates(draft, looked.wave, when) : looked.wave);
  return isThrough;
}

function done(draft: Draft, wave: WaveProgress): WaveProgress {
  draft.note('waveDone', waveDoneText(wave));
  return { ...wave, phase: 'done', doneAt: draft.now };
}

/** A soak from now on, whoever ended an earlier one early. */
export function soaking(draft: Draft, wave: WaveProgress): WaveProgress {
  const { soakEndedBy: _, ...rest } = wave;
  return { ...rest, phase: 'soaking', soakSince: draft.now, soakUntil: draft.active + wave.soakMs };
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
  return asked > 0 || silent >= TICK_PAGE || (draft.running?.holds.length ?? 0) > 0;
}

function waveDoneText({ name, counts }: WaveProgress): string {
  const others = (['failed', 'deferred', 'skipped', 'removed'] as const)
    .filter((state) => counts[state] > 0)
    .map((state) => `, ${counts[state]} ${state}`);
  return `wave ${name} is done: ${counts.passed + counts.unchanged} passed${others.join('')}`;
}
