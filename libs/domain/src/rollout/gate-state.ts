import type { Approval, GateProgress, Millis, ResolvedWave, WavePhase, WaveProgress } from './model.js';
import type { GateSpec } from './strategy.js';
import { nextOpening } from './windows.js';

export type Side = GateProgress['when'];
export type GateOf<T extends GateSpec['type']> = Extract<GateSpec, { type: T }>;

/** A gate as declared, and where it stands. */
export interface Gate<S extends GateSpec = GateSpec> {
  readonly spec: S;
  readonly progress: GateProgress;
}

/** What a wave that is planned starts with: one for each of its gates; undefined where it has none. */
export function newGates(wave: Pick<ResolvedWave, 'before' | 'after'>): readonly GateProgress[] | undefined {
  const waiting = (when: Side, specs: readonly GateSpec[] = []): GateProgress[] =>
    specs.map(({ name }) => ({ when, name, state: 'waiting' }));
  const gates = [...waiting('before', wave.before), ...waiting('after', wave.after)];
  return gates.length === 0 ? undefined : gates;
}

/** At which of its sides a wave waits for gates. */
export function sideOf(phase: WavePhase): Side | null {
  if (phase === 'gateBefore') return 'before';
  return phase === 'gateAfter' ? 'after' : null;
}

/** The gates of one side, in the order of the strategy. */
export function gatesOf(wave: WaveProgress, when: Side): readonly Gate[] {
  const specs = (when === 'before' ? wave.before : wave.after) ?? [];
  return specs.flatMap((spec) => {
    const progress = wave.gates?.find((gate) => gate.when === when && gate.name === spec.name);
    return progress ? [{ spec, progress }] : [];
  });
}

export function isOfType<T extends GateSpec['type']>(type: T): (gate: Gate) => gate is Gate<GateOf<T>> {
  return (gate): gate is Gate<GateOf<T>> => gate.spec.type === type;
}

/** The wave with one of its gates in another state. */
export function withGate(wave: WaveProgress, gate: GateProgress): WaveProgress {
  const gates = wave.gates?.map((each) => (each.when === gate.when && each.name === gate.name ? gate : each));
  return gates ? { ...wave, gates } : wave;
}

/** The approvals that count: given for the wave as it is planned now, one for each person. */
export function validApprovals(wave: Pick<WaveProgress, 'digest'>, gate: GateProgress): readonly Approval[] {
  const valid = (gate.approvals ?? []).filter(({ digest }) => digest === wave.digest);
  return valid.filter(({ actor }, index) => valid.findIndex((each) => each.actor === actor) === index);
}

/**
 * Whether the gate is open at this moment. A schedule is looked at anew each time unless a person opened it, and approvals
 * count for as long as they are for the wave as it is planned; webhooks and metrics stay open once they are.
 */
export function isGateOpen(wave: Pick<WaveProgress, 'digest'>, { spec, progress }: Gate, now: Millis): boolean {
  if (progress.state === 'refused') return false;
  switch (spec.type) {
    case 'approval':
      return validApprovals(wave, progress).length >= spec.approvers;
    case 'schedule':
      return progress.state === 'open' || scheduleOpening(spec, now) === now;
    case 'webhook':
    case 'metric':
      return progress.state === 'open';
  }
}

/** The first moment from `now` on at which a schedule gate is open: `now` itself if it is; null: never. */
export function scheduleOpening({ notBefore, windows }: GateOf<'schedule'>, now: Millis): Millis | null {
  const from = Math.max(now, notBefore ?? now);
  return windows.length === 0 ? from : nextOpening(windows, 'UTC', from);
}
