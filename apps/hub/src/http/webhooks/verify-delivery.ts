import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { WebhookProvider } from '#contract';

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Delivery {
  readonly headers: Headers;
  /** The body's exact bytes. */
  readonly body: Uint8Array;
}

/** Ours is signed with its time: one that is older or newer by so much is not taken, ms. */
export const SIGNED_WITHIN_MS = 5 * 60_000;

/** Pure. Why a delivery is not from who has the secret; null: it is. Never tells what would have been right. */
export function deliveryProblem(
  provider: WebhookProvider,
  secret: string,
  { headers, body }: Delivery,
  now: number,
): string | null {
  if (secret === '') return 'there is no secret';
  switch (provider) {
    case 'github':
    case 'bitbucket': {
      const name = provider === 'github' ? 'x-hub-signature-256' : 'x-hub-signature';
      return sameText(`sha256=${hmac(secret, body)}`, one(headers, name)) ? null : `${name} does not fit the body`;
    }
    case 'gitea':
      return sameText(hmac(secret, body), one(headers, 'x-gitea-signature'))
        ? null
        : 'x-gitea-signature does not fit the body';
    case 'gitlab':
      return sameText(secret, one(headers, 'x-gitlab-token')) ? null : 'x-gitlab-token is not the secret';
    case 'generic': {
      const match = /^t=(\d{1,15}),v1=([0-9a-f]{64})$/.exec(one(headers, 'x-flotilla-signature'));
      const [, at = '', signature = ''] = match ?? [];
      const signed = Buffer.concat([Buffer.from(`${at}.`), body]);
      if (!sameText(hmac(secret, signed), signature)) return 'x-flotilla-signature does not fit the body';
      const isNow = Math.abs(Number(at) * 1000 - now) <= SIGNED_WITHIN_MS;
      return isNow ? null : 'x-flotilla-signature is of another time: it must be at most five minutes old';
    }
  }
}

/** What a delivery is known by when it comes again: its body, and its id where the sender gives one. */
export function deliveryKey({ headers, body }: Delivery): string {
  const ids = [
    'x-github-delivery',
    'x-gitlab-event-uuid',
    'x-gitea-delivery',
    'x-request-uuid',
    'x-flotilla-signature',
  ];
  const hash = createHash('sha256').update(body);
  for (const id of ids) hash.update(`\n${id}=${one(headers, id)}`);
  return hash.digest('base64url');
}

/** Of which event a delivery tells; `push`, where its sender has no others. */
export function eventOf(provider: WebhookProvider, headers: Headers): 'push' | 'ping' | 'other' {
  switch (provider) {
    case 'github':
    case 'gitea': {
      const event = one(headers, provider === 'github' ? 'x-github-event' : 'x-gitea-event');
      return event === 'push' || event === 'ping' ? event : 'other';
    }
    case 'gitlab':
      return /^(Push|Tag Push) Hook$/.test(one(headers, 'x-gitlab-event')) ? 'push' : 'other';
    case 'bitbucket': {
      const key = one(headers, 'x-event-key');
      if (key === 'repo:push' || key === 'repo:refs_changed') return 'push';
      return key === 'diagnostics:ping' ? 'ping' : 'other';
    }
    case 'generic':
      return 'push';
  }
}

function one(headers: Headers, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

function hmac(secret: string, body: Uint8Array): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/** In the same time, whatever differs and wherever. */
function sameText(expected: string, given: string): boolean {
  const [a, b] = [expected, given].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
