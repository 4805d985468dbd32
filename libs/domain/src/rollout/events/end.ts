import type { Draft } from '../draft.js';
import type { Rollout, RolloutState } from '../model.js';
import { hasEvidence } from '../wave-counters.js';

/** How many earlier baselines are kept. */
const BASELINES = 20;

/** All waves are done and nothing is under way. */
export function endRollout(draft: Draft): void {
  const rollout = draft.running;
  if (!rollout) return;
  const hasExceptions = rollout.waves.some(({ counts }) => counts.failed + counts.deferred + counts.skipped > 0);
  const state = hasExceptions ? 'succeededWithExceptions' : 'succeeded';
  draft.note(state, `rollout ${rollout.id} of release ${rollout.release} ended: ${state}`);
  if (rollout.kind === 'forward' && rollout.waves.some(hasEvidence)) raiseBaseline(draft, rollout.release);
  close(draft, state);
  if (draft.header.leaving.length > 0) draft.wakeNow();
}

/** Ends the rollout in this state; its rows stay as they are, for the archive. */
export function close(draft: Draft, state: RolloutState, endedBy?: string): void {
  const { rollout } = draft.header;
  if (!rollout) return;
  const { takeBack: _1, hard: _2, ...rest } = rollout;
  const final: Rollout = {
    ...rest,
    state,
    endedAt: rollout.endedAt ?? draft.now,
    ...(endedBy !== undefined && { endedBy }),
  };
  draft.setRollout(final);
  draft.set({ wakeAt: null });
  draft.adjustClock();
  draft.effect({ type: 'ended', rollout: final.id, final });
}

function raiseBaseline(draft: Draft, release: number): void {
  const { baseline, earlierBaselines } = draft.header;
  if (baseline === release) return;
  const earlier = baseline === null ? earlierBaselines : [...earlierBaselines, baseline].slice(-BASELINES);
  draft.set({ baseline: release, earlierBaselines: earlier });
}
