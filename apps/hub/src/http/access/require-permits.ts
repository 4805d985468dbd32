import type { Type } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { BugError } from '#kit';
import { PERMISSION } from './permit.js';

/**
 * Refuses controllers with a route that does not say who may call it: better no hub than one with a door that was forgotten.
 * @throws BugError `undeclared-route`
 */
export function requirePermits(controllers: readonly Type[]): void {
  for (const controller of controllers) {
    const prototype = controller.prototype as object;
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const handler: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
      // The controller itself has a path too.
      if (typeof handler !== 'function' || handler === controller) continue;
      if (!Reflect.hasMetadata(PATH_METADATA, handler)) continue;
      if (!Reflect.hasMetadata(PERMISSION, handler)) {
        throw new BugError('undeclared-route', `${controller.name}.${name} is a route without @Permit`);
      }
    }
  }
}
