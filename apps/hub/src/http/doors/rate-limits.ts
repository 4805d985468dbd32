import rateLimit, { type CreateRateLimitOptions } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DeclaredRoute } from '../access/require-permits.js';
import { PAGE_FILES, PAGE_PATHS } from '../page/page-paths.js';
import { addressKey, credentialKey, joinTokenKey } from './credential-key.js';
import type { DoorSettings } from './doors.config.js';
import { KnownCallers } from './known-callers.js';
import { sendProblem } from './send-problem.js';
import { StreamPlaces } from './stream-places.js';

/** Bursts are fine: what counts is ten seconds together. */
const WINDOW_S = 10;
const FAILURE_WINDOW_MS = 60_000;
/** Callers, addresses and tokens that are counted at once; beyond it the longest unused is forgotten. */
const MAX_COUNTED = 20_000;

const AGENT_DOORS = ['/api/v1/join', '/api/v1/renew', '/api/v1/install/:token'];
/** Public, and yet something can be guessed there. */
const GUESSABLE = ['/auth/token', '/auth/link/:code'];
/** A page is some thirty files, which cost next to nothing, and everybody of a company may be behind one address. */
const PAGE_SHARE = 20;
const PAGE = new Set([...PAGE_PATHS, ...PAGE_FILES, 'assets/:name'].map((path) => `/${path}`));
const STREAMS = ['/api/v1/events/stream', '/api/v1/live'];

interface Count {
  readonly isExceeded: boolean;
  /** Nothing was counted before. */
  readonly isFirst: boolean;
  readonly retryAfterS: number;
}
type Counter = (request: FastifyRequest, increment: boolean) => Promise<Count>;

/**
 * Bounds what anybody can ask: a caller by the credential, everybody else by the address, agents apart, and whoever guesses by what
 * was wrong. A credential that was right before is never refused for what others from its address get wrong.
 * Called before any route is there. Counts are this hub's own: several hubs let through as many times as much.
 */
export async function limitRates(
  server: FastifyInstance,
  settings: DoorSettings,
  routes: readonly DeclaredRoute[],
): Promise<void> {
  await server.register(rateLimit, { global: false });
  const perSecond = (rate: number): CreateRateLimitOptions & { cache: number } => ({
    max: rate * WINDOW_S,
    timeWindow: WINDOW_S * 1000,
    cache: MAX_COUNTED,
  });
  const failing = { max: settings.rateFailures, timeWindow: FAILURE_WINDOW_MS, cache: MAX_COUNTED };
  const counter = (options: CreateRateLimitOptions, key: (request: FastifyRequest) => string | null): Counter => {
    const limit = server.createRateLimit({ ...options, keyGenerator: (request) => key(request) ?? '' });
    return async (request, increment) => {
      const count = await limit(request, { increment });
      // What is only looked at would be beyond it with the next one.
      const isExceeded = !count.isAllowed && (count.isExceeded || (!increment && count.remaining === 0));
      const isFirst = !count.isAllowed && count.remaining >= count.max - (increment ? 1 : 0);
      return { isExceeded, isFirst, retryAfterS: count.isAllowed ? 0 : Math.max(1, count.ttlInSeconds) };
    };
  };
  const callers = counter(perSecond(settings.rateCaller), credentialKey);
  const addresses = counter(perSecond(settings.rateAddress), addressKey);
  const agents = counter(perSecond(settings.rateAgents), addressKey);
  const pages = counter(perSecond(settings.rateAddress * PAGE_SHARE), addressKey);
  const wrongCredentials = counter(failing, addressKey);
  const sameWrongCredential = counter(failing, credentialKey);
  const wrongJoinTokens = counter(failing, joinTokenKey);

  const known = new KnownCallers();
  const streams = new StreamPlaces();
  const closed = new Set(
    routes.filter(({ permission }) => permission !== 'public').map(({ method, path }) => `${method} ${path}`),
  );
  const pathOf = (request: FastifyRequest): string => request.routeOptions.url ?? '';
  /** The key of the credential, where the route asks for one. */
  const keyOf = (request: FastifyRequest): string | null =>
    closed.has(`${request.method === 'HEAD' ? 'GET' : request.method} ${pathOf(request)}`)
      ? credentialKey(request)
      : null;

  /** As which sort of caller a request counts. */
  const countOf = async (request: FastifyRequest, key: string | null): Promise<Refusal | null> => {
    const path = pathOf(request);
    if (AGENT_DOORS.includes(path)) return beyond(await agents(request, true));
    if (PAGE.has(path)) return beyond(await pages(request, true));
    if (key !== null && known.has(key)) return beyond(await callers(request, true));
    if (key !== null || GUESSABLE.includes(path)) {
      const guessed = beyond(await wrongCredentials(request, false), WRONG_REFUSAL);
      const same = key === null ? null : beyond(await sameWrongCredential(request, false), SAME_WRONG_REFUSAL);
      if (guessed !== null || same !== null) return guessed ?? same;
    }
    return beyond(await addresses(request, true));
  };

  server.addHook('onRequest', async (request, reply) => {
    const key = keyOf(request);
    const refusal = await countOf(request, key);
    if (refusal !== null) return refuse(reply, refusal);
    // Also of a credential that is not known yet: it may have asked for nothing but streams, which have no end to learn by.
    if (key === null || !STREAMS.includes(pathOf(request)) || streams.take(key, reply.raw)) return undefined;
    return refuse(reply, { code: 'too-many-streams', detail: STREAM_REFUSAL, retryAfterS: 5 });
  });

  // Bodies are read by then.
  server.addHook('preHandler', async (request, reply) => {
    if (!AGENT_DOORS.includes(pathOf(request)) || joinTokenKey(request) === null) return undefined;
    const refusal = beyond(await wrongJoinTokens(request, false), JOIN_REFUSAL);
    return refusal === null ? undefined : refuse(reply, refusal);
  });

  server.addHook('onResponse', async (request, { statusCode }) => {
    const path = pathOf(request);
    const key = keyOf(request);
    if (AGENT_DOORS.includes(path)) {
      const isWrong = statusCode >= 400 && statusCode < 500 && statusCode !== 429;
      if (isWrong && joinTokenKey(request) !== null) await wrongJoinTokens(request, true);
    } else if (statusCode === 401 && (key !== null || GUESSABLE.includes(path))) {
      if (key !== null) known.drop(key);
      // A program that goes on with a token that has ended guesses nothing, and must not stop whoever is behind the same address.
      const isGuess = key === null || (await sameWrongCredential(request, true)).isFirst;
      if (isGuess) await wrongCredentials(request, true);
    } else if (key !== null && statusCode !== 429 && statusCode < 500) {
      known.add(key);
    }
  });
}

const RATE_REFUSAL = 'Too many requests: go slower, and try again';
const WRONG_REFUSAL = 'Too many wrong credentials came from this address: try again later';
const SAME_WRONG_REFUSAL = 'This credential was refused too often: it is unknown, revoked or expired';
const JOIN_REFUSAL = 'This join token was refused too often: make another one with `flotilla cluster token`';
const STREAM_REFUSAL = 'You follow the events too many times already: close one of the streams';

interface Refusal {
  readonly code: string;
  readonly detail: string;
  readonly retryAfterS: number;
}

function beyond({ isExceeded, retryAfterS }: Count, detail = RATE_REFUSAL): Refusal | null {
  return isExceeded ? { code: 'too-many-requests', detail, retryAfterS } : null;
}

function refuse(reply: FastifyReply, { code, detail, retryAfterS }: Refusal): FastifyReply {
  return sendProblem(reply.header('retry-after', String(retryAfterS)), { status: 429, code, detail });
}
