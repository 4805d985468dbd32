import { takeBackIfAsked } from '../budgets.js';
import type { Draft } from '../draft.js';
import {
  gatesOf,
  isGateOpen,
  scheduleOpening,
  sideOf,
  validApprovals,
  withGate,
  type Gate,
  type Side,
} from '../gate-state.js';
import type { GateProgress, Millis, RolloutEvent, WaveProgress } from '../model.js';
import type { GateSpec } from '../strategy.js';

type GateAnswer = Extract<RolloutEvent, { type: 'gateAnswer' }>;

/** However short an interval is declared, nobody is asked more often. */
const MIN_INTERVAL_MS = 1000;

/** The wave waits at the gates of this side from now on: each of them is asked at once. */
export function waitAtGates(draft: Draft, wave: WaveProgress, when: Side): WaveProgress {
  const gates = gatesOf(wave, when);
  draft.note('waveWaits', `wave ${wave.name} waits at its gates: ${gates.map(gateName).join(', ')}`);
  const phase = when === 'before' ? 'gateBefore' : 'gateAfter';
  return gates.reduce<WaveProgress>((each, gate) => withGate(each, begun(gate, draft.now)), { ...wave, phase });
}

function begun({ spec, progress }: Gate, now: Millis): GateProgress {
  if (progress.state !== 'waiting') return progress;
  const isAsked = spec.type === 'webhook' || spec.type === 'metric';
  return { ...progress, since: now, ...(isAsked && { askAt: now }) };
}

/** Clusters of the wave are under way again: what is asked of the outside was asked too early. Approvals stay. */
export function leaveGates(wave: WaveProgress): WaveProgress {
  return gatesOf(wave, 'after').reduce((each, { spec, progress }) => {
    if (spec.type === 'approval' || progress.state === 'refused') return each;
    return withGate(each, { when: progress.when, name: progress.name, state: 'waiting' });
  }, wave);
}

/** The gates of this side as they stand at this moment, and whether all of them are open at once. */
export function lookAtGates(
  draft: Draft,
  wave: WaveProgress,
  when: Side,
): { readonly wave: WaveProgress; readonly isOpen: boolean } {
  const looked = gatesOf(wave, when).reduce((each, gate) => withGate(each, counted(draft, wave, gate)), wave);
  return { wave: looked, isOpen: gatesOf(looked, when).every((gate) => isGateOpen(looked, gate, draft.now)) };
}

/** The wave goes through the gates of this side: a schedule that closes later does not matter any more. */
export function goThroughGates(draft: Draft, wave: WaveProgress, when: Side): WaveProgress {
  return gatesOf(wave, when).reduce((each, { progress }) => withGate(each, opened(progress, draft.now)), wave);
}

/** An approval gate by the approvals that count for the wave as it is planned now; others as they are. */
function counted(draft: Draft, wave: WaveProgress, gate: Gate): GateProgress {
  const { spec, progress } = gate;
  // The naive form: a schedule that was open once is open.
  if (!draft.rules.schedulesLookedAtAnew && spec.type === 'schedule' && isGateOpen(wave, gate, draft.now))
    return opened(progress, draft.now);
  if (spec.type !== 'approval' || progress.state === 'refused') return progress;
  if (isGateOpen(wave, gate, draft.now)) {
    if (progress.state !== 'open') draft.note('gateOpened', `${gateName(gate)} of wave ${wave.name} is open`);
    return opened(progress, draft.now);
  }
  if (progress.state === 'waiting') return progress;
  const { openedAt: _, ...rest } = progress;
  return { ...rest, state: 'waiting' };
}

function opened(progress: GateProgress, now: Millis): GateProgress {
  if (progress.state === 'open') return progress;
  const { askAt: _, ...rest } = progress;
  return { ...rest, state: 'open', openedAt: now };
}

/** Asks the outside gates whose time has come, and wakes for the next of them and for the next opening of a schedule. */
export function tendGates(draft: Draft): void {
  const { running } = draft;
  const wave = running?.waves[running.wave];
  const when = wave && sideOf(wave.phase);
  if (!running || !wave || !when) return;
  for (const { spec, progress } of gatesOf(wave, when)) {
    if (progress.state !== 'waiting') continue;
    if (spec.type === 'schedule') {
      const opening = scheduleOpening(spec, draft.now);
      if (opening !== null && opening > draft.now) draft.wakeOn(opening);
    }
    if (spec.type !== 'webhook' && spec.type !== 'metric') continue;
    const askAt = progress.askAt ?? draft.now;
    if (askAt > draft.now) {
      draft.wakeOn(askAt);
      continue;
    }
    draft.effect({ type: 'ask', rollout: running.id, wave: running.wave, when, gate: spec });
    const next = draft.now + intervalOf(spec);
    setGate(draft, running.wave, { ...progress, askAt: next });
    draft.wakeOn(next);
  }
}

function setGate(draft: Draft, index: number, gate: GateProgress): void {
  const wave = draft.running?.waves[index];
  if (wave) draft.setWave(index, withGate(wave, gate));
}

function intervalOf({ intervalMs }: { readonly intervalMs: number }): Millis {
  return Math.max(MIN_INTERVAL_MS, intervalMs);
}

/**
 * What a webhook or metric answered: one answer for each time that it was asked. Another rollout's, another wave's or side's,
 * one of a gate that no longer waits, or a second one: no change.
 */
export function gateAnswer(draft: Draft, event: GateAnswer): void {
  const { running } = draft;
  const isOwn = !draft.rules.answersOfTheirOwn || running?.id === event.rollout;
  const wave = isOwn && running?.wave === event.wave ? running.waves[event.wave] : undefined;
  if (!wave || sideOf(wave.phase) !== event.when) return;
  const gate = gatesOf(wave, event.when).find(({ spec }) => spec.name === event.gate);
  if (gate?.progress.state !== 'waiting') return;
  const { spec, progress } = gate;
  if (spec.type !== 'webhook' && spec.type !== 'metric') return;
  if (progress.askAt === undefined || isAnswered(progress, progress.askAt - intervalOf(spec))) return;
  const told: GateProgress = { ...progress, last: { message: event.message, at: draft.now } };
  setGate(
    draft,
    event.wave,
    spec.type === 'webhook' ? webhookTold(told, event, draft.now) : metricTold(told, spec, event, draft.now),
  );
  judgeAnswer(draft, wave, gate, event);
}

function isAnswered({ last, since }: GateProgress, askedAt: Millis): boolean {
  // Never asked yet: its first asking is due at `since`.
  if (since !== undefined && askedAt < since) return true;
  return last !== undefined && last.at >= askedAt;
}

function webhookTold(told: GateProgress, { outcome }: GateAnswer, now: Millis): GateProgress {
  return outcome === 'success' ? opened(told, now) : told;
}

function metricTold(
  told: GateProgress,
  { count, failureLimit }: Extract<GateSpec, { type: 'metric' }>,
  { outcome }: GateAnswer,
  now: Millis,
): GateProgress {
  // No data is no sample: the gate waits.
  if (outcome === 'noData') return told;
  const { ok, failed } = told.samples ?? { ok: 0, failed: 0 };
  const samples = outcome === 'success' ? { ok: ok + 1, failed } : { ok, failed: failed + 1 };
  const sampled = { ...told, samples };
  if (samples.failed > failureLimit) return { ...withoutAsking(sampled), state: 'refused' };
  return samples.ok >= count ? opened(sampled, now) : sampled;
}

function judgeAnswer(draft: Draft, wave: WaveProgress, gate: Gate, event: GateAnswer): void {
  const present = draft.running?.waves[event.wave];
  const after = present && gatesOf(present, event.when).find(({ spec }) => spec.name === event.gate)?.progress;
  const text = `${gateName(gate)} of wave ${wave.name}`;
  if (after?.state === 'open') {
    draft.note('gateOpened', `${text} is open: ${event.message}`);
    draft.wakeNow();
  }
  if (after?.state !== 'refused') return;
  const why = `${text} said no: ${event.message}`;
  draft.addHold('gate', why);
  takeBackIfAsked(draft, why);
}

function withoutAsking(progress: GateProgress): GateProgress {
  const { askAt: _, ...rest } = progress;
  return rest;
}

/** A person says no: the rollout holds, and is never taken back for it by itself. */
export function refuseGate(draft: Draft, index: number, gate: Gate, message: string): void {
  setGate(draft, index, { ...withoutAsking(gate.progress), state: 'refused', last: { message, at: draft.now } });
}

/** `resume`: gates that said no begin anew, without samples; approvals that were given stay. */
export function restartRefusedGates(draft: Draft): void {
  const { running } = draft;
  running?.waves.forEach((wave, index) => {
    for (const when of ['before', 'after'] as const) {
      for (const gate of gatesOf(wave, when)) {
        if (gate.progress.state !== 'refused') continue;
        const { when: _1, name, approvals } = gate.progress;
        const fresh: GateProgress = { when, name, state: 'waiting', ...(approvals && { approvals }) };
        setGate(draft, index, sideOf(wave.phase) === when ? begun({ ...gate, progress: fresh }, draft.now) : fresh);
      }
    }
  });
}

export function gateName({ spec }: Pick<Gate, 'spec'>): string {
  return `${spec.type} ${spec.name}`;
}

/** The valid approvals of a gate and how many it takes, for sentences. */
export function approvalText(wave: WaveProgress, { spec, progress }: Gate): string {
  const approvers = spec.type === 'approval' ? spec.approvers : 0;
  return `${validApprovals(wave, progress).length} of ${approvers}`;
}
