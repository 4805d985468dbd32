import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type JoinAnswer, joinAnswerSchema } from '#contract';
import { messageOf, RejectedError, RetryableError } from '#kit';
import type { HubAddress } from '../../agent-options.js';

const LONGEST_ANSWER_BYTES = 1024 * 1024;
const TIMEOUT_MS = 30_000;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Posts to the hub and reads its join answer. Only the pinned authority is trusted where one is given.
 * @throws RetryableError `hub-unreachable` · RejectedError `hub-refused` with the hub's own sentence, `hub-address`.
 */
export async function postHub(
  hub: HubAddress,
  path: '/api/v1/join' | '/api/v1/renew',
  body: object,
  signal?: AbortSignal,
): Promise<JoinAnswer> {
  const url = urlOf(hub, path);
  const { status, text } = await send(url, hub.ca, JSON.stringify(body), signal);
  if (status === 200 || status === 201) return readAnswer(text);
  const said = sentenceOf(text) ?? `it answered ${status}`;
  if (status >= 500 || status === 429 || status === 408) {
    throw new RetryableError('hub-unreachable', `The hub at ${url.origin} can't answer now: ${said}`);
  }
  throw new RejectedError('hub-refused', `The hub at ${url.origin} refused: ${said}`, { status });
}

function urlOf(hub: HubAddress, path: string): URL {
  if (!URL.canParse(hub.url))
    throw new RejectedError('hub-address', `The hub's URL ${JSON.stringify(hub.url)} is not a URL.`);
  const url = new URL(path, hub.url);
  // In clear text anybody on the way could take the token, and hand out keys of his own.
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.has(url.hostname))) {
    throw new RejectedError('hub-address', `The hub's URL ${url.origin} must begin with https://.`);
  }
  return url;
}

function readAnswer(text: string): JoinAnswer {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new RetryableError(
      'hub-unreachable',
      "The hub's answer is no JSON: something else may answer at its address.",
    );
  }
  const answer = joinAnswerSchema.safeParse(parsed);
  if (answer.success) return answer.data;
  const [issue] = answer.error.issues;
  throw new RejectedError(
    'hub-refused',
    `The hub's answer is not one that this agent understands: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}.`,
  );
}

/** The detail of a problem document. */
function sentenceOf(text: string): string | undefined {
  try {
    const { detail, title } = JSON.parse(text) as { detail?: unknown; title?: unknown };
    const said = typeof detail === 'string' ? detail : title;
    return typeof said === 'string' ? said.slice(0, 500) : undefined;
  } catch {
    return undefined;
  }
}

function send(
  url: URL,
  ca: string | undefined,
  body: string,
  signal: AbortSignal | undefined,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      reject(
        new RetryableError('hub-unreachable', `The hub at ${url.origin} can't be reached: ${messageOf(error, 300)}`),
      );
    };
    const make = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = make(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, application/problem+json',
        'content-length': Buffer.byteLength(body),
      },
      ...(url.protocol === 'https:' && ca !== undefined && { ca }),
      // One request a day: nothing is gained by keeping the connection.
      agent: false,
      timeout: TIMEOUT_MS,
      ...(signal !== undefined && { signal }),
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    request.on('error', fail);
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        parts.push(part);
        if (size > LONGEST_ANSWER_BYTES) request.destroy(new Error('the answer is too large'));
      });
      response.on('error', fail);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
      );
    });
    request.end(body);
  });
}
