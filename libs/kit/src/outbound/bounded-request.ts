import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { messageOf } from '../errors.js';
import { addressRefusal, type OutboundRules } from './address-refusal.js';
import { lookupAllowed, NoAnswer } from './resolve-allowed.js';

export interface BoundedRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly body?: string;
  /** Bytes of the answer's body; a longer one is an error. 0: the body is not read. */
  readonly maxBytes: number;
  /** For all of it, from the name's resolution to the last byte. */
  readonly timeoutMs: number;
  readonly rules: OutboundRules;
  /** The hub stops. */
  readonly signal: AbortSignal;
}

export interface BoundedAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * One HTTP request of the hub's own to an address that a user wrote: bounded in time and size, no redirects, and never to where
 * it must not go. A name is resolved once, and what it resolved to is what is connected to.
 * @throws NoAnswer
 */
export async function boundedRequest(input: BoundedRequest): Promise<BoundedAnswer> {
  const url = new URL(input.url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new NoAnswer(`${url.protocol} is not called`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const refusal = isIP(host) === 0 ? null : addressRefusal(host, input.rules);
  if (refusal !== null) throw new NoAnswer(`${url.host} is not called: it ${refusal}`);
  const deadline = AbortSignal.timeout(input.timeoutMs);
  try {
    return await send(url, input, AbortSignal.any([deadline, input.signal]));
  } catch (error) {
    if (error instanceof NoAnswer) throw error;
    if (deadline.aborted) throw new NoAnswer(`${url.host} did not answer within ${input.timeoutMs / 1000} s`);
    throw new NoAnswer(`${url.host} could not be asked: ${reasonOf(error)}`);
  }
}

function send(url: URL, input: BoundedRequest, signal: AbortSignal): Promise<BoundedAnswer> {
  return new Promise((resolve, reject) => {
    const open = url.protocol === 'https:' ? requestHttps : requestHttp;
    const headers = {
      accept: 'application/json',
      'user-agent': 'flotilla-hub',
      ...(input.body !== undefined && {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(input.body)),
      }),
    };
    const request: ClientRequest = open(url, {
      method: input.method,
      headers,
      signal,
      // A connection of its own, so that none outlives the check of its address.
      agent: false,
      lookup: lookupAllowed(input.rules),
      maxHeaderSize: 16 * 1024,
    });
    const fail = (error: Error): void => {
      reject(error);
      request.destroy();
    };
    request.on('error', fail);
    request.on('response', (response) => {
      readBody(response, input.maxBytes).then((body) => {
        resolve({ status: response.statusCode ?? 0, body });
        request.destroy();
      }, fail);
    });
    request.end(input.body);
  });
}

async function readBody(response: IncomingMessage, maxBytes: number): Promise<string> {
  if (maxBytes === 0) return '';
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > maxBytes) throw new NoAnswer(`the answer has more than ${maxBytes} bytes`);
    parts.push(part);
  }
  if (!response.complete) throw new NoAnswer('the answer broke off');
  return Buffer.concat(parts).toString('utf8');
}

/** Only the code, or the few words of a library: nothing of the URL. */
function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : messageOf(error, 100);
}
