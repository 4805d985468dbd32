import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import {
  bundleDiffQuerySchema,
  bundleDiffSchema,
  commandAnswerSchema,
  liftRequestSchema,
  nameSchema,
  planQuerySchema,
  planRequestSchema,
  planViewSchema,
  rehearsalAnswerSchema,
  rehearsalRequestSchema,
  startRequestSchema,
  type BundleDiff,
  type CommandAnswer,
  type PlanView,
  type RehearsalAnswer,
} from '#contract';
import { BundleDiffReader } from './bundle-diff-reader.js';
import { CallerParam, Permit, type Caller } from './access/permit.js';
import { Answers } from './answers.js';
import { Command, CommandParam, type CommandRequest } from './commands/command.js';
import { RolloutCommands } from './commands/rollout-commands.js';
import { GoneParam } from './gone.js';
import { PlanReader } from './plan-reader.js';
import { Rehearser } from './rehearser.js';

/** An application's releases on their way out. */
@ApiTags('rollouts')
@Controller('api/v1/applications/:name')
export class ReleasingController {
  constructor(
    private readonly commands: RolloutCommands,
    private readonly plans: PlanReader,
    private readonly rehearser: Rehearser,
    private readonly diffs: BundleDiffReader,
  ) {}

  /** What a start would do, before anything is assigned: `plan` of a start and of an approval is its digest. */
  @Get('plan')
  @Permit('viewer', { application: 'name', whole: true })
  @Answers(planViewSchema)
  plan(
    @Param('name', { schema: nameSchema }) name: string,
    @Query({ schema: planQuerySchema }) query: z.output<typeof planQuerySchema>,
    @CallerParam() caller: Caller,
  ): Promise<PlanView> {
    return this.plans.plan(name, query, caller);
  }

  /** The same by a strategy that is not saved, its spec sent along; nothing is written. */
  @Post('plan')
  @HttpCode(200)
  @Permit('viewer', { application: 'name', whole: true })
  @Answers(planViewSchema)
  planUnsaved(
    @Param('name', { schema: nameSchema }) name: string,
    @Body({ schema: planRequestSchema }) body: z.output<typeof planRequestSchema>,
    @CallerParam() caller: Caller,
  ): Promise<PlanView> {
    return this.plans.plan(name, body, caller);
  }

  /** Plays a start many times over on a virtual clock; nothing is written. */
  @Post('rehearsals')
  @HttpCode(200)
  @Permit('operator', { application: 'name', whole: true })
  @Answers(rehearsalAnswerSchema)
  rehearse(
    @Param('name', { schema: nameSchema }) name: string,
    @Body({ schema: rehearsalRequestSchema }) body: z.output<typeof rehearsalRequestSchema>,
    @CallerParam() caller: Caller,
    @GoneParam() gone: AbortSignal,
  ): Promise<RehearsalAnswer> {
    return this.rehearser.rehearse(name, body, { caller, gone });
  }

  /** What differs between two releases, or two bundles: the same change is told once, for all that have it. */
  @Get('diff')
  @Permit('viewer', { application: 'name', whole: true })
  @Answers(bundleDiffSchema)
  diff(
    @Param('name', { schema: nameSchema }) name: string,
    @Query({ schema: bundleDiffQuerySchema }) query: z.output<typeof bundleDiffQuerySchema>,
    @GoneParam() gone: AbortSignal,
  ): Promise<BundleDiff> {
    const { from = 0, to = 0, fromDigest, toDigest } = query;
    return fromDigest !== undefined && toDigest !== undefined
      ? this.diffs.ofBundles(name, fromDigest, toDigest, gone)
      : this.diffs.ofReleases(name, from, to, gone);
  }

  /** Rolls out a release: the newest, or the one named. */
  @Post('rollouts')
  @Command('operator', { application: 'name', whole: true }, commandAnswerSchema)
  start(
    @Param('name', { schema: nameSchema }) name: string,
    @Body({ schema: startRequestSchema }) body: z.output<typeof startRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<CommandAnswer> {
    return this.commands.start(name, request, body);
  }

  /** Lets a barred release be rolled out again. */
  @Post('lift')
  @Command('operator', { application: 'name', whole: true }, commandAnswerSchema)
  lift(
    @Param('name', { schema: nameSchema }) name: string,
    @Body({ schema: liftRequestSchema }) { release, reason }: z.output<typeof liftRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<CommandAnswer> {
    return this.commands.take(name, request, { type: 'lift', release, reason });
  }
}
