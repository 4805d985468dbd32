import { Inject, Injectable } from '@nestjs/common';
import type { CommandAnswer } from '#contract';
import type { RolloutEvent } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, Store } from '#ports';
import { CLOCK, STORE } from '../parts.js';
import { Stepper } from '../steps/advance/stepper.js';
import { ManualStart } from '../steps/assign/manual-start.js';
import type { Caller } from './access/permit.js';
import { audit } from './audit.js';
import { RolloutReader, type FoundRollout } from './rollout-reader.js';

/** Commands that a person may give: optional fields may be undefined, as a body has them. */
type Undefinable<T> = T extends object ? { [K in keyof T]: undefined extends T[K] ? T[K] | undefined : T[K] } : T;
type Command = Undefinable<
  Extract<RolloutEvent, { type: 'pause' | 'resume' | 'retry' | 'skip' | 'rollback' | 'cancel' | 'lift' }>
>;

/** What commands act through. */
@Injectable()
export class CommandSteps {
  constructor(
    readonly stepper: Stepper,
    readonly manual: ManualStart,
  ) {}
}

/** Carries a person's commands to the engine and tells what they did. */
@Injectable()
export class RolloutCommands {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly reader: RolloutReader,
    private readonly steps: CommandSteps,
  ) {}

  async take(id: string, command: Command, caller: Caller): Promise<CommandAnswer> {
    const found = await this.reader.find(id);
    if (!found.present) {
      const present = found.header?.rollout?.id ?? 'none';
      throw new RejectedError(
        'not-present',
        `Rollout ${found.rollout.id} ended and ${present} came after it: commands go to that one`,
        { status: 409 },
      );
    }
    const event = withoutUndefined(command) as RolloutEvent;
    const outcome = await this.steps.stepper.take(found.application, event, async (unit, { changed }) => {
      if (!changed) return;
      await audit(unit, { now: this.clock.now(), caller }, `rollout.${command.type}`, `Rollout/${found.rollout.id}`, {
        reason: command.reason,
      });
    });
    if (outcome.refused) throw new RejectedError(outcome.refused.code, outcome.refused.message, { status: 409 });
    return this.answer(found.application, outcome.changed);
  }

  async start(
    application: string,
    request: { readonly release?: number | undefined; readonly reason?: string | undefined },
    caller: Caller,
  ): Promise<CommandAnswer> {
    const outcome = await this.steps.manual.start(application, request, caller);
    if (outcome.refused) throw new RejectedError(outcome.refused.code, outcome.refused.message, { status: 409 });
    return this.answer(application, outcome.changed);
  }

  /** UIDs of registered clusters by name. */
  async uidsOf(names: readonly string[]): Promise<readonly string[]> {
    const uids: string[] = [];
    for (const name of names) {
      const cluster = await this.store.read.clusters.byName(name);
      if (!cluster) throw new RejectedError('not-found', `clusters: "${name}" does not exist`, { status: 404 });
      uids.push(cluster.uid);
    }
    return uids;
  }

  private async answer(application: string, changed: boolean): Promise<CommandAnswer> {
    const found: FoundRollout = await this.reader.find(application);
    const rollout = await this.reader.view(found);
    return { rollout, changed, changes: [], message: changed ? rollout.why : `Nothing changed: ${rollout.why}` };
  }
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
}
