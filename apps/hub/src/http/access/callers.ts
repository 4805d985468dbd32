import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { scopesFor, type Role } from '#domain';
import { RejectedError } from '#kit';
import { IDENTIFIERS, type Identifier, type Identity } from './identifier.js';
import { NO_CREDENTIAL } from './no-credential.js';
import type { Caller } from './permit.js';
import { lacksRole } from './refusals.js';

/** Tells who calls: whichever sort of credential the request bears. */
@Injectable()
export class Callers {
  constructor(@Inject(IDENTIFIERS) private readonly identifiers: readonly Identifier[]) {}

  /** @throws RejectedError `no-credential`, `bad-credential` (401), `no-grant`, `forbidden` (403), and as an identifier refuses. */
  async of(request: FastifyRequest, needed: Role): Promise<Caller> {
    const identity = await this.identify(request);
    const scopes = scopesFor(identity.grants, needed);
    if (scopes.length === 0) throw lacksRole(needed, identity);
    return { ...identity, scopes, sees: scopesFor(identity.grants, 'viewer') };
  }

  private async identify(request: FastifyRequest): Promise<Identity> {
    for (const identifier of this.identifiers) {
      const identity = await identifier.identify(request);
      if (identity) return identity;
    }
    throw new RejectedError(NO_CREDENTIAL.code, NO_CREDENTIAL.detail, { status: 401 });
  }
}
