import { Inject, Injectable } from '@nestjs/common';
import { FLEET_NAME, type FreezeAnswer, type FreezeState } from '#contract';
import { canonicalJson, parseDuration, type Freeze } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, Store, Unit } from '#ports';
import { refuseByHand } from '../../declared/declared-objects.js';
import { CLOCK, STORE } from '../../parts.js';
import { FreezeKeeper } from '../../steps/advance/freeze-keeper.js';
import { audit } from '../audit.js';
import { freezeView, inForce } from '../views/freeze-view.js';
import { iso } from '../views/time.js';
import { CommandWork } from './command-work.js';
import type { CommandRequest } from './command.js';

/** Freezes the fleet and lets it go. */
@Injectable()
export class FleetFreeze {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly work: CommandWork,
    private readonly keeper: FreezeKeeper,
  ) {}

  async state(): Promise<FreezeState> {
    const freeze = inForce(await this.store.read.freeze.get(), this.clock.now());
    return { freeze: freeze && freezeView(freeze) };
  }

  freeze(
    request: CommandRequest,
    wish: { readonly reason: string; readonly until?: string | undefined; readonly for?: string | undefined },
  ): Promise<FreezeAnswer> {
    const { caller } = request;
    return this.work.run(request, async (unit, now) => {
      const until = untilOf(wish, now);
      const before = inForce(await unit.freeze.get(), now);
      const freeze: Freeze = {
        ...{ by: caller.actor, reason: wish.reason, since: before?.since ?? now },
        ...(until !== undefined && { until }),
      };
      const changed = before === null || before.reason !== freeze.reason || before.until !== freeze.until;
      if (changed) {
        await refuseByHand(unit, caller.actor, { kind: 'Freeze', name: FLEET_NAME });
        await unit.freeze.set(freeze);
        const detail = until === undefined ? {} : { detail: { until: iso(until) } };
        await audit(unit, { now, caller }, 'fleet.freeze', 'Fleet', { reason: wish.reason, ...detail });
      }
      const how = until === undefined ? 'until somebody lets it go' : `until ${iso(until)}`;
      const what = `the fleet is frozen ${how}: ${wish.reason}`;
      const next = `${await runningText(unit)} assign nothing new and open no wave; what is in flight goes on, and rollbacks are not touched`;
      return {
        answer: {
          freeze: freezeView(changed ? freeze : before),
          changed,
          changes: changed ? [what] : [],
          message: changed ? next : `Nothing changed: ${what}`,
        },
        after: () => this.keeper.tell(),
      };
    });
  }

  unfreeze(request: CommandRequest, reason: string | undefined): Promise<FreezeAnswer> {
    const { caller } = request;
    return this.work.run(request, async (unit, now) => {
      const before = inForce(await unit.freeze.get(), now);
      await refuseByHand(unit, caller.actor, { kind: 'Freeze', name: FLEET_NAME });
      await unit.freeze.clear();
      if (before) {
        const detail = { before: JSON.parse(canonicalJson(freezeView(before))) as Record<string, string> };
        await audit(unit, { now, caller }, 'fleet.unfreeze', 'Fleet', { reason, detail });
      }
      return {
        answer: {
          freeze: null,
          changed: before !== null,
          changes: before
            ? [`the fleet is no longer frozen (it was since ${iso(before.since)}: ${before.reason})`]
            : [],
          message: before ? await goesOnText(unit) : 'Nothing changed: the fleet is not frozen',
        },
        after: () => this.keeper.tell(),
      };
    });
  }
}

function untilOf(wish: { until?: string | undefined; for?: string | undefined }, now: number): number | undefined {
  if (wish.until === undefined && wish.for === undefined) return undefined;
  const path = wish.until === undefined ? 'for' : 'until';
  const until = wish.until === undefined ? now + (parseDuration(wish.for ?? '') ?? 0) : Date.parse(wish.until);
  if (until > now) return until;
  const message = 'is over already: give a time to come, or leave it out';
  throw new RejectedError('invalid', `${path}: ${message}`, { status: 400, fields: [{ path, message }] });
}

async function goesOnText(unit: Unit): Promise<string> {
  const running = await runningText(unit);
  return running === '1 running rollout' ? `${running} goes on` : `${running} go on`;
}

async function runningText(unit: Unit): Promise<string> {
  const running = (await unit.rollouts.headers()).filter(
    ({ rollout }) => rollout?.state === 'running' && rollout.kind !== 'rollback',
  );
  const count = running.length === 0 ? 'no rollout runs; those to come' : `${running.length} running`;
  return running.length === 0 ? count : `${count} ${running.length === 1 ? 'rollout' : 'rollouts'}`;
}
