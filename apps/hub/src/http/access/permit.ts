import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Role } from '#domain';

/** `public`: the route checks something else than an API token, or holds nothing worth one. */
export type Permission = Role | 'public';

/**
 * What a route is about, for the scope of whoever calls it. Names are those of its path's parameters.
 * `hub`: the installation as a whole, for those whose role has no bounds. `anybody`: nothing that is somebody's.
 * `filtered`: several objects; the handler itself shows and touches what the caller's scopes hold, and nothing else.
 * `cluster`, `application`, `rollout`: that one object, which for those who can't see it does not exist.
 */
export type PermitTarget =
  | 'hub'
  | 'anybody'
  | 'filtered'
  | { readonly cluster: string }
  | { readonly application: string }
  | { readonly rollout: string }
  | { readonly cluster: string; readonly application: string };

export const PERMISSION = 'flotilla:permission';
export const PERMIT_TARGET = 'flotilla:permit-target';

/** The least role that may call a route, and on what. Every route has one: the hub refuses to start with a route that does not. */
export const Permit = (permission: Permission, target?: PermitTarget): MethodDecorator =>
  applyDecorators(
    SetMetadata(PERMISSION, permission),
    ...(target === undefined ? [] : [SetMetadata(PERMIT_TARGET, target)]),
  );

/** Who calls. */
export interface Caller {
  /** `token:<name>`, as the history and the audit have it. */
  readonly actor: string;
  readonly role: Role;
  /** The mail address of whom the token was made for, where it was told. */
  readonly email: string | null;
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

/** Whoever approves is not whoever rolls out: an operator's token approves nothing, only an admin's does both. */
const MAY: Readonly<Record<Role, readonly Role[]>> = {
  viewer: ['viewer'],
  approver: ['viewer', 'approver'],
  operator: ['viewer', 'operator'],
  admin: ['viewer', 'approver', 'operator', 'admin'],
};

/**
 * Whether a role may do what `needed` asks for. Viewers read; approvers also say yes or no to gates; operators also run rollouts,
 * freeze, hold and declare objects; admins do all of it, register clusters and make tokens.
 */
export function roleAllows(role: Role, needed: Role): boolean {
  return MAY[role].includes(needed);
}
