import { Inject, Injectable } from '@nestjs/common';
import type { RolloutEvent } from '#domain';
import type { Clock, HubBus, Store, Unit } from '#ports';
import { CLOCK, HUB_BUS, STORE } from '../../parts.js';
import { runStep, type StepOutcome } from './run-step.js';

/** Carries events to the engine, one transaction each, and acts on the effects that are not rows. */
@Injectable()
export class Stepper {
  private readonly endedHandlers: ((application: string) => void)[] = [];

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(HUB_BUS) private readonly bus: HubBus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Called after the commit in which a rollout of that application ended. */
  onEnded(handle: (application: string) => void): void {
    this.endedHandlers.push(handle);
  }

  /** One event of one application; `also` is written in the same transaction when the event was not refused. */
  async take(
    application: string,
    event: RolloutEvent,
    also?: (unit: Unit, outcome: StepOutcome) => Promise<void>,
  ): Promise<StepOutcome> {
    const outcome = await this.store.transact(async (unit) => {
      const result = await runStep(unit, application, event, this.clock.now());
      if (!result.refused) await also?.(unit, result);
      return result;
    });
    this.act(application, outcome);
    return outcome;
  }

  /** Events of several applications within a transaction of the caller's; call the returned function after its commit. */
  async takeAll(
    unit: Unit,
    events: readonly (readonly [application: string, event: RolloutEvent])[],
  ): Promise<() => void> {
    const outcomes: (readonly [string, StepOutcome])[] = [];
    // In name order, so that two hubs never wait for each other in a circle.
    for (const [application, event] of [...events].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
      outcomes.push([application, await runStep(unit, application, event, this.clock.now())]);
    }
    return () => {
      for (const [application, outcome] of outcomes) this.act(application, outcome);
    };
  }

  private act(application: string, outcome: StepOutcome): void {
    let ended = false;
    for (const effect of outcome.effects) {
      if (effect.type === 'probe') this.bus.nudge(effect.cluster);
      if (effect.type === 'ended') ended = true;
    }
    if (ended) for (const handle of this.endedHandlers) handle(application);
  }
}
