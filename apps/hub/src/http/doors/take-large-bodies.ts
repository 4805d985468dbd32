import type { FastifyInstance } from 'fastify';
import { MOST_APPLY_BYTES } from '#contract';
import { NO_CREDENTIAL } from '../access/no-credential.js';
import { credentialKey } from './credential-key.js';
import { sendProblem } from './send-problem.js';

const APPLY = '/api/v1/apply';

/** One apply may be a whole fleet; of who shows no credential nothing of it is read. Called before any route is there. */
export function takeLargeBodies(server: FastifyInstance): void {
  server.addHook('onRoute', (route) => {
    if (route.url === APPLY) route.bodyLimit = MOST_APPLY_BYTES;
  });
  server.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url !== APPLY || credentialKey(request) !== null) return undefined;
    return sendProblem(reply, { status: 401, ...NO_CREDENTIAL });
  });
}
