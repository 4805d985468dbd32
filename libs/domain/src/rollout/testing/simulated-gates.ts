import type { Effect, Millis, RolloutEvent } from '../model.js';

/** How the world outside answers webhooks and metrics. */
export type GateFate =
  | 'yes'
  /** Webhooks and metrics say no, for ever. */
  | 'no'
  /** Nobody answers anything that can be used. */
  | 'silent'
  /** Three times no data, then yes. */
  | 'late'
  /** One bad sample, then good ones. */
  | 'shaky';

export type Ask = Extract<Effect, { type: 'ask' }>;
export type GateAnswer = Extract<RolloutEvent, { type: 'gateAnswer' }>;

const LATENCY_MS = 2000;
const LATE_ASKS = 3;

/** The webhooks and Prometheus servers that gates ask: each answers after a while, if the hub is still there to hear it. */
export class SimulatedGates {
  private readonly asked: { readonly ask: Ask; readonly at: Millis }[] = [];
  private readonly times = new Map<string, number>();
  /** What was answered ever. */
  readonly answered: GateAnswer[] = [];
  private isHealed = false;

  constructor(private readonly fates: readonly GateFate[]) {}

  ask(ask: Ask, now: Millis): void {
    this.asked.push({ ask, at: now + LATENCY_MS });
  }

  /** From now on each says yes. */
  heal(): void {
    this.isHealed = true;
  }

  /** A hub that dies forgets whom it asked. */
  forget(): void {
    this.asked.length = 0;
  }

  nextAt(): Millis {
    return this.asked[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** The answers that are there by now. */
  due(now: Millis): GateAnswer[] {
    const answers: GateAnswer[] = [];
    for (let first = this.asked[0]; first && first.at <= now; first = this.asked[0]) {
      this.asked.shift();
      answers.push(this.answer(first.ask));
    }
    this.answered.push(...answers);
    return answers;
  }

  private answer({ rollout, wave, when, gate }: Ask): GateAnswer {
    const key = `${rollout} ${wave} ${when} ${gate.name}`;
    const time = (this.times.get(key) ?? 0) + 1;
    this.times.set(key, time);
    const number = Number(rollout.split('-').at(-1)) + wave;
    const fate = this.isHealed ? 'yes' : (this.fates[number % this.fates.length] ?? 'yes');
    const outcome = outcomeOf(fate, time);
    return { type: 'gateAnswer', rollout, wave, when, gate: gate.name, outcome, message: `it said ${outcome}` };
  }
}

function outcomeOf(fate: GateFate, time: number): GateAnswer['outcome'] {
  switch (fate) {
    case 'yes':
      return 'success';
    case 'no':
      return 'failure';
    case 'silent':
      return 'noData';
    case 'late':
      return time > LATE_ASKS ? 'success' : 'noData';
    case 'shaky':
      return time > 1 ? 'success' : 'failure';
  }
}
