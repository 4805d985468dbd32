import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/** Of everything that is no page: nothing in it is ever run, shown in a frame, or sent anywhere. */
export const API_CSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** What an answer bears that is given before anything of the application is reached. */
export const EARLY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': API_CSP,
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': `max-age=${365 * 86_400}`,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Of a page: its own files and this API, nothing inline, nothing from elsewhere. */
export const PAGE_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const YEAR_S = 365 * 86_400;

/**
 * What browsers are told with every answer. There is no CORS: whoever is of another origin reads nothing here.
 * Called before any route is there.
 */
export async function secureHeaders(server: FastifyInstance): Promise<void> {
  await server.register(helmet, {
    global: true,
    contentSecurityPolicy: false,
    strictTransportSecurity: { maxAge: YEAR_S, includeSubDomains: false },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
  });
  server.addHook('onRequest', async (_request, reply) => {
    // On the raw answer, as what streams is written there; a reply's own header stands above it.
    reply.raw.setHeader('content-security-policy', API_CSP);
    reply.raw.setHeader('cache-control', 'no-store');
  });
  server.addHook('onSend', async (_request, reply, payload) => {
    const type = reply.getHeader('content-type');
    if (typeof type === 'string' && type.startsWith('text/html')) reply.header('content-security-policy', PAGE_CSP);
    return payload;
  });
}
