import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { SETTINGS, type HubSettings } from '../../parts.js';
import type { Identifier, Identity } from '../access/identifier.js';
import { SESSION_COOKIE } from './cookies.js';
import { requireSameOrigin } from './same-origin.js';
import { Sessions, type KnownSession } from './sessions.js';

/** Knows people who are signed in: on a command line by `Authorization: Bearer fs_…`, in a browser by the session's cookie. */
@Injectable()
export class SessionIdentifier implements Identifier {
  constructor(
    private readonly sessions: Sessions,
    @Inject(SETTINGS) private readonly settings: HubSettings,
  ) {}

  async identify(request: FastifyRequest): Promise<Identity | null> {
    return (await this.known(request))?.identity ?? null;
  }

  /** With the session itself. Who sends a header means it: the cookie is not looked at then. */
  async known(request: FastifyRequest): Promise<KnownSession | null> {
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      return this.sessions.identify(/^Bearer (\S+)$/.exec(authorization)?.[1], 'cli');
    }
    const known = await this.sessions.identify(request.cookies[SESSION_COOKIE], 'browser');
    if (known !== null) requireSameOrigin(request.method, request.headers, this.settings.publicUrl);
    return known;
  }
}
