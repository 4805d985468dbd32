import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import {
  auditQuerySchema,
  auditViewSchema,
  createTokenAnswerSchema,
  createTokenRequestSchema,
  nameSchema,
  pageOf,
  tokenViewSchema,
  toScope,
  whoamiSchema,
  type AuditView,
  type CreateTokenAnswer,
  type TokenView,
  type Whoami,
} from '#contract';
import { isUnbounded, parseDuration, type JsonObject, type Role } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, Page, Store, StoredToken } from '#ports';
import { CLOCK, STORE } from '../parts.js';
import { makeToken } from './access/make-token.js';
import { CallerParam, Permit, type Caller } from './access/permit.js';
import { Answers } from './answers.js';
import { audit } from './audit.js';
import { scopeField } from './views/scope-field.js';
import { iso, isoField, msOf } from './views/time.js';

/** API tokens, and what was done with them. */
@ApiTags('access')
@Controller('api/v1')
export class TokensController {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get('whoami')
  @Permit('viewer', 'anybody')
  @Answers(whoamiSchema)
  whoami(@CallerParam() caller: Caller): Whoami {
    const { actor, via, grants } = caller;
    const shown = grants.map(({ role, scope }) => ({ role, ...scopeField(scope) }));
    return { actor, role: strongest(caller), grants: shown, via };
  }

  @Get('tokens')
  @Permit('admin', 'hub')
  @Answers(pageOf(tokenViewSchema))
  async list(): Promise<{ items: TokenView[] }> {
    return { items: (await this.store.read.tokens.list()).map(tokenView) };
  }

  @Post('tokens')
  @Permit('admin', 'hub')
  @Answers(createTokenAnswerSchema)
  async create(
    @Body({ schema: createTokenRequestSchema }) body: z.output<typeof createTokenRequestSchema>,
    @CallerParam() caller: Caller,
  ): Promise<CreateTokenAnswer> {
    const now = this.clock.now();
    const expiresAt = body.ttl === undefined ? null : now + (parseDuration(body.ttl) ?? 0);
    return this.store.transact(async (unit) => {
      const scope = toScope(body.scope);
      const { id, secret } = await makeToken(unit, { ...body, scope, createdBy: caller.actor, now, expiresAt });
      const detail = { role: body.role, scope: scope as unknown as JsonObject };
      await audit(unit, { now, caller }, 'token.create', `Token/${body.name}`, { detail });
      const stored = (await unit.tokens.list()).find((token) => token.id === id);
      if (!stored) throw new Error('a token vanished while it was made');
      return { token: secret, view: tokenView(stored) };
    });
  }

  /** Ends a token by its name or id. */
  @Delete('tokens/:name')
  @HttpCode(204)
  @Permit('admin', 'hub')
  async revoke(
    @Param('name', { schema: z.union([nameSchema, z.uuid()]) }) name: string,
    @CallerParam() caller: Caller,
  ): Promise<void> {
    await this.store.transact(async (unit) => {
      const tokens = await unit.tokens.list();
      const live = tokens.filter(({ revokedAt }) => revokedAt === null);
      const token = live.find((each) => each.name === name || each.id === name);
      if (!token) throw new RejectedError('not-found', `Token "${name}" does not exist`, { status: 404 });
      // A token that expires or has bounds is nobody to rely on: afterwards the hub would be without an admin.
      const admins = live.filter(
        ({ role, scope, expiresAt }) => role === 'admin' && isUnbounded([scope]) && expiresAt === null,
      );
      if (admins.length === 1 && admins[0]?.id === token.id) {
        throw new RejectedError(
          'last-admin',
          `Token "${name}" is the last admin's that neither expires nor has bounds: make another one first`,
          { status: 409 },
        );
      }
      const now = this.clock.now();
      await unit.tokens.revoke(token.id, now);
      await audit(unit, { now, caller }, 'token.revoke', `Token/${token.name}`);
    });
  }

  /** Who did what; newest first unless told. */
  @Get('audit')
  @Permit('admin', 'hub')
  @Answers(pageOf(auditViewSchema))
  async audit(
    @Query({ schema: auditQuerySchema }) { order, from, to, ...query }: z.output<typeof auditQuerySchema>,
  ): Promise<Page<AuditView>> {
    const { items, next } = await this.store.read.audit.list({ ...query, from: msOf(from), to: msOf(to) }, order);
    const views = items.map(({ at, reason, detail, ...entry }) => ({
      ...entry,
      at: iso(at),
      ...(reason && { reason }),
      ...(detail && { detail }),
    }));
    return { items: views, ...(next && { next }) };
  }
}

function strongest({ grants }: Caller): Role {
  const roles = new Set(grants.map(({ role }) => role));
  return (['admin', 'operator', 'approver'] as const).find((role) => roles.has(role)) ?? 'viewer';
}

function tokenView(token: StoredToken): TokenView {
  return {
    id: token.id,
    name: token.name,
    ...(token.email && { email: token.email }),
    role: token.role,
    ...scopeField(token.scope),
    createdAt: iso(token.createdAt),
    createdBy: token.createdBy,
    ...isoField('expiresAt', token.expiresAt),
    ...isoField('lastUsedAt', token.lastUsedAt),
    ...isoField('revokedAt', token.revokedAt),
  };
}
