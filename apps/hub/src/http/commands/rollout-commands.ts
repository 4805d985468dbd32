import { Inject, Injectable } from '@nestjs/common';
import type { CommandAnswer } from '#contract';
import { seesCluster, type JsonObject, type RolloutEvent, type Scope } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, Unit } from '#ports';
import { refuseByHand } from '../../declared/declared-objects.js';
import type { EventSource, StepOutcome } from '../../steps/advance/run-step.js';
import { Stepper } from '../../steps/advance/stepper.js';
import { readWaitingPause, writeWaitingPause } from '../../steps/advance/waiting-pause.js';
import { ManualStart } from '../../steps/assign/manual-start.js';
import { CLOCK } from '../../parts.js';
import { audit } from '../audit.js';
import { RolloutReader } from '../rollout-reader.js';
import { CommandWork } from './command-work.js';
import type { CommandRequest } from './command.js';

/** Optional fields may be undefined, as a body has them. */
type Undefinable<T> = T extends object ? { [K in keyof T]: undefined extends T[K] ? T[K] | undefined : T[K] } : T;
/** Commands that go to the engine as they are; who gives them is added here. */
type Given<T> = T extends unknown ? Omit<T, 'actor'> : never;
export type PlainCommand = Undefinable<
  Given<
    Extract<
      RolloutEvent,
      {
        type: 'pause' | 'resume' | 'retry' | 'skip' | 'approve' | 'reject' | 'promote' | 'rollback' | 'cancel' | 'lift';
      }
    >
  >
>;

/** What a command is taken from: what it is called in the audit, of what, and how its event is made under the lock. */
interface Step {
  readonly application: string;
  readonly act: string;
  readonly object: string;
  readonly reason: string | undefined;
  /** Asked for once the event was taken. */
  readonly detail?: () => JsonObject;
  readonly source: EventSource;
}

interface StartWish {
  readonly release?: number | undefined;
  readonly plan?: string | undefined;
  readonly reason?: string | undefined;
  /** Nobody is asked first whether the release would be taken. */
  readonly skipDryRun: boolean;
}

/** Carries people's commands to the engine and tells what they did. */
@Injectable()
export class RolloutCommands {
  @Inject(CLOCK) private readonly clock!: Clock;

  constructor(
    private readonly work: CommandWork,
    private readonly stepper: Stepper,
    private readonly manual: ManualStart,
    private readonly reader: RolloutReader,
  ) {}

  /** @param id of the rollout, or the application's name for its newest. */
  take(
    id: string,
    request: CommandRequest,
    command: PlainCommand | ((unit: Unit) => Promise<PlainCommand>),
    detail: JsonObject = {},
  ): Promise<CommandAnswer> {
    return this.work.run(request, async (unit) => {
      const { application, rollout } = await this.reader.find(id, unit);
      const given = typeof command === 'function' ? await command(unit) : command;
      if (given.type === 'resume') {
        await refuseByHand(unit, request.caller.actor, { kind: 'Pause', name: application });
        const lifted = await this.liftWaiting(unit, request, application, given.reason);
        if (lifted) return lifted;
      }
      const event = withoutUndefined({ ...given, actor: request.caller.actor }) as RolloutEvent;
      const { type, reason } = given;
      return this.step(unit, request, {
        ...{ application, act: `rollout.${type}`, object: `Rollout/${rollout.id}`, reason },
        detail: () => ({ ...detailOf(given), ...detail }),
        source: (_unit, header) => {
          if (id !== application) requirePresent(id, header.rollout?.id);
          return Promise.resolve(event);
        },
      });
    });
  }

  /**
   * Rolls a release out; `plan` is the digest of what the person saw. Before that the first wave tries it, outside of any
   * transaction: it takes seconds.
   */
  async start(application: string, request: CommandRequest, wish: StartWish): Promise<CommandAnswer> {
    const kept = await this.work.kept<CommandAnswer>(request);
    if (kept) return kept;
    const start = (warnings: readonly string[] = []) => this.startWork(application, request, wish, warnings);
    if (wish.skipDryRun) return this.work.run(request, start());
    // What the engine refuses, or has nothing to do for, needs nobody to be asked.
    const imagined = await this.work.run({ ...request, dryRun: true }, start());
    const warnings = imagined.changed ? await this.manual.tryFirst(application, wish) : [];
    return this.work.run(request, start(warnings));
  }

  /** Takes off a pause that waits for the next rollout; null: there is none, or a rollout is paused, which goes first. */
  private async liftWaiting(
    unit: Unit,
    { caller }: CommandRequest,
    application: string,
    reason: string | undefined,
  ): Promise<{ answer: CommandAnswer; after: () => void } | null> {
    const header = await unit.rollouts.lock(application);
    if (header.rollout?.state === 'running' && header.rollout.holds.length > 0) return null;
    const waiting = await readWaitingPause(unit, application);
    if (waiting === null) return null;
    await writeWaitingPause(unit, application, null);
    const detail = { pause: waiting.reason };
    await audit(unit, { now: this.clock.now(), caller }, 'rollout.resume', `Application/${application}`, {
      reason,
      detail,
    });
    const changes = [`the next rollout of ${application} does not begin paused`];
    return { answer: await this.answer(unit, application, { header, changed: true, changes }), after: () => undefined };
  }

  private startWork(application: string, request: CommandRequest, wish: StartWish, warnings: readonly string[]) {
    const { actor } = request.caller;
    let release = 0;
    return async (unit: Unit) => {
      const worked = await this.step(unit, request, {
        ...{ application, act: 'rollout.start', object: `Application/${application}`, reason: wish.reason },
        detail: () => ({ release, ...(wish.skipDryRun && { skipDryRun: true }) }),
        source: async (held) => {
          const event = await this.manual.start(application, { ...wish, actor }, held);
          ({ release } = event);
          return event;
        },
      });
      return warnings.length === 0 ? worked : { ...worked, answer: { ...worked.answer, warnings: [...warnings] } };
    };
  }

  /** The same release over the present placement, by the strategy as it is declared now. */
  replan(id: string, request: CommandRequest, reason: string | undefined): Promise<CommandAnswer> {
    return this.work.run(request, async (unit) => {
      const { application, rollout } = await this.reader.find(id, unit);
      return this.step(unit, request, {
        ...{ application, act: 'rollout.replan', object: `Rollout/${rollout.id}`, reason },
        source: (held, header) => {
          requirePresent(rollout.id, header.rollout?.id);
          return this.manual.replan(application, rollout.release, { actor: request.caller.actor, reason }, held);
        },
      });
    });
  }

  private async step(
    unit: Unit,
    { caller }: CommandRequest,
    { application, act, object, reason, detail, source }: Step,
  ): Promise<{ answer: CommandAnswer; after: () => void }> {
    const outcome = await this.stepper.within(unit, application, source);
    if (outcome.refused) throw new RejectedError(outcome.refused.code, outcome.refused.message, { status: 409 });
    if (outcome.changed) {
      const told = detail?.() ?? {};
      const more = Object.keys(told).length > 0 ? { detail: told } : {};
      await audit(unit, { now: outcome.header.now, caller }, act, object, { reason, ...more });
    }
    const answer = await this.answer(unit, application, outcome);
    return { answer, after: () => this.stepper.act(application, outcome) };
  }

  private async answer(
    unit: Unit,
    application: string,
    outcome: Pick<StepOutcome, 'header' | 'changed' | 'changes'>,
  ): Promise<CommandAnswer> {
    const { header, changed, changes } = outcome;
    if (!header.rollout) throw new RejectedError('no-rollout', `${application} has no rollout yet`, { status: 409 });
    const rollout = await this.reader.view(
      { application, rollout: header.rollout, header, present: true },
      { read: unit },
    );
    return {
      rollout,
      changed,
      changes: [...changes],
      message: changed ? rollout.why : `Nothing changed: ${rollout.why}`,
    };
  }
}

/** Commands go to the application's present rollout: one of the past has nothing left to change. */
function requirePresent(wanted: string, present: string | undefined): void {
  if (wanted === present) return;
  throw new RejectedError(
    'not-present',
    `Rollout ${wanted} ended and ${present ?? 'none'} came after it: commands go to that one`,
    { status: 409 },
  );
}

/** What of a command the audit keeps besides who and why. */
function detailOf({ type: _type, reason: _reason, ...command }: PlainCommand): JsonObject {
  const told = Object.entries(command).filter(
    (entry): entry is [string, string | number | boolean] =>
      entry[0] !== 'email' && ['string', 'number', 'boolean'].includes(typeof entry[1]),
  );
  return Object.fromEntries(told);
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
}

/** UIDs of registered clusters by name; one that is not seen is none. @throws RejectedError `not-found`. */
export async function uidsOf(unit: Unit, names: readonly string[], sees: readonly Scope[]): Promise<readonly string[]> {
  const uids: string[] = [];
  for (const name of names) {
    const cluster = await unit.clusters.byName(name);
    if (!cluster || !seesCluster(sees, cluster)) {
      throw new RejectedError('not-found', `clusters: "${name}" does not exist`, { status: 404 });
    }
    uids.push(cluster.uid);
  }
  return uids;
}
