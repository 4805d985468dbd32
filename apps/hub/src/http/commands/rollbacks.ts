import { Inject, Injectable } from '@nestjs/common';
import type { RollbacksAnswer } from '#contract';
import { RejectedError } from '#kit';
import type { Store } from '#ports';
import { STORE } from '../../parts.js';
import { CommandWork } from './command-work.js';
import type { CommandRequest } from './command.js';
import { RolloutCommands } from './rollout-commands.js';

interface Wish {
  readonly applications?: readonly string[] | undefined;
  readonly all?: true | undefined;
  readonly since?: string | undefined;
  readonly withoutPrevious?: 'keep' | 'withdraw' | undefined;
  readonly reason: string;
}

type Result = RollbacksAnswer['results'][number];

/**
 * Takes several applications' releases back, one transaction each: one that can't be taken back keeps nobody waiting. Under one
 * Idempotency-Key each application has its own part, so that a call that was cut goes on where it ended.
 */
@Injectable()
export class Rollbacks {
  constructor(
    @Inject(STORE) private readonly store: Store,
    private readonly work: CommandWork,
    private readonly commands: RolloutCommands,
  ) {}

  async take(request: CommandRequest, wish: Wish): Promise<RollbacksAnswer> {
    const results: Result[] = [];
    // Once it was answered whole, that answer is the one; until then its parts are.
    const kept = await this.work.kept<RollbacksAnswer>(request);
    if (kept) return kept;
    for (const application of await this.applications(wish)) results.push(await this.one(application, request, wish));
    if (request.dryRun) return { results, dryRun: true };
    return this.work.run(request, () => Promise.resolve({ answer: { results } }));
  }

  /** Who was named; or of all those whose release is on its way out now, and with `since` those too whose rollout began since. */
  private async applications({ applications, since }: Wish): Promise<readonly string[]> {
    if (applications !== undefined) return [...new Set(applications)].sort();
    const from = since === undefined ? Number.POSITIVE_INFINITY : Date.parse(since);
    const headers = await this.store.read.rollouts.headers();
    return headers
      .filter(({ rollout }) => {
        if (rollout === null || rollout.kind === 'rollback') return false;
        return rollout.state === 'running' || rollout.startedAt >= from;
      })
      .map(({ application }) => application)
      .sort();
  }

  private async one(application: string, request: CommandRequest, wish: Wish): Promise<Result> {
    const { withoutPrevious, reason } = wish;
    // A key has no space: this is no other command's.
    const part = request.key === undefined ? request : { ...request, key: `${request.key} ${application}` };
    try {
      const answer = await this.commands.take(application, part, { type: 'rollback', withoutPrevious, reason });
      return { application, answer };
    } catch (error) {
      if (!(error instanceof RejectedError) || error.code === 'idempotency-key-reused') throw error;
      return { application, refused: { code: error.code, message: error.message } };
    }
  }
}
