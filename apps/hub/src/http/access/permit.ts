import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Role } from '#ports';

/** `public`: the route checks something else than an API token, or holds nothing worth one. */
export type Permission = Role | 'public';

export const PERMISSION = 'flotilla:permission';

/** The least role that may call a route. Every route has one: the hub refuses to start with a route that does not. */
export const Permit = (permission: Permission): MethodDecorator => SetMetadata(PERMISSION, permission);

/** Who calls. */
export interface Caller {
  /** `token:<name>`, as the history and the audit have it. */
  readonly actor: string;
  readonly role: Role;
}

export interface RequestWithCaller extends FastifyRequest {
  caller?: Caller;
}

/** Parameter decorator: the caller of a route that is not public. */
export const CallerParam = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<RequestWithCaller>();
  if (!caller) throw new Error('a public route has no caller');
  return caller;
});

const RANK: Readonly<Record<Role, number>> = { viewer: 0, approver: 1, operator: 2, admin: 3 };

/**
 * Whether a role may do what `needed` asks for. Viewers read; approvers also approve; operators also run rollouts and declare objects;
 * admins also register clusters and make tokens.
 */
export function roleAllows(role: Role, needed: Role): boolean {
  return RANK[role] >= RANK[needed];
}
