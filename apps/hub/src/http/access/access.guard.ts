import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { BugError } from '#kit';
import { Callers } from './callers.js';
import { PERMISSION, PERMIT_TARGET, type Permission, type PermitTarget, type RequestWithCaller } from './permit.js';
import { TargetCheck } from './target-check.js';

/** Nobody is let in without a credential, and nobody to what is not theirs. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly callers: Callers,
    private readonly targets: TargetCheck,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const handler = context.getHandler();
    const permission = this.reflector.get<Permission | undefined>(PERMISSION, handler);
    if (permission === 'public') return true;
    const target = this.reflector.get<PermitTarget | undefined>(PERMIT_TARGET, handler);
    if (permission === undefined || target === undefined) {
      throw new BugError('undeclared-route', 'a route does not say who may call it, and on what');
    }
    const request = context.switchToHttp().getRequest<RequestWithCaller>();
    const caller = await this.callers.of(request, permission);
    await this.targets.check(caller, permission, target, request.params as Readonly<Record<string, string>>);
    request.caller = caller;
    return true;
  }
}
