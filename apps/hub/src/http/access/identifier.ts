import type { FastifyRequest } from 'fastify';
import type { Grant } from '#domain';

/** Who calls, by a credential that was checked: what they may do is not looked at yet. */
export interface Identity {
  /** As the history and the audit have it: `token:<name>` or `user:<mail address>`. */
  readonly actor: string;
  /** A person's mail address, where one is known. */
  readonly email: string | null;
  /** None: somebody who is known, and may do nothing. */
  readonly grants: readonly Grant[];
  readonly via: 'token' | 'session';
  /** Of the token or the session, never its text: what limits count by. Two callers never share one. */
  readonly id: string;
}

/** Knows one sort of credential. */
export interface Identifier {
  /**
   * Null: the request bears nothing of this sort, and the next identifier is asked.
   * @throws RejectedError (401) it does, and that is unknown, revoked or expired; (403) it is sent in a way that is refused.
   */
  identify(request: FastifyRequest): Promise<Identity | null>;
}

/** Injection token: every Identifier, in the order in which they are asked. The first that knows the caller decides. */
export const IDENTIFIERS = Symbol('Identifiers');
