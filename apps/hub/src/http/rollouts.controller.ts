import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import {
  atQuerySchema,
  pageOf,
  rolloutQuerySchema,
  rolloutViewSchema,
  targetQuerySchema,
  targetViewSchema,
  type RolloutView,
  type TargetView,
} from '#contract';
import type { Page, Store } from '#ports';
import { STORE } from '../parts.js';
import { CallerParam, Permit, type Caller } from './access/permit.js';
import { Answers } from './answers.js';
import { PastReader } from './past-reader.js';
import { RolloutReader } from './rollout-reader.js';
import { targetView } from './views/rollout-view.js';

const idSchema = z.string().min(1).max(80);
type Output<T extends z.ZodType> = z.output<T>;

/** Rollouts as they stand. */
@ApiTags('rollouts')
@Controller('api/v1')
export class RolloutsController {
  constructor(
    @Inject(STORE) private readonly store: Store,
    private readonly reader: RolloutReader,
    private readonly past: PastReader,
  ) {}

  /** Those of which the caller's scopes hold every cluster. */
  @Get('rollouts')
  @Permit('viewer', 'filtered')
  @Answers(pageOf(rolloutViewSchema))
  async list(
    @Query({ schema: rolloutQuerySchema }) query: Output<typeof rolloutQuerySchema>,
    @CallerParam() { scopes }: Caller,
  ): Promise<Page<RolloutView>> {
    const { application, ...page } = query;
    const { items, next } = await this.store.read.rollouts.list(application ?? null, { ...page, scopes });
    const headers = new Map((await this.store.read.rollouts.headers()).map((header) => [header.application, header]));
    const freeze = await this.store.read.freeze.get();
    const views = await Promise.all(
      items.map(({ application: name, rollout }) => {
        const header = headers.get(name) ?? null;
        const present = header?.rollout?.id === rollout.id;
        return this.reader.view({ application: name, rollout, header, present }, { freeze });
      }),
    );
    return { items: views, ...(next && { next }) };
  }

  /** By id (`web-12`), or an application's name for its newest; `at`: as it was then. */
  @Get('rollouts/:id')
  @Permit('viewer', { rollout: 'id' })
  @Answers(rolloutViewSchema)
  async get(
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: atQuerySchema }) { at }: Output<typeof atQuerySchema>,
  ): Promise<RolloutView> {
    if (at !== undefined) return this.past.rollout(id, at);
    return this.reader.view(await this.reader.find(id));
  }

  /** Those on clusters that the caller's scopes hold. */
  @Get('rollouts/:id/targets')
  @Permit('viewer', { rollout: 'id', part: true })
  @Answers(pageOf(targetViewSchema))
  async targets(
    @Param('id', { schema: idSchema }) id: string,
    @Query({ schema: targetQuerySchema }) query: Output<typeof targetQuerySchema>,
    @CallerParam() { scopes }: Caller,
  ): Promise<Page<TargetView>> {
    const { at, ...wanted } = query;
    if (at !== undefined) return this.past.targets(id, at, { ...wanted, scopes });
    const { application, rollout } = await this.reader.find(id);
    const { items, next } = await this.store.read.rollouts.targets(application, rollout.number, {
      ...wanted,
      scopes,
    });
    return { items: items.map((row) => targetView(row, rollout.waves)), ...(next && { next }) };
  }
}
