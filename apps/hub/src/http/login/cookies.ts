import type { CookieSerializeOptions } from '@fastify/cookie';

/** `__Host-`: browsers take it from this host alone, over TLS, for all of its paths; no neighbour under the same domain can set it. */
export const SESSION_COOKIE = '__Host-flotilla';
export const TICKET_COOKIE = '__Host-flotilla-sign-in';

/** Lax: a link from elsewhere shows the page to who is signed in; what changes something needs more than the cookie. */
const OPTIONS: CookieSerializeOptions = { path: '/', httpOnly: true, secure: true, sameSite: 'lax' };

export interface CookieJar {
  setCookie(name: string, value: string, options: CookieSerializeOptions): unknown;
}

export function setCookie(reply: CookieJar, name: string, value: string, maxAgeMs: number): void {
  reply.setCookie(name, value, { ...OPTIONS, maxAge: Math.max(1, Math.floor(maxAgeMs / 1000)) });
}

export function dropCookie(reply: CookieJar, name: string): void {
  reply.setCookie(name, '', { ...OPTIONS, maxAge: 0 });
}
