import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { BugError } from '#kit';
import { PERMISSION, PERMIT_TARGET, type Permission, type PermitTarget } from './permit.js';

/** A route as its controller declares it. */
export interface DeclaredRoute {
  /** `RolloutsController.get`, for whoever mends it. */
  readonly handler: string;
  readonly method: string;
  /** As the router takes it: `/api/v1/rollouts/:id`. */
  readonly path: string;
  readonly permission: Permission;
  /** Null of `public` alone. */
  readonly target: PermitTarget | null;
}

/**
 * Every route of the controllers. Refuses one that does not say who may call it and on what: better no hub than one with a door
 * that was forgotten.
 * @throws BugError `undeclared-route`
 */
export function requirePermits(controllers: readonly Type[]): readonly DeclaredRoute[] {
  return controllers.flatMap((controller) => {
    const prototype = controller.prototype as object;
    return Object.getOwnPropertyNames(prototype).flatMap((name) => {
      const handler: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
      // The controller itself has a path too.
      if (typeof handler !== 'function' || handler === controller) return [];
      if (!Reflect.hasMetadata(PATH_METADATA, handler)) return [];
      return pathsOf(controller, handler).map((path) => routeOf(`${controller.name}.${name}`, handler, path));
    });
  });
}

function routeOf(name: string, handler: object, path: string): DeclaredRoute {
  const permission = Reflect.getMetadata(PERMISSION, handler) as Permission | undefined;
  if (permission === undefined) throw new BugError('undeclared-route', `${name} is a route without @Permit`);
  const target = (Reflect.getMetadata(PERMIT_TARGET, handler) as PermitTarget | undefined) ?? null;
  if ((target === null) !== (permission === 'public')) {
    throw new BugError('undeclared-route', `${name} must say in @Permit what it is about, unless it is public`);
  }
  for (const parameter of parametersOf(target)) {
    if (path.split('/').includes(`:${parameter}`)) continue;
    throw new BugError('undeclared-route', `${name} is about ":${parameter}", which its path ${path} does not have`);
  }
  const method = (Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined) ?? RequestMethod.GET;
  return { handler: name, method: RequestMethod[method], path, permission, target };
}

/** Names of the path's parameters that a target is found by. */
export function parametersOf(target: PermitTarget | null): readonly string[] {
  if (target === null || typeof target === 'string') return [];
  return Object.values(target).filter((value): value is string => typeof value === 'string');
}

function pathsOf(controller: Type, handler: object): readonly string[] {
  const all = (owner: object): readonly string[] =>
    [Reflect.getMetadata(PATH_METADATA, owner) as string | readonly string[] | undefined]
      .flat()
      .map((each) => each ?? '');
  return all(controller).flatMap((prefix) =>
    all(handler).map((path) => `/${[...prefix.split('/'), ...path.split('/')].filter(Boolean).join('/')}`),
  );
}
