import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import {
  cancelRequestSchema,
  commandAnswerSchema,
  liftRequestSchema,
  nameSchema,
  pageOf,
  pauseRequestSchema,
  resumeRequestSchema,
  retryRequestSchema,
  rollbackRequestSchema,
  rolloutQuerySchema,
  rolloutViewSchema,
  skipRequestSchema,
  startRequestSchema,
  targetQuerySchema,
  targetViewSchema,
  type CommandAnswer,
  type RolloutView,
  type TargetView,
} from '#contract';
import type { Page, Store } from '#ports';
import { STORE } from '../parts.js';
import { CallerParam, Permit, type Caller } from './access/permit.js';
import { Answers } from './answers.js';
import { RolloutCommands } from './rollout-commands.js';
import { RolloutReader } from './rollout-reader.js';
import { targetView } from './views/rollout-view.js';

const idSchema = z.string().min(1).max(80);
type Output<T extends z.ZodType> = z.output<T>;

/** Rollouts: read, and steered by a person. */
@ApiTags('rollouts')
@Controller('api/v1')
export class RolloutsController {
  constructor(
    @Inject(STORE) private readonly store: Store,
    private readonly reader: RolloutReader,
    private readonly commands: RolloutCommands,
  ) {}

  @Get('rollouts')
  @Permit('viewer')
  @Answers(pageOf(rolloutViewSchema))
  async list(
    @Query({ schema: rolloutQuerySchema }) query: Output<typeof rolloutQuerySchema>,
  ): Promise<Page<RolloutView>> {
    const { application, ...page } = query;
    const { items, next } = await this.store.read.rollouts.list(application ?? null, page);
    const headers = new Map((await this.store.read.rollouts.headers()).map((header) => [header.application, header]));
    const views = await Promise.all(
      items.map(({ application: name, rollout }) => {
        const header = headers.get(name) ?? null;
        return this.reader.view({ application: name, rollout, header, present: header?.rollout?.id === rollout.id });
      }),
    );
    return { items: views, ...(next && { next }) };
  }

  /** By id (`web-12`), or an application's name for its newest. */
  @Get('rollouts/:id')
  @Permit('viewer')
  @Answers(rolloutViewSchema)
  async get(@Param('id', { schema: idSchema }) id: string): Promise<RolloutView> {
    return this.reader.view(await this.reader.find(id));
  }

  @Get('rollouts/:id/targets')
  @Permit('viewer')
  @Answers(pageOf(targetViewSchema))
  async targets(
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: targetQuerySchema }) query: Output<typeof targetQuerySchema>,
  ): Promise<Page<TargetView>> {
    const { application, rollout } = await this.reader.find(id);
    const { items, next } = await this.store.read.rollouts.targets(application, rollout.number, query);
    return { items: items.map((row) => targetView(row, rollout.waves)), ...(next && { next }) };
  }

  /** Rolls out a release: the newest, or the one named. */
  @Post('applications/:name/rollouts')
  @HttpCode(200)
  @Permit('operator')
  @Answers(commandAnswerSchema)
  start(
    @Param('name', { schema: nameSchema }) name: string,
    @Body({ schema: startRequestSchema }) body: Output<typeof startRequestSchema>,
    @CallerParam() caller: Caller,
  ): Promise<CommandAnswer> {
    return this.commands.start(name, body, caller);
  }

  /** Lets a barred release be rolled out again. */
  @Post('applications/:name/lift')
  @HttpCode(200)
  @Permit('operator')
  @Answers(commandAnswerSchema)
  lift(
    @Param('name', { schema: nameSchema }) name: string,
    @Body({ schema: liftRequestSchema }) body: Output<typeof liftRequestSchema>,
    @CallerParam() caller: Caller,
  ): Promise<CommandAnswer> {
    return this.commands.take(
      name,
      { type: 'lift', release: body.release, actor: caller.actor, reason: body.reason },
      caller,
    );
  }

  @Post('rollouts/:id/pause')
  @HttpCode(200)
  @Permit('operator')
  @Answers(commandAnswerSchema)
  pause(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: pauseRequestSchema }) body: Output<typeof pauseRequestSchema>,
    @CallerParam() caller: Caller,
  ): Promise<CommandAnswer> {
    return this.commands.take(id, { type: 'pause', actor: caller.actor, reason: body.reason }, caller);
  }

  @Post('rollouts/:id/resume')
  @HttpCode(200)
  @Permit('operator')
  @Answers(commandAnswerSchema)
  resume(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: resumeRequestSchema }) body: Output<typeof resumeRequestSchema>,
    @CallerParam() caller: Caller,
  ): Promise<CommandAnswer> {
    return this.commands.take(
      id,
      { type: 'resume', accept: body.accept, actor: caller.actor, reason: body.reason },
      caller,
    );
  }

  @Post('rollouts/:id/retry')
  @HttpCode(200)
  @Permit('operator')
  @Answers(commandAnswerSchema)
  async retry(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: retryRequestSchema }) body: Output<typeof retryRequestSchema>,
    @CallerParam() caller: Caller,
  ): Promise<CommandAnswer> {
    const clusters = body.clusters ? { clusters: await this.commands.uidsOf(body.clusters) } : {};
    return this.commands.take(id, { type: 'retry', ...clusters, actor: caller.actor, reason: body.reason }, caller);
  }

  @Post('rollouts/:id/skip')
  @HttpCode(200)
  @Permit('operator')
  @Answers(commandAnswerSchema)
  async skip(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: skipRequestSchema }) body: Output<typeof skipRequestSchema>,
    @CallerParam() caller: Caller,
  ): Promise<CommandAnswer> {
    const named =
      body.clusters === undefined ? { wave: body.wave } : { clusters: await this.commands.uidsOf(body.clusters) };
    return this.commands.take(id, { type: 'skip', ...named, actor: caller.actor, reason: body.reason }, caller);
  }

  /** Takes the release back, running or long ended, by a rollout of its own. */
  @Post('rollouts/:id/rollback')
  @HttpCode(200)
  @Permit('operator')
  @Answers(commandAnswerSchema)
  rollback(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: rollbackRequestSchema }) body: Output<typeof rollbackRequestSchema>,
    @CallerParam() caller: Caller,
  ): Promise<CommandAnswer> {
    const { withoutPrevious, reason } = body;
    return this.commands.take(id, { type: 'rollback', withoutPrevious, actor: caller.actor, reason }, caller);
  }

  @Post('rollouts/:id/cancel')
  @HttpCode(200)
  @Permit('operator')
  @Answers(commandAnswerSchema)
  cancel(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: cancelRequestSchema }) body: Output<typeof cancelRequestSchema>,
    @CallerParam() caller: Caller,
  ): Promise<CommandAnswer> {
    return this.commands.take(id, { type: 'cancel', actor: caller.actor, reason: body.reason }, caller);
  }
}
