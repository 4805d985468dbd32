import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  grantAnswerSchema,
  grantRequestSchema,
  grantViewSchema,
  nameSchema,
  pageOf,
  toScope,
  toSubject,
  type GrantAnswer,
  type GrantRequest,
  type GrantView,
} from '#contract';
import type { JsonObject } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, Store, StoredGrant } from '#ports';
import { CLOCK, STORE } from '../parts.js';
import { CallerParam, Permit, type Caller } from './access/permit.js';
import { Answers } from './answers.js';
import { audit } from './audit.js';
import { scopeField } from './views/scope-field.js';
import { iso } from './views/time.js';

/** Who signs in reads all of theirs: more than this nobody looks after. */
const MAX_GRANTS = 1000;

/** What people who sign in may do, and where; tokens have a role and a scope of their own. */
@ApiTags('access')
@Controller('api/v1/grants')
export class GrantsController {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @Permit('admin', 'hub')
  @Answers(pageOf(grantViewSchema))
  async list(): Promise<{ items: GrantView[] }> {
    return { items: (await this.store.read.grants.list()).map(grantView) };
  }

  @Get(':name')
  @Permit('admin', 'hub')
  @Answers(grantViewSchema)
  async get(@Param('name', { schema: nameSchema }) name: string): Promise<GrantView> {
    const grant = await this.store.read.grants.get(name);
    if (!grant) throw notFound(name);
    return grantView(grant);
  }

  /** Makes a grant, or replaces all of the one that is there. Counts within seconds, also for who is signed in. */
  @Put(':name')
  @Permit('admin', 'hub')
  @Answers(grantAnswerSchema)
  async put(
    @Param('name', { schema: nameSchema }) name: string,
    @Body({ schema: grantRequestSchema }) { subject, role, scope, reason }: GrantRequest,
    @CallerParam() caller: Caller,
  ): Promise<GrantAnswer> {
    const now = this.clock.now();
    const asked = { name, subject: toSubject(subject), role, scope: toScope(scope) };
    return this.store.transact(async (unit) => {
      const all = await unit.grants.list();
      const before = all.find((each) => each.name === name) ?? null;
      if (before === null && all.length >= MAX_GRANTS) {
        throw new RejectedError('too-many-grants', `There are ${MAX_GRANTS} grants: give them to groups instead`, {
          status: 409,
        });
      }
      const result = await unit.grants.put({ ...asked, at: now, by: caller.actor });
      if (result !== 'unchanged') {
        const detail = { before: before === null ? null : terms(before), after: terms(asked) };
        await audit(unit, { now, caller }, 'grant.set', `Grant/${name}`, { reason, detail });
      }
      const grant = await unit.grants.get(name);
      if (!grant) throw new Error('a grant vanished while it was made');
      return { result, grant: grantView(grant) };
    });
  }

  @Delete(':name')
  @HttpCode(204)
  @Permit('admin', 'hub')
  async remove(@Param('name', { schema: nameSchema }) name: string, @CallerParam() caller: Caller): Promise<void> {
    await this.store.transact(async (unit) => {
      const before = await unit.grants.get(name);
      if (before === null || !(await unit.grants.remove(name))) throw notFound(name);
      const detail = { before: terms(before) };
      await audit(unit, { now: this.clock.now(), caller }, 'grant.delete', `Grant/${name}`, { detail });
    });
  }
}

function notFound(name: string): RejectedError {
  return new RejectedError('not-found', `Grant "${name}" does not exist`, { status: 404 });
}

function terms({ subject, role, scope }: Pick<StoredGrant, 'subject' | 'role' | 'scope'>): JsonObject {
  return { subject: { ...subject }, role, scope: scope as unknown as JsonObject };
}

function grantView({ scope, createdAt, updatedAt, ...grant }: StoredGrant): GrantView {
  return { ...grant, ...scopeField(scope), createdAt: iso(createdAt), updatedAt: iso(updatedAt) };
}
