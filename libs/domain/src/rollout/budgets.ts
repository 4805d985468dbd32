import type { StoredHoldCode } from '../hold.js';
import type { Draft } from './draft.js';
import type { WaveProgress } from './model.js';
import { hasEvidence, isOpened, openDeferrals, openFailures } from './wave-counters.js';

/** Holds the rollout where an opened wave is over a budget; with onFailure `rollback`, failures take the release back. */
export function judgeBudgets(draft: Draft): void {
  const rollout = draft.running;
  if (!rollout) return;
  const failed = overFailures(rollout.waves);
  const unreachable = overUnreachable(rollout.waves);
  if (failed) {
    draft.addHold('failures', failuresText(failed));
    takeBackIfAsked(draft, failuresText(failed));
  }
  if (unreachable) draft.addHold('unreachable', unreachableText(unreachable));
}

/** With onFailure `rollback` the next tick takes the release back. */
export function takeBackIfAsked(draft: Draft, why: string): void {
  const { running } = draft;
  if (running?.kind !== 'forward' || running.strategy.onFailure !== 'rollback' || running.takeBack) return;
  draft.setRollout({ ...running, takeBack: true });
  draft.note('takingBack', `${why}; the strategy says onFailure: rollback`);
  draft.wakeNow();
}

export function overFailures(waves: readonly WaveProgress[]): WaveProgress | undefined {
  return waves.find((wave) => openFailures(wave) > wave.maxFailures);
}

export function overUnreachable(waves: readonly WaveProgress[]): WaveProgress | undefined {
  return waves.find((wave) => openDeferrals(wave) > wave.maxUnreachable);
}

/** A settled wave with targets, none of which passed. */
export function lacksEvidence(wave: WaveProgress | undefined): boolean {
  return wave !== undefined && isOpened(wave) && wave.counts.failed + wave.counts.deferred > 0 && !hasEvidence(wave);
}

/** Holds of the given codes whose condition is gone are dropped. */
export function dropMendedHolds(draft: Draft, codes: readonly StoredHoldCode[]): void {
  const rollout = draft.running;
  if (!rollout) return;
  const current = rollout.waves[rollout.wave];
  const mended = codes.filter((code) => {
    if (code === 'failures') return !overFailures(rollout.waves);
    if (code === 'unreachable') return !overUnreachable(rollout.waves);
    if (code !== 'noEvidence') return false;
    // Somebody passed, or is on the way to it, or waits for a turn.
    return !lacksEvidence(current) || (current !== undefined && unsettledCount(current) > 0);
  });
  if (!rollout.holds.some(({ code }) => mended.includes(code))) return;
  draft.dropHolds(mended);
  draft.wakeNow();
}

function unsettledCount({ counts }: WaveProgress): number {
  return counts.pending + counts.assigned + counts.progressing;
}

export function failuresText(wave: WaveProgress): string {
  const count = openFailures(wave);
  return `${count} ${count === 1 ? 'cluster' : 'clusters'} failed in wave ${wave.name}, ${wave.maxFailures} may`;
}

export function unreachableText(wave: WaveProgress): string {
  const count = openDeferrals(wave);
  return `${count} ${count === 1 ? 'cluster' : 'clusters'} of wave ${wave.name} cannot be reached, ${wave.maxUnreachable} may`;
}

export function noEvidenceText(wave: WaveProgress): string {
  return `no cluster of wave ${wave.name} passed: ${wave.counts.failed} failed, ${wave.counts.deferred} put off`;
}
