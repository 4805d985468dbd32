import { Inject, Injectable } from '@nestjs/common';
import type { RolloutEvent } from '#domain';
import { RejectedError } from '#kit';
import type { Store, Unit } from '#ports';
import { STORE } from '../../parts.js';
import { FirstWaveDryRun } from '../../validation/first-wave-dry-run.js';
import { authorOf } from './author.js';
import { ReadStartInputs, type StartInputs } from './start-inputs.js';

type Start = Extract<RolloutEvent, { type: 'start' }>;
type Replan = Extract<RolloutEvent, { type: 'replan' }>;

interface Wish {
  readonly actor: string;
  readonly reason?: string | undefined;
}

/** Somebody waits for the answer: clusters are asked for the first time no later than that, ms. */
const ASKED_FOR_MS = 12_000;

/** A person rolls out a release: the newest one, or an older one by its number. */
@Injectable()
export class ManualStart {
  constructor(
    @Inject(STORE) private readonly store: Store,
    private readonly inputs: ReadStartInputs,
    private readonly dryRun: FirstWaveDryRun,
  ) {}

  /**
   * Has the first wave try the release, as before a rollout that begins by itself. What was rolled out well before is not tried:
   * nothing holds up the way back.
   * @returns what could not be tried. @throws RejectedError `validation`
   */
  async tryFirst(application: string, { release: number }: { readonly release?: number | undefined }) {
    const { read } = this.store;
    const { spec, release, strategy, members } = await this.inputs.read(application, { release: number });
    const header = await read.rollouts.header(application);
    if (header && [header.baseline, ...header.earlierBaselines].includes(release.number)) return [];
    const [clusters, rows] = [await read.clusters.joined(), await read.rollouts.rows(application, { all: true })];
    const { refusal, warnings } = await this.dryRun.try({
      ...{ application, spec, release, strategy, members, clusters, withinMs: ASKED_FOR_MS },
      rows: rows.map(({ row }) => row),
    });
    if (refusal === null) return warnings;
    const message = `${refusal}: mend it, or start it without asking them (--skip-dry-run)`;
    throw new RejectedError('validation', message, { status: 422 });
  }

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
