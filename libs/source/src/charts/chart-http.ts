import type { IncomingHttpHeaders } from 'node:http';
import { rootCertificates } from 'node:tls';
import {
  AddressRefused,
  AnswerTooLarge,
  boundedExchange,
  NoAnswer,
  RejectedError,
  RetryableError,
  type OutboundRules,
  type Resolve,
} from '#kit';
import type { ChartPlace } from './chart-place.js';

export interface ChartHttpTerms {
  /** For hosts that a source itself names. */
  readonly rules: OutboundRules;
  /** The system's unless told. */
  readonly resolve?: Resolve;
  /** PEM of authorities that are trusted beside the system's; none unless told. */
  readonly authorities?: readonly string[];
  /** Of one request, redirects apart. */
  readonly timeoutMs: number;
  /** The hub stops. */
  readonly signal: AbortSignal;
}

export interface ChartRequest {
  readonly url: string;
  readonly maxBytes: number;
  /** What it is, for what an error says: `the index`. */
  readonly what: string;
  /** Sent to the place's own host alone. */
  readonly authorization?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** How many redirects are followed; 5 unless told. */
  readonly redirects?: number;
  /** Whether a user's own rules hold for the host although the source does not name it, as for where a registry sends its users for a token. */
  readonly isNamed?: boolean;
}

export interface ChartReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

const MAX_REDIRECTS = 5;

/**
 * Asks for one thing that a place has. Redirects are followed, because registries and release pages keep packs elsewhere: a credential and
 * the place's own authority go to its own host alone, and a host that only a server named must be a public one.
 * @throws RejectedError `address-refused`, `url-refused` (a redirect away from HTTPS), `chart-too-large`; RetryableError `source-unreachable`
 */
export async function ask(place: ChartPlace, request: ChartRequest, terms: ChartHttpTerms): Promise<ChartReply> {
  let url = httpsUrl(request.url, place, request.what);
  const maxRedirects = request.redirects ?? MAX_REDIRECTS;
  for (let hop = 0; hop <= maxRedirects; hop += 1) {
    const reply = await askOnce(url, place, { ...request, isNamed: request.isNamed === true && hop === 0 }, terms);
    if (![301, 302, 303, 307, 308].includes(reply.status)) return reply;
    if (maxRedirects === 0) break;
    const { location } = reply.headers;
    if (location === undefined) throw unreachable(place, `${url.host} redirects to nowhere`);
    url = httpsUrl(location, place, request.what, url);
  }
  throw unreachable(place, `${url.host} redirects ${request.what} too often`);
}

async function askOnce(
  url: URL,
  place: ChartPlace,
  { maxBytes, what, authorization, headers, isNamed }: ChartRequest,
  { rules, resolve, authorities, timeoutMs, signal }: ChartHttpTerms,
): Promise<ChartReply> {
  const isOwn = url.host === place.host;
  const ca = trusted(isOwn, isNamed === true, place.access?.ca, authorities);
  try {
    return await boundedExchange({
      method: 'GET',
      url: url.href,
      headers: { ...headers, ...((isOwn || isNamed) && authorization !== undefined && { authorization }) },
      maxBytes,
      timeoutMs,
      rules: rulesFor(isOwn || isNamed === true, rules),
      signal,
      ...(ca && { ca }),
      ...(resolve && { resolve }),
    });
  } catch (error) {
    if (error instanceof AddressRefused) throw new RejectedError('address-refused', `spec.url: ${error.message}.`);
    if (error instanceof AnswerTooLarge) {
      throw new RejectedError('chart-too-large', `${place.shown}: ${what} has more than ${maxBytes} bytes.`);
    }
    if (signal.aborted) throw unreachable(place, 'the hub is stopping');
    if (error instanceof NoAnswer) throw unreachable(place, certificateMend(error.message));
    throw error;
  }
}

/** A host that only an index or a redirect names must be a public one: whoever writes those is not who may write sources. */
export function rulesFor(isNamedByUser: boolean, rules: OutboundRules): OutboundRules {
  return isNamedByUser ? rules : { ...rules, publicOnly: true };
}

/** Whose certificates are taken; undefined: those of the authorities that the system trusts. */
function trusted(
  isOwn: boolean,
  isNamed: boolean,
  ownCa: string | undefined,
  authorities: readonly string[] = [],
): readonly string[] | undefined {
  if (isOwn && ownCa !== undefined) return [ownCa];
  // Where a registry sends its users for a token may be of either: its owner's, or a public one.
  const more = isNamed && ownCa !== undefined ? [ownCa, ...authorities] : authorities;
  return more.length === 0 ? undefined : [...rootCertificates, ...more];
}

/** @throws RejectedError `url-refused` for what is no address that may be called, or not over TLS. */
export function httpsUrl(text: string, place: ChartPlace, what: string, base?: URL): URL {
  const refuse = (why: string): RejectedError =>
    new RejectedError('url-refused', `${place.shown}: ${what} is said to be at an address that ${why}.`);
  let url: URL;
  try {
    if (text.length > 4096) throw new Error('too long');
    url = new URL(text, base);
  } catch {
    throw refuse('cannot be read');
  }
  if (url.protocol !== 'https:') throw refuse(`begins with ${url.protocol}, and not with https:`);
  if (url.username !== '' || url.password !== '') throw refuse('holds credentials');
  return url;
}

export function unreachable(place: ChartPlace, why: string): RetryableError {
  return new RetryableError('source-unreachable', `${place.shown} could not be read: ${why.replace(/\.$/, '')}.`);
}

/** What a status other than 200 means, said for whoever wrote the source. */
export function statusError(place: ChartPlace, what: string, { status }: Pick<ChartReply, 'status'>): RetryableError {
  if (status === 401 || status === 403) {
    const mend =
      place.access === null ? 'name a credential in spec.credential' : 'set the credential anew, or let it in there';
    return unreachable(place, `${place.host} does not let the hub in (HTTP ${status}): ${mend}`);
  }
  if (status === 429)
    return unreachable(place, `${place.host} was asked too often (HTTP 429); it is asked again later`);
  return unreachable(place, `${place.host} answered HTTP ${status} for ${what}`);
}

function certificateMend(message: string): string {
  return /SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|SIGNATURE/.test(message)
    ? `${message}: its certificate is of an authority that the hub does not know; give it as the credential's ca`
    : message;
}
