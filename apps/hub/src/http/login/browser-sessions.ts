import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FlotillaError, RejectedError } from '#kit';
import type { Clock, Store } from '#ports';
import { CLOCK, STORE } from '../../parts.js';
import { SESSION_COOKIE, setCookie } from './cookies.js';
import { Sessions, type KnownSession, type NewSession } from './sessions.js';

/** Puts a browser in and out. */
@Injectable()
export class BrowserSessions {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly sessions: Sessions,
  ) {}

  /** A session under a secret that nobody knew before; the one that the browser had ends. */
  async open(request: FastifyRequest, reply: FastifyReply, session: NewSession): Promise<void> {
    const before = await this.present(request);
    const { secret, expiresAt } = await this.store.transact((unit) => this.sessions.begin(unit, session));
    setCookie(reply, SESSION_COOKIE, secret, expiresAt - this.clock.now());
    if (before !== null) await this.sessions.end(before.session.id, before.identity.actor);
  }

  /**
   * Whoever sends a link must not make somebody else of its reader without their noticing.
   * @throws RejectedError (409) `signed-in-already`
   */
  async requireNobodyElse(request: FastifyRequest, actor: string): Promise<void> {
    const before = await this.present(request);
    if (before === null || before.identity.actor === actor) return;
    throw new RejectedError(
      'signed-in-already',
      `This browser is signed in as ${before.identity.actor}, and the link is of ${actor}: sign out first`,
      { status: 409 },
    );
  }

  private async present(request: FastifyRequest): Promise<KnownSession | null> {
    try {
      return await this.sessions.identify(request.cookies[SESSION_COOKIE], 'browser');
    } catch (error) {
      // One that is over is none.
      if (error instanceof FlotillaError && error.kind === 'rejected') return null;
      throw error;
    }
  }
}
