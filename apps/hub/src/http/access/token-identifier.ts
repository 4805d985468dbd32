import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { sha256 } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, Store, StoredToken } from '#ports';
import { CLOCK, STORE } from '../../parts.js';
import type { Identifier, Identity } from './identifier.js';

/** For so long a token is believed without asking the database again; a revoked one dies within it. */
const BELIEVED_MS = 2000;
const MAX_BELIEVED = 1000;

/** Knows API tokens: `Authorization: Bearer ft_…`. */
@Injectable()
export class TokenIdentifier implements Identifier {
  private readonly believed = new Map<string, { readonly token: StoredToken; readonly until: number }>();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async identify({ headers }: Pick<FastifyRequest, 'headers'>): Promise<Identity | null> {
    const presented = /^Bearer (ft_[A-Za-z0-9_-]{20,100})$/.exec(headers.authorization ?? '')?.[1];
    if (!presented) return null;
    const now = this.clock.now();
    const hash = sha256(presented);
    const known = this.believed.get(hash);
    const token = known && known.until > now ? known.token : await this.store.read.tokens.byHash(hash);
    if (!token || token.revokedAt !== null || (token.expiresAt !== null && token.expiresAt <= now)) {
      this.believed.delete(hash);
      throw new RejectedError('bad-credential', 'The API token is unknown, revoked or expired', { status: 401 });
    }
    if (token !== known?.token) {
      if (this.believed.size >= MAX_BELIEVED) this.believed.clear();
      this.believed.set(hash, { token, until: now + BELIEVED_MS });
      await this.store.read.tokens.touch(token.id, now);
    }
    return identityOf(token);
  }
}

function identityOf({ id, name, email, role, scope }: StoredToken): Identity {
  return { actor: `token:${name}`, email, grants: [{ role, scope }], via: 'token', id: `token:${id}` };
}
