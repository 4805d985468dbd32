import type { FastifyRequest } from 'fastify';
import { normalizeIP } from '@fastify/rate-limit';
import { sha256 } from '#domain';
import { SESSION_COOKIE } from '../login/cookies.js';

/** A network that one household or machine is given: its addresses are one caller's. */
const IPV6_SUBNET = 64;

/** What limits count a credential by, never its text; null: the request bears none. */
export function credentialKey({ headers, cookies }: Pick<FastifyRequest, 'headers' | 'cookies'>): string | null {
  const text = headers.authorization ?? cookies[SESSION_COOKIE];
  return text === undefined || text === '' ? null : sha256(text.slice(0, 4096));
}

export function addressKey({ ip }: Pick<FastifyRequest, 'ip'>): string {
  return normalizeIP(ip, IPV6_SUBNET);
}

/** The join token that a request bears, wherever; null: none. */
export function joinTokenKey({ body, params }: Pick<FastifyRequest, 'body' | 'params'>): string | null {
  const told =
    (body as { token?: unknown } | null | undefined)?.token ?? (params as { token?: unknown } | undefined)?.token;
  return typeof told === 'string' ? sha256(told.slice(0, 4096)) : null;
}
