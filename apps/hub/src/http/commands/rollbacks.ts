import { Inject, Injectable } from '@nestjs/common';
import type { RollbacksAnswer } from '#contract';
import { seesApplication } from '#domain';
import { RejectedError } from '#kit';
import type { Store } from '#ports';
import { STORE } from '../../parts.js';
import { TargetCheck } from '../access/target-check.js';
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
    private readonly targets: TargetCheck,
  ) {}

  async take(request: CommandRequest, wish: Wish): Promise<RollbacksAnswer> {
    const results: Result[] = [];
    // Once it was answered whole, that answer is the one; until then its parts are.
    const kept = await this.work.kept<RollbacksAnswer>(request);
    if (kept) return kept;
    for (const application of await this.applications(request, wish)) {
      results.push(await this.one(application, request, wish));
    }
    if (request.dryRun) return { results, dryRun: true };
    return this.work.run(request, () => Promise.resolve({ answer: { results } }));
  }

  /**
   * Who was named; or of all those whose release is on its way out now, and with `since` those too whose rollout began since. A
   * call that was cut and is sent again has those too that it had taken back.
   */
  private async applications(request: CommandRequest, { applications, since }: Wish): Promise<readonly string[]> {
    if (applications !== undefined) return [...new Set(applications)].sort();
    const from = since === undefined ? Number.POSITIVE_INFINITY : Date.parse(since);
    const wanted: string[] = [];
    for (const { application, rollout } of await this.store.read.rollouts.headers()) {
      if (rollout === null) continue;
      // Who sees a part of it is told that it was not taken back.
      if (!seesApplication(request.caller.sees, application)) continue;
      const isOut = rollout.kind !== 'rollback' && (rollout.state === 'running' || rollout.startedAt >= from);
      if (isOut || (await this.work.kept(partOf(request, application))) !== null) wanted.push(application);
    }
    return wanted.sort();
  }

  private async one(application: string, request: CommandRequest, wish: Wish): Promise<Result> {
    const { withoutPrevious, reason } = wish;
    try {
      await this.targets.check(request.caller, 'operator', { rollout: 'id' }, { id: application });
      const answer = await this.commands.take(application, partOf(request, application), {
        type: 'rollback',
        withoutPrevious,
        reason,
      });
      return { application, answer };
    } catch (error) {
      if (!(error instanceof RejectedError) || error.code === 'idempotency-key-reused') throw error;
      return { application, refused: { code: error.code, message: error.message } };
    }
  }
}

/** A part of a command under a key of its own: keys that people give have no space, so it is no other command's. */
function partOf(request: CommandRequest, application: string): CommandRequest {
  return request.key === undefined ? request : { ...request, key: `${request.key} ${application}` };
}
