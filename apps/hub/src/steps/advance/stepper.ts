import { Inject, Injectable } from '@nestjs/common';
import type { Effect } from '#domain';
import type { Clock, HubBus, Store, Unit } from '#ports';
import { CLOCK, HUB_BUS, STORE } from '../../parts.js';
import { runStep, type EventSource, type StepOutcome } from './run-step.js';

type Ask = Extract<Effect, { type: 'ask' }>;

/** Carries events to the engine, one transaction each, and acts on the effects that are not rows. */
@Injectable()
export class Stepper {
  private readonly endedHandlers: ((application: string) => void)[] = [];
  private readonly askHandlers: ((application: string, ask: Ask) => void)[] = [];
  private mayTick = (): boolean => true;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(HUB_BUS) private readonly bus: HubBus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * While this says no, an event is only what it says, and no deadline passes with it: the first report after an outage of the bus
   * must not fail those whose reports come a moment later.
   */
  holdTime(hears: () => boolean): void {
    this.mayTick = hears;
  }

  /** Called after the commit in which a rollout of that application ended. */
  onEnded(handle: (application: string) => void): void {
    this.endedHandlers.push(handle);
  }

  /** Called after the commit in which the engine asked for a webhook's or a metric's answer; must not throw. */
  onAsk(handle: (application: string, ask: Ask) => void): void {
    this.askHandlers.push(handle);
  }

  /** One event of one application; `also` is written in the same transaction when the event was not refused. */
  async take(
    application: string,
    source: EventSource,
    also?: (unit: Unit, outcome: StepOutcome) => Promise<void>,
  ): Promise<StepOutcome> {
    const outcome = await this.store.transact(async (unit) => {
      const result = await this.within(unit, application, source);
      if (!result.refused) await also?.(unit, result);
      return result;
    });
    this.act(application, outcome);
    return outcome;
  }

  /** One event within a transaction of the caller's, who calls `act` with the outcome after its commit. */
  within(unit: Unit, application: string, source: EventSource): Promise<StepOutcome> {
    return runStep(unit, application, source, this.clock.now(), this.mayTick);
  }

  /** As `within` for several applications. */
  async withinAll(
    unit: Unit,
    events: readonly (readonly [application: string, source: EventSource])[],
  ): Promise<readonly (readonly [application: string, outcome: StepOutcome])[]> {
    const outcomes: (readonly [string, StepOutcome])[] = [];
    // In name order, so that two hubs never wait for each other in a circle; and all locks before the first step, whose dirty
    // marks another hub's step may wait for that holds the lock of the next application.
    const inOrder = [...events].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    for (const [application] of inOrder) await unit.rollouts.lock(application);
    for (const [application, source] of inOrder) {
      outcomes.push([application, await this.within(unit, application, source)]);
    }
    return outcomes;
  }

  /** Events of several applications within a transaction of the caller's; call the returned function after its commit. */
  async takeAll(
    unit: Unit,
    events: readonly (readonly [application: string, source: EventSource])[],
  ): Promise<() => void> {
    const outcomes = await this.withinAll(unit, events);
    return () => {
      for (const [application, outcome] of outcomes) this.act(application, outcome);
    };
  }

  /** Does what a committed step asks for beyond rows. */
  act(application: string, outcome: StepOutcome): void {
    let ended = false;
    for (const effect of outcome.effects) {
      if (effect.type === 'probe') this.bus.nudge(effect.cluster);
      if (effect.type === 'ask') for (const handle of this.askHandlers) handle(application, effect);
      if (effect.type === 'ended') ended = true;
    }
    if (ended) for (const handle of this.endedHandlers) handle(application);
  }
}
