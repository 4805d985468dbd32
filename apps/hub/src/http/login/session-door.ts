import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RejectedError } from '#kit';
import type { Store } from '#ports';
import { STORE } from '../../parts.js';
import type { Identity } from '../access/identifier.js';
import { dropCookie, SESSION_COOKIE } from './cookies.js';
import { LoginCodes } from './login-codes.js';
import { SessionIdentifier } from './session-identifier.js';
import { Sessions } from './sessions.js';

/** What somebody who is in does with that: opens a browser beside, goes, or puts others out. */
@Injectable()
export class SessionDoor {
  constructor(
    @Inject(STORE) private readonly store: Store,
    private readonly codes: LoginCodes,
    private readonly sessions: Sessions,
    private readonly identifier: SessionIdentifier,
  ) {}

  end(id: string, by: string): Promise<boolean> {
    return this.sessions.end(id, by);
  }

  /** The code of a link that gives a browser the caller's rights. */
  async linkOf({
    id,
    via,
    actor,
  }: Pick<Identity, 'id' | 'via' | 'actor'>): Promise<{ code: string; expiresAt: number }> {
    const own = id.slice(id.indexOf(':') + 1);
    if (via === 'token') {
      const token = await this.store.read.tokens.byId(own);
      return this.codes.forLink({
        actor,
        owner: { kind: 'token', tokenId: own },
        parent: null,
        endsAt: token?.expiresAt ?? null,
      });
    }
    const session = await this.store.read.sessions.byId(own);
    if (session === null)
      throw new RejectedError('bad-credential', 'The session is over: sign in again', { status: 401 });
    return this.codes.forLink({ actor, owner: session.owner, parent: own, endsAt: session.expiresAt });
  }

  /** @throws RejectedError (401) `no-credential`, `bad-credential`; (403) `cross-site` */
  async leave(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const known = await this.identifier.known(request);
    if (known === null) {
      throw new RejectedError(
        'no-credential',
        'Only a session can be ended so; `flotilla token revoke` ends an API token',
        {
          status: 401,
        },
      );
    }
    await this.sessions.end(known.session.id, known.identity.actor);
    if (known.session.via === 'browser') dropCookie(reply, SESSION_COOKIE);
  }
}
