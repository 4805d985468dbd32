import { Injectable } from '@nestjs/common';
import type { RolloutEvent } from '#domain';
import type { Unit } from '#ports';
import { authorOf } from './author.js';
import { ReadStartInputs, type StartInputs } from './start-inputs.js';

type Start = Extract<RolloutEvent, { type: 'start' }>;
type Replan = Extract<RolloutEvent, { type: 'replan' }>;

interface Wish {
  readonly actor: string;
  readonly reason?: string | undefined;
}

/** A person rolls out a release: the newest one, or an older one by its number. */
@Injectable()
export class ManualStart {
  constructor(private readonly inputs: ReadStartInputs) {}

  /** The start as it stands now; `plan` is the digest that the person saw. */
  async start(
    application: string,
    wish: Wish & { readonly release?: number | undefined; readonly plan?: string | undefined },
    read?: Unit,
  ): Promise<Start> {
    const { actor, reason, plan, release } = wish;
    const inputs = await this.inputs.read(application, { release }, read);
    return { ...startEvent(inputs, { actor, reason }), ...(plan !== undefined && { plan }) };
  }

  /** The same release over the clusters that the placement takes now, by the strategy as it is declared now. */
  async replan(application: string, release: number, { actor, reason }: Wish, read?: Unit): Promise<Replan> {
    const { strategy, members } = await this.inputs.read(application, { release }, read);
    return { type: 'replan', strategy, members, actor, ...(reason !== undefined && { reason }) };
  }
}

/** A person's start of what was read. */
export function startEvent({ release, strategy, members, drops }: StartInputs, { actor, reason }: Wish): Start {
  const author = authorOf(release.author);
  return {
    type: 'start',
    kind: 'forward',
    release: release.number,
    strategy,
    members,
    drops,
    automatic: false,
    actor,
    ...(author && { author }),
    ...(reason !== undefined && { reason }),
  };
}
