import type { FastifyInstance } from 'fastify';
import { BugError } from '#kit';
import type { DeclaredRoute } from './require-permits.js';

/**
 * Refuses every route that no controller declares, whoever adds it and however: what has no declaration passes no guard. To be
 * called before the first route is added.
 * @throws BugError `undeclared-route`, to whoever adds one.
 */
export function refuseUndeclared(server: Pick<FastifyInstance, 'addHook'>, declared: readonly DeclaredRoute[]): void {
  const known = new Set(declared.map(({ method, path }) => `${method} ${path}`));
  server.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) {
      // The framework answers HEAD by what is declared for GET, guard included.
      const name = `${each === 'HEAD' ? 'GET' : each} ${url}`;
      if (!known.has(name)) throw new BugError('undeclared-route', `${name} is a route that no controller declares`);
    }
  });
}
