import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  credentialRequestSchema,
  credentialViewSchema,
  nameSchema,
  pageOf,
  type CredentialRequest,
  type CredentialView,
} from '#contract';
import type { Clock, Store } from '#ports';
import type { GitCredentials } from '../installation/git-credentials.js';
import { CLOCK, GIT_CREDENTIALS, STORE } from '../parts.js';
import { CallerParam, Permit, type Caller } from './access/permit.js';
import { Answers } from './answers.js';
import { audit } from './audit.js';
import { iso } from './views/time.js';

/** What lets the hub in at Git hosts: written, and never shown again. */
@ApiTags('sources')
@Controller('api/v1/credentials')
export class CredentialsController {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(GIT_CREDENTIALS) private readonly credentials: GitCredentials,
  ) {}

  @Get()
  @Permit('operator', 'hub')
  @Answers(pageOf(credentialViewSchema))
  async list(): Promise<{ items: CredentialView[] }> {
    const all = await this.credentials.list();
    return {
      items: all.map(({ credential: { username, createdAt, updatedAt, ...shown }, sources }) => ({
        ...shown,
        ...(username !== null && { username }),
        sources: [...sources],
        createdAt: iso(createdAt),
        updatedAt: iso(updatedAt),
      })),
    };
  }

  /** Makes a credential or replaces what it holds; sources use it from their next look on. */
  @Put(':name')
  @HttpCode(204)
  @Permit('admin', 'hub')
  async put(
    @Param('name', { schema: nameSchema }) name: string,
    @Body({ schema: credentialRequestSchema }) body: CredentialRequest,
    @CallerParam() caller: Caller,
  ): Promise<void> {
    const now = this.clock.now();
    const { kind, host } = body;
    await this.store.transact(async (unit) => {
      const what = await this.credentials.put(unit, name, body, { at: now, by: caller.actor });
      const detail = { kind, host, what };
      await audit(unit, { now, caller }, 'credential.set', `Credential/${name}`, { reason: body.reason, detail });
    });
  }

  @Delete(':name')
  @HttpCode(204)
  @Permit('admin', 'hub')
  async remove(@Param('name', { schema: nameSchema }) name: string, @CallerParam() caller: Caller): Promise<void> {
    await this.store.transact(async (unit) => {
      await this.credentials.remove(unit, name);
      await audit(unit, { now: this.clock.now(), caller }, 'credential.delete', `Credential/${name}`);
    });
  }
}
