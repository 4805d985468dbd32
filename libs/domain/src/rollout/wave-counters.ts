import type { ResolvedWave, TargetRow, TargetState, WaveProgress } from './model.js';

export const NONE: Readonly<Record<TargetState, number>> = {
  pending: 0,
  assigned: 0,
  progressing: 0,
  passed: 0,
  failed: 0,
  deferred: 0,
  unchanged: 0,
  skipped: 0,
  removed: 0,
};

/** A wave that nothing has happened in. */
export function newWave(wave: ResolvedWave, digest: string): WaveProgress {
  const accepted = { failed: 0, deferred: 0 };
  return { ...wave, digest, phase: 'pending', counts: NONE, carried: 0, suspects: 0, unsteady: 0, accepted };
}

/** The wave's counters with a row taken in (+1) or out (-1). */
export function countRow(wave: WaveProgress, row: TargetRow, by: 1 | -1): WaveProgress {
  const { state } = row;
  const counted = { ...wave, counts: { ...wave.counts, [state]: wave.counts[state] + by } };
  const isSuspect = isPassing(state) && row.failedSince !== undefined;
  const isShaky = isUnsteady(row);
  if (!row.carried && !isSuspect && !isShaky && !row.accepted) return counted;
  return {
    ...counted,
    carried: wave.carried + (row.carried ? by : 0),
    suspects: wave.suspects + (isSuspect ? by : 0),
    unsteady: wave.unsteady + (isShaky ? by : 0),
    accepted: {
      failed: wave.accepted.failed + (row.accepted && state === 'failed' ? by : 0),
      deferred: wave.accepted.deferred + (row.accepted && state === 'deferred' ? by : 0),
    },
  };
}

/** Passed, and neither failed nor healthy by its agent's last word. */
export function isUnsteady({ state, report }: Pick<TargetRow, 'state' | 'report'>): boolean {
  return isPassing(state) && report?.phase === 'progressing';
}

export function isPassing(state: TargetState): boolean {
  return state === 'passed' || state === 'unchanged';
}

/** Clusters that change right now, on whosever assignment. */
export function inFlight(wave: WaveProgress): number {
  return wave.counts.assigned + wave.counts.progressing + wave.carried;
}

/** Slots for new assignments; negative where returning clusters went over the cap. */
export function freeSlots(wave: WaveProgress): number {
  return wave.maxConcurrency - inFlight(wave);
}

/** Nothing waits for its turn and nothing is under way. */
export function isSettled(wave: WaveProgress): boolean {
  return wave.counts.pending === 0 && inFlight(wave) === 0;
}

/** Failed targets that nobody acknowledged. */
export function openFailures(wave: WaveProgress): number {
  return wave.counts.failed - wave.accepted.failed;
}

/** Deferred targets that nobody acknowledged. */
export function openDeferrals(wave: WaveProgress): number {
  return wave.counts.deferred - wave.accepted.deferred;
}

/** Somebody's health speaks for the release. */
export function hasEvidence(wave: WaveProgress): boolean {
  return wave.counts.passed + wave.counts.unchanged > 0;
}

/** The wave has nobody left whom it could ask. */
export function isEmptied(wave: WaveProgress): boolean {
  return wave.counts.skipped + wave.counts.removed === wave.total;
}

/** Its clusters may have their turn, or had it. */
/**
 * Somebody of a wave is under way (again) or says failed: no later wave opens before it is known what becomes of them. Whoever
 * waits for a window keeps nobody waiting.
 */
export function keepsLaterClosed(wave: WaveProgress): boolean {
  const isWaiting = wave.counts.pending > 0 && wave.windows === undefined;
  return inFlight(wave) > 0 || wave.suspects > 0 || isWaiting;
}

export function isOpened({ phase }: Pick<WaveProgress, 'phase'>): boolean {
  return phase !== 'pending' && phase !== 'gateBefore';
}
