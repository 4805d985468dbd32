import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { sha256 } from '#domain';
import { BugError, RejectedError } from '#kit';
import type { Clock, Store, StoredToken } from '#ports';
import { CLOCK, STORE } from '../../parts.js';
import { PERMISSION, roleAllows, type Permission, type RequestWithCaller } from './permit.js';

/** For so long a token is believed without asking the database again; a revoked one dies within it. */
const BELIEVED_MS = 2000;
const MAX_BELIEVED = 1000;

/** Nobody is let in without a credential. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly believed = new Map<string, { readonly token: StoredToken; readonly until: number }>();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const permission = this.reflector.get<Permission | undefined>(PERMISSION, context.getHandler());
    if (permission === undefined) throw new BugError('undeclared-route', 'a route declares no permission');
    if (permission === 'public') return true;
    const request = context.switchToHttp().getRequest<RequestWithCaller>();
    const token = await this.tokenOf(request.headers.authorization);
    if (!roleAllows(token.role, permission)) {
      throw new RejectedError(
        'forbidden',
        `This needs the role ${permission}; the token "${token.name}" has ${token.role}`,
        { status: 403 },
      );
    }
    request.caller = { actor: `token:${token.name}`, role: token.role, email: token.email };
    return true;
  }

  private async tokenOf(header: string | undefined): Promise<StoredToken> {
    const presented = /^Bearer (ft_[A-Za-z0-9_-]{20,100})$/.exec(header ?? '')?.[1];
    if (!presented) {
      throw new RejectedError(
        'no-credential',
        'Send "Authorization: Bearer <API token>"; `flotilla token create` makes one',
        { status: 401 },
      );
    }
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
    return token;
  }
}
