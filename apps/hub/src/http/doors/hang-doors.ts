import cookie from '@fastify/cookie';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import type { DeclaredRoute } from '../access/require-permits.js';
import type { DoorSettings } from './doors.config.js';
import { compressLists } from './compress-lists.js';
import { limitRates } from './rate-limits.js';
import { secureHeaders } from './security-headers.js';
import { takeLargeBodies } from './take-large-bodies.js';

/** What stands before every route: headers first, so that a refusal has them too. Called before any route is there. */
export async function hangDoors(
  server: FastifyInstance,
  settings: DoorSettings,
  routes: readonly DeclaredRoute[],
): Promise<void> {
  await secureHeaders(server);
  await server.register(cookie);
  await compressLists(server);
  // Gives its way of sending files alone: the routes are declared as all others.
  await server.register(fastifyStatic, { serve: false, preCompressed: true, cacheControl: false, index: false });
  await limitRates(server, settings, routes);
  takeLargeBodies(server);
}
