import type { Draft } from '../draft.js';
import { gatesOf, isGateOpen, isOfType, sideOf, withGate } from '../gate-state.js';
import type { Rollout, RolloutEvent, WaveProgress } from '../model.js';
import { inFlight } from '../wave-counters.js';
import { actOf } from './act.js';
import { gateName } from './gates.js';
import { notRunning } from './named-rows.js';
import type { Refusal } from './refusal.js';

type PromoteEvent = Extract<RolloutEvent, { type: 'promote' }>;

/**
 * Ends the present soak now, also with clusters whose last word is progressing (suspects and the silent count all the same); or
 * opens the schedule gates that the present wave waits at.
 */
export function promote(draft: Draft, event: PromoteEvent): Refusal | null {
  const { running } = draft;
  if (!running) return notRunning(draft.header.rollout);
  const wave = running.waves[running.wave];
  if (wave?.phase === 'soaking') {
    endSoak(draft, running.wave, wave, event);
    return null;
  }
  const when = wave && sideOf(wave.phase);
  const shut = wave && when ? gatesOf(wave, when).filter((gate) => !isGateOpen(wave, gate, draft.now)) : [];
  const schedules = shut.filter(isOfType('schedule'));
  if (!wave || schedules.length === 0) {
    return {
      code: 'nothing-to-promote',
      message: `there is no soak and no schedule gate to end early: ${waitText(draft, running)}`,
    };
  }
  const opened = schedules.reduce(
    (each, { progress }) => withGate(each, { ...progress, state: 'open', openedAt: draft.now, openedBy: event.actor }),
    wave,
  );
  draft.setWave(running.wave, opened);
  draft.note('promoted', `${schedules.map(gateName).join(', ')} of wave ${wave.name} opened early`, actOf(event));
  draft.wakeNow();
  return null;
}

function endSoak(draft: Draft, index: number, wave: WaveProgress, event: PromoteEvent): void {
  // Said twice is said once.
  if (wave.soakEndedBy !== undefined && (wave.soakUntil ?? 0) <= draft.active) return;
  const soakUntil = Math.min(wave.soakUntil ?? draft.active, draft.active);
  draft.setWave(index, { ...wave, soakUntil, soakEndedBy: event.actor });
  draft.note('promoted', `the soak of wave ${wave.name} is ended early`, actOf(event));
  draft.wakeNow();
}

function waitText({ header, now }: Draft, running: Rollout): string {
  const { holds } = running;
  if (holds.length > 0) return `rollout ${running.id} is paused: ${holds.map(({ message }) => message).join('; ')}`;
  const wave = running.waves[running.wave];
  if (!wave) return 'all of its waves are over';
  const when = sideOf(wave.phase);
  if (when) {
    const shut = gatesOf(wave, when).filter((gate) => !isGateOpen(wave, gate, now));
    const hint = shut.some(isOfType('approval')) ? ` (flotilla rollout approve ${header.application})` : '';
    return `wave ${wave.name} waits for ${shut.map(gateName).join(', ')}${hint}`;
  }
  const left = inFlight(wave) + wave.counts.pending - wave.carried;
  return `wave ${wave.name} is ${wave.phase}, ${left} of its clusters have not settled yet`;
}
