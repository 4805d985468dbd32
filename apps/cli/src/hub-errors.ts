import type { IncomingMessage } from 'node:http';
import { problemSchema } from '#contract';
import { messageOf, RejectedError, RetryableError, type FlotillaError } from '#kit';
import { plain } from './print.js';

/** Longest answer that is read, bytes. */
const MAX_ANSWER = 64 * 1024 * 1024;

/** Why a connection failed, in words, by the system's code. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection was cut',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name could not be looked up',
  ETIMEDOUT: 'no answer came',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  EPROTO: 'it does not speak TLS there',
};

/** A connection that failed: address, reason, and what to try. */
export function unreachable(error: unknown, origin: string, from: string): FlotillaError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new RejectedError(
      'untrusted-hub',
      `The hub at ${origin} shows a certificate for another name: use the address that the hub knows as FLOTILLA_PUBLIC_URL.`,
    );
  }
  if (code === 'CERT_HAS_EXPIRED') {
    return new RejectedError('untrusted-hub', `The hub at ${origin} shows a certificate that has expired: renew it.`);
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)/.test(code)) {
    return new RejectedError(
      'untrusted-hub',
      `The hub at ${origin} shows a certificate that is not trusted (${code}): set FLOTILLA_CA to the file of its CA.`,
    );
  }
  const why = REASONS[code] ?? (messageOf(error, 200) || code);
  const known = from === '' ? '' : `; the address is from ${from}`;
  return new RetryableError(
    'hub-unreachable',
    `The hub at ${origin} can't be reached (${why}): is it running, and is the address right${known}?`,
  );
}

/** The body of an answer as text. @throws RejectedError beyond 64 MiB. */
export async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER)
      throw new RejectedError('answer-too-large', 'The hub answered with more than 64 MiB: ask for less.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function badAnswer(status: number): RejectedError {
  return new RejectedError('bad-answer', `The answer (status ${status}) is not a hub's: is the address right?`, {
    status,
  });
}

/** What the hub said is wrong, in its own words, each bad field on a line of its own. */
export async function problemOf(response: IncomingMessage): Promise<FlotillaError> {
  const status = response.statusCode ?? 0;
  let json: unknown = null;
  try {
    json = JSON.parse(await readAll(response));
  } catch {
    // Not ours: a proxy's page.
  }
  const parsed = problemSchema.safeParse(json);
  if (!parsed.success) {
    if (status === 502 || status === 503 || status === 504) {
      return new RetryableError(
        'hub-unavailable',
        `Something before the hub says that it is not there (status ${status}).`,
      );
    }
    return badAnswer(status);
  }
  const { code, detail, errors } = parsed.data;
  if (status >= 500) return new RetryableError(code, sentence(detail));
  if (errors === undefined) return new RejectedError(code, sentence(detail), { status });
  return new RejectedError(code, 'The hub refused it:', { status, fields: errors });
}

/** The hub may quote an agent. */
function sentence(detail: string): string {
  const text = plain(detail);
  return /[.!?`]$/.test(text) ? text : `${text}.`;
}
