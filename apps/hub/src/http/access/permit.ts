import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Role, Scope } from '#domain';
import type { Identity } from './identifier.js';

/** `public`: the route checks something else than a caller's credential, or holds nothing worth one. */
export type Permission = Role | 'public';

/**
 * What a route is about, for the scope of whoever calls it. Names are those of its path's parameters.
 * `hub`: the installation as a whole, for those whose role has no bounds. `anybody`: nothing that is somebody's.
 * `filtered`: several objects; the handler itself shows and touches what the caller's scopes hold, and nothing else.
 * All others: that one object, which for those who can't see it does not exist.
 */
export type PermitTarget =
  | 'hub'
  | 'anybody'
  | 'filtered'
  /** `whole`: with all that runs on it, so a scope that names applications is not enough. */
  | { readonly cluster: string; readonly whole?: true }
  /** The application on that cluster, by one scope that holds both. */
  | { readonly cluster: string; readonly application: string }
  /** `whole`: with all its clusters, also those that its placement may take one day. Else the handler leaves out the others. */
  | { readonly application: string; readonly whole?: true }
  /**
   * All clusters that it was planned for. `part`: those that the caller's scopes hold, the handler leaves out the others.
   * `placement`: also those that it may be planned for now.
   */
  | { readonly rollout: string; readonly part?: true; readonly placement?: true }
  /** Seen by whoever sees an application that uses it. */
  | { readonly source: string }
  | { readonly strategy: string };

export const PERMISSION = 'flotilla:permission';
export const PERMIT_TARGET = 'flotilla:permit-target';

/**
 * The least role that may call a route, and on what: the guard sees to both before the handler runs. The hub refuses to start with
 * a route that does not say them.
 */
export function Permit(permission: 'public'): MethodDecorator;
export function Permit(permission: Role, target: PermitTarget): MethodDecorator;
export function Permit(permission: Permission, target?: PermitTarget): MethodDecorator {
  return applyDecorators(
    SetMetadata(PERMISSION, permission),
    ...(target === undefined ? [] : [SetMetadata(PERMIT_TARGET, target)]),
  );
}

/** Who calls, and how far what they call reaches for them. */
export interface Caller extends Identity {
  /** Where they may do what this route does. */
  readonly scopes: readonly Scope[];
  /** Where they may look: at least as far. */
  readonly sees: readonly Scope[];
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
