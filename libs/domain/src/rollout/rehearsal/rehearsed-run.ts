import type { StoredHoldCode } from '../../hold.js';
import type {
  ApplicationHeader,
  Decision,
  Effect,
  Freeze,
  LoadedRow,
  Millis,
  Rollout,
  RolloutEvent,
} from '../model.js';
import { need } from '../need.js';
import { step } from '../step.js';
import type { EventQueue } from './event-queue.js';
import { KIND, type RehearsedFleet } from './fleet.js';
import type { RehearsalRates } from './rates.js';
import type { RowTable } from './row-table.js';

export type RunOutcome = 'succeeded' | 'succeededWithExceptions' | 'halted' | 'rolledBack' | 'unfinished';

export const RUN_OUTCOMES: readonly RunOutcome[] = [
  'succeeded',
  'succeededWithExceptions',
  'halted',
  'rolledBack',
  'unfinished',
];

/** How one run went. */
export interface RehearsedRun {
  readonly run: number;
  readonly outcome: RunOutcome;
  /** From the start to the end, or to the hold that nothing but a person takes away; hub's clock. */
  readonly durationMs: Millis;
  /** Clusters that took the release up. */
  readonly exposed: number;
  /** The rollout that was rehearsed, as it ended or stands. */
  readonly rollout: Rollout;
  /** What holds it, or held it when its release was taken back. */
  readonly halts: readonly { readonly code: StoredHoldCode; readonly wave: string; readonly message: string }[];
  /** How many decisions the engine took. */
  readonly steps: number;
}

/** Every decision of a run, for whoever looks on. */
export type OnStep = (
  event: RolloutEvent,
  now: Millis,
  taken: {
    readonly before: ApplicationHeader;
    readonly loaded: readonly LoadedRow[];
    readonly decision: Decision;
    /** Every row as it was before. */
    all(): readonly LoadedRow[];
  },
) => void;

export interface RunSetting {
  readonly table: RowTable;
  readonly queue: EventQueue;
  readonly fleet: RehearsedFleet;
  readonly rates: RehearsalRates;
  readonly freeze?: Freeze;
  readonly onStep?: OnStep;
}

/** More ticks than this for one event, or more decisions than this per cluster, are a loop. */
const MAX_TICKS = 10_000;
const MAX_STEPS_PER_CLUSTER = 500;

/** The hub in small, without a store: hands events to the very engine, and carries out what it decides. */
export class RehearsedHub {
  steps = 0;
  readonly ended: Rollout[] = [];
  private readonly events: RolloutEvent[] = [];
  /** Waves and sides whose approvers were asked. */
  private readonly asked = new Set<string>();

  constructor(
    public header: ApplicationHeader,
    private readonly setting: RunSetting,
  ) {}

  /** Carries out once more what the start had decided. */
  begin(effects: readonly Effect[], now: Millis): void {
    for (const effect of effects) this.act(effect, now);
    this.askApprovers(now);
  }

  /** One event and the ticks that belong to it. Answers the refusal, if it was one. */
  take(event: RolloutEvent, now: Millis): Decision['refused'] {
    this.setting.fleet.now = now;
    let next = event;
    for (let ticks = 0; ticks < MAX_TICKS; ticks += 1) {
      const decision = this.one(next, now);
      if (decision.refused) return decision.refused;
      if (!decision.again) break;
      next = this.tick(now);
    }
    this.askApprovers(now);
    return undefined;
  }

  private one(event: RolloutEvent, now: Millis): Decision {
    const { table, fleet, onStep } = this.setting;
    const before = this.header;
    const loaded = table.load(need(before, event, now), fleet.heartbeats);
    const decision = step(before, loaded, event, now);
    this.steps += 1;
    onStep?.(event, now, { before, loaded, decision, all: () => table.load({ all: true }, fleet.heartbeats) });
    if (!decision.changed) return decision;
    this.header = decision.header;
    table.save(decision.rows);
    for (const effect of decision.effects) this.act(effect, now);
    return decision;
  }

  tick(now: Millis): RolloutEvent {
    const { freeze } = this.setting;
    const isFrozen = freeze && (freeze.until === undefined || now < freeze.until);
    return isFrozen ? { type: 'tick', freeze } : { type: 'tick' };
  }

  private act(effect: Effect, now: Millis): void {
    const { table, fleet } = this.setting;
    switch (effect.type) {
      case 'dirty':
      case 'probe': {
        const index = table.indexOf(effect.cluster);
        if (index === undefined) return;
        if (effect.type === 'dirty') fleet.announce(index);
        else fleet.probe(index);
        return;
      }
      case 'ask': {
        const { rollout, wave, when, gate } = effect;
        const answer = { outcome: 'success', message: 'the rehearsal takes it for open' } as const;
        this.later(now + fleet.roundTrip(), {
          type: 'gateAnswer',
          ...{ rollout, wave, when, gate: gate.name },
          ...answer,
        });
        return;
      }
      case 'ended':
        this.ended.push(effect.final);
    }
  }

  /** People say yes, so long after they are asked. */
  private askApprovers(now: Millis): void {
    const { rollout } = this.header;
    const wave = rollout?.state === 'running' ? rollout.waves[rollout.wave] : undefined;
    if (!wave || (wave.phase !== 'gateBefore' && wave.phase !== 'gateAfter')) return;
    const specs = (wave.phase === 'gateBefore' ? wave.before : wave.after) ?? [];
    const place = `${rollout?.id} ${wave.name} ${wave.phase}`;
    const approvers = specs.reduce(
      (most, gate) => (gate.type === 'approval' ? Math.max(most, gate.approvers) : most),
      0,
    );
    if (approvers === 0 || this.asked.has(place)) return;
    this.asked.add(place);
    for (let person = 1; person <= approvers; person += 1) {
      this.later(now + this.setting.rates.approvalMs, {
        type: 'approve',
        wave: wave.name,
        actor: `rehearsal:${person}`,
      });
    }
  }

  private later(at: Millis, event: RolloutEvent): void {
    this.events.push(event);
    this.setting.queue.put(at, KIND.event, 0, this.events.length - 1);
  }

  /** What is first in the queue. */
  happen(): void {
    const { queue, fleet, table } = this.setting;
    const slot = queue.take();
    const at = Math.max(fleet.now, queue.at[slot] ?? 0);
    const who = queue.who[slot] ?? 0;
    const mark = queue.mark[slot] ?? 0;
    fleet.now = at;
    switch (queue.kind[slot]) {
      case KIND.read:
        return fleet.read(who, table.at(who));
      case KIND.change:
        return fleet.change(who, mark);
      case KIND.steady:
        return fleet.steady(who, mark);
      case KIND.up:
        return fleet.up(who, table.at(who));
      case KIND.heard: {
        const uid = table.at(who)?.uid;
        if (fleet.heard(who) && uid !== undefined) this.take({ type: 'returned', clusters: [uid] }, at);
        return;
      }
      case KIND.report: {
        const report = fleet.reports[mark];
        fleet.heartbeats.reported(who);
        if (report) this.take({ type: 'reports', reports: [report] }, at);
        return;
      }
      default: {
        const event = this.events[mark];
        if (event) this.take(event, at);
      }
    }
  }
}

/**
 * Plays a rollout that has begun to its end: the next event of the fleet, or the tick that the engine asked for, whichever comes
 * first; a person does nothing. It goes on under a hold for as long as anything happens: some mend by themselves.
 */
export function playOn(hub: RehearsedHub, rollout: string, from: Millis, setting: RunSetting): RunOutcome {
  const { queue, fleet, rates, table } = setting;
  const maxSteps = MAX_STEPS_PER_CLUSTER * (table.size + 10);
  for (;;) {
    const { rollout: present } = hub.header;
    if (!present || present.state !== 'running') {
      const state = present?.id === rollout ? present.state : 'rolledBack';
      return state === 'succeeded' || state === 'succeededWithExceptions' || state === 'rolledBack'
        ? state
        : 'unfinished';
    }
    const wakeAt = hub.header.wakeAt ?? Number.POSITIVE_INFINITY;
    const at = Math.min(queue.nextAt, wakeAt);
    if (at === Number.POSITIVE_INFINITY || at > from + rates.limitMs || hub.steps > maxSteps) {
      return present.holds.length > 0 ? 'halted' : 'unfinished';
    }
    if (queue.nextAt <= wakeAt) hub.happen();
    else {
      const now = Math.max(fleet.now, wakeAt);
      hub.take(hub.tick(now), now);
    }
  }
}
