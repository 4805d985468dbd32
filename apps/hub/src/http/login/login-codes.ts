import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { sha256 } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, LoginCode, SessionOwner, Store } from '#ports';
import { CLOCK, STORE } from '../../parts.js';
import { audit } from '../audit.js';
import { Sessions, type NewSession } from './sessions.js';
import { signInLost, TICKET_MS } from './sign-in-ticket.js';

/** A code is on its way from one program to another of the same person. */
const CODE_MS = 60_000;

/** Codes that are good once: each becomes a session, or nothing. */
@Injectable()
export class LoginCodes {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly sessions: Sessions,
  ) {}

  /**
   * An answer of the identity provider counts once, also where the browser's cookie was copied.
   * @throws RejectedError (400) `sign-in-lost`
   */
  async spendState(state: string): Promise<void> {
    const now = this.clock.now();
    const isFirst = await this.store.read.loginCodes.add({
      hash: sha256(`state ${state}`),
      code: { purpose: 'state' },
      expiresAt: now + TICKET_MS,
      now,
    });
    if (!isFirst) throw signInLost();
  }

  /** For a command line that waits; only whoever knows what `challenge` is made of can use it. */
  async forCli(challenge: string, actor: string, owner: SessionOwner): Promise<string> {
    return this.make('fc_', { purpose: 'cli', challenge, actor, owner });
  }

  async forLink(
    link: Omit<Extract<LoginCode, { purpose: 'link' }>, 'purpose'>,
  ): Promise<{ code: string; expiresAt: number }> {
    const expiresAt = this.clock.now() + CODE_MS;
    return { code: await this.make('fl_', { purpose: 'link', ...link }), expiresAt };
  }

  /**
   * The session of a command line. A code that came with a wrong verifier is spent as well.
   * @throws RejectedError (401) `bad-code`
   */
  async redeemCli(code: string, verifier: string): Promise<{ actor: string; token: string; expiresAt: number }> {
    const found = await this.store.read.loginCodes.take(sha256(code), 'cli', this.clock.now());
    const isRight = found !== null && createHash('sha256').update(verifier).digest('base64url') === found.challenge;
    if (!isRight) throw badCode();
    const { actor, owner } = found;
    const { secret, expiresAt } = await this.store.transact((unit) =>
      this.sessions.begin(unit, { via: 'cli', actor, owner }),
    );
    return { actor, token: secret, expiresAt };
  }

  /**
   * What a link stands for; it is spent by it.
   * @throws RejectedError (401) `bad-code`
   */
  async redeemLink(code: string): Promise<NewSession> {
    const found = await this.store.read.loginCodes.take(sha256(code), 'link', this.clock.now());
    if (found === null) throw badCode();
    return { ...found, via: 'browser' };
  }

  private async make(prefix: string, code: LoginCode): Promise<string> {
    const text = `${prefix}${randomBytes(32).toString('base64url')}`;
    const now = this.clock.now();
    await this.store.transact(async (unit) => {
      await unit.loginCodes.add({ hash: sha256(text), code, expiresAt: now + CODE_MS, now });
      if (code.purpose !== 'link') return;
      await audit(unit, { now, caller: code }, 'session.link', `Session/${code.actor}`);
    });
    return text;
  }
}

function badCode(): RejectedError {
  return new RejectedError('bad-code', 'The code is unknown, was used, or is older than a minute: begin again', {
    status: 401,
  });
}
