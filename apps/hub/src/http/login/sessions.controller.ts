import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  pageOf,
  sessionLinkAnswerSchema,
  sessionViewSchema,
  type SessionLinkAnswer,
  type SessionView,
} from '#contract';
import { RejectedError } from '#kit';
import type { Clock, Store } from '#ports';
import { CLOCK, SETTINGS, STORE, type HubSettings } from '../../parts.js';
import { CallerParam, Permit, type Caller } from '../access/permit.js';
import { Answers } from '../answers.js';
import { iso } from '../views/time.js';
import { SessionDoor } from './session-door.js';

const idSchema = z.uuid('must be the id of a session');

/** People who are signed in. */
@ApiTags('access')
@Controller('api/v1/sessions')
export class SessionsController {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: HubSettings,
    private readonly door: SessionDoor,
  ) {}

  /** Newest first. */
  @Get()
  @Permit('admin', 'hub')
  @Answers(pageOf(sessionViewSchema))
  async list(): Promise<{ items: SessionView[] }> {
    const now = this.clock.now();
    const sessions = await this.store.read.sessions.list(now);
    const { idleMs } = this.settings.login;
    return {
      items: sessions
        .filter(({ usedAt }) => usedAt + idleMs > now)
        .map(({ id, via, actor, createdAt, expiresAt, usedAt }) => ({
          id,
          via,
          actor,
          createdAt: iso(createdAt),
          usedAt: iso(usedAt),
          expiresAt: iso(expiresAt),
        })),
    };
  }

  /** Ends one, with the browsers that were opened from it. */
  @Delete(':id')
  @HttpCode(204)
  @Permit('admin', 'hub')
  async end(@Param('id', { schema: idSchema }) id: string, @CallerParam() caller: Caller): Promise<void> {
    if (await this.door.end(id, caller.actor)) return;
    throw new RejectedError('not-found', `Session "${id}" does not exist`, { status: 404 });
  }

  /** An address that puts one browser in with the caller's rights: once, within a minute, and until the caller's own end. */
  @Post('link')
  @HttpCode(200)
  @Permit('viewer', 'anybody')
  @Answers(sessionLinkAnswerSchema)
  async link(@CallerParam() caller: Caller): Promise<SessionLinkAnswer> {
    const { code, expiresAt } = await this.door.linkOf(caller);
    return { url: `${this.settings.publicUrl}/auth/link/${code}`, expiresAt: iso(expiresAt) };
  }

  /** Ends the caller's own session; whoever has rights or none may go. */
  @Post('end')
  @HttpCode(204)
  @Permit('public')
  async logout(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    await this.door.leave(request, reply);
  }
}
