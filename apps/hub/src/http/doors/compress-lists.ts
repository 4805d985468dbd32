import compress, { type FastifyCompressRouteOptions } from '@fastify/compress';
import type { FastifyInstance } from 'fastify';

/**
 * What is long and holds nothing secret. Nothing else is compressed: the length of a compressed answer tells whether a secret in it
 * is like something that an attacker had put beside it.
 */
const LISTS = [
  '/api/v1/fleet',
  '/api/v1/fleet/cells',
  '/api/v1/clusters',
  '/api/v1/applications',
  '/api/v1/rollouts',
  '/api/v1/rollouts/:id',
  '/api/v1/rollouts/:id/targets',
  '/api/v1/releases',
  '/api/v1/events',
  '/api/v1/schemas/:kind',
  '/api/v1/openapi.json',
];

const HOW: FastifyCompressRouteOptions['compress'] = { encodings: ['br', 'gzip'], threshold: 2048 };

/** Called before any route is there. */
export async function compressLists(server: FastifyInstance): Promise<void> {
  server.addHook('onRoute', (route) => {
    if (LISTS.includes(route.url) && route.method === 'GET') Object.assign(route, { compress: HOW });
  });
  // What is sent here compressed stays so: taking it apart could cost any amount of memory.
  await server.register(compress, { global: false, globalDecompression: false });
}
