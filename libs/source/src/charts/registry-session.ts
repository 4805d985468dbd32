import { z } from 'zod';
import {
  ask,
  type ChartHttpTerms,
  type ChartReply,
  type ChartRequest,
  statusError,
  unreachable,
} from './chart-http.js';
import type { ChartPlace } from './chart-place.js';

const MAX_TOKEN_BYTES = 128 * 1024;
/** What a header may hold, and no line break. */
const headerText = z
  .string()
  .min(1)
  .regex(/^[\x21-\x7e]+$/);
const tokenSchema = z.union([z.object({ token: headerText }), z.object({ access_token: headerText })]);

/** Asks a registry in one's own name, once it has said how it wants to be told it. One session for each look: no token is kept. */
export function openRegistrySession(place: ChartPlace, terms: ChartHttpTerms) {
  let authorization: string | undefined;
  let asked = false;
  return {
    async get(request: Omit<ChartRequest, 'authorization'>): Promise<ChartReply> {
      const first = await ask(place, withHeader(request, authorization), terms);
      if (first.status !== 401 || asked) return first;
      asked = true;
      authorization = await answerTo(place, first, terms);
      return authorization === undefined ? first : await ask(place, withHeader(request, authorization), terms);
    },
  };
}

function withHeader(request: ChartRequest, authorization: string | undefined): ChartRequest {
  return { ...request, ...(authorization !== undefined && { authorization }) };
}

/** The header that a challenge asks for; undefined: there is nothing to tell. */
async function answerTo(
  place: ChartPlace,
  { headers }: ChartReply,
  terms: ChartHttpTerms,
): Promise<string | undefined> {
  const challenge = headers['www-authenticate'] ?? '';
  const bearer = /(?:^|,)\s*Bearer\s+(.*)$/i.exec(challenge)?.[1];
  if (bearer === undefined) return /(?:^|,)\s*Basic\b/i.test(challenge) ? place.access?.basic : undefined;
  const realm = parameterOf(bearer, 'realm');
  if (realm === undefined) throw unreachable(place, `${place.host} asks for a token and does not say where one is had`);
  return `Bearer ${await fetchToken(place, realm, parameterOf(bearer, 'service'), terms)}`;
}

/**
 * A token of the service that the registry names. The credential goes there too: the registry, which it is for, says so over TLS, and might have
 * asked for it itself. The token is for reading this one chart, whatever scope was named.
 */
async function fetchToken(
  place: ChartPlace,
  realm: string,
  service: string | undefined,
  terms: ChartHttpTerms,
): Promise<string> {
  const what = 'the token that the registry asks for';
  const url = urlOf(realm);
  if (url === null) throw unreachable(place, `${place.host} names no address that can be read for ${what}`);
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', `repository:${place.name}:pull`);
  const basic = place.access?.basic;
  const reply = await ask(
    place,
    {
      url: url.href,
      what,
      maxBytes: MAX_TOKEN_BYTES,
      redirects: 0,
      isNamed: true,
      ...(basic && { authorization: basic }),
    },
    terms,
  );
  if (reply.status !== 200) throw statusError(place, what, reply);
  const { data } = tokenSchema.safeParse(jsonOf(reply.bytes));
  if (data === undefined) throw unreachable(place, `${url.host} answered with no token`);
  return 'token' in data ? data.token : data.access_token;
}

function urlOf(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

function parameterOf(challenge: string, name: string): string | undefined {
  return new RegExp(`(?:^|[,\\s])${name}="([^"]*)"`, 'i').exec(challenge)?.[1];
}

/** Null for what is no JSON. */
export function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}
