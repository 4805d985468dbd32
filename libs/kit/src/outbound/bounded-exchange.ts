import { request as requestHttp, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { messageOf } from '../errors.js';
import { addressRefusal, type OutboundRules } from './address-refusal.js';
import { AddressRefused, lookupAllowed, NoAnswer, type Resolve } from './resolve-allowed.js';

export interface BoundedExchange {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** Beside `user-agent`, and those of the body. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Bytes of the answer's body, as they come; a longer one is an error. 0: the body is not read. */
  readonly maxBytes: number;
  /** For all of it, from the name's resolution to the last byte. */
  readonly timeoutMs: number;
  readonly rules: OutboundRules;
  /** The hub stops. */
  readonly signal: AbortSignal;
  /** PEM of the authorities that the server's certificate may be of; those that the system trusts unless told. */
  readonly ca?: string | readonly string[];
  /** The system's unless told. */
  readonly resolve?: Resolve;
}

export interface BoundedReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As they came: nothing is unpacked. */
  readonly bytes: Buffer;
}

/** The answer is longer than it may be. */
export class AnswerTooLarge extends NoAnswer {}

/**
 * One HTTP request of the hub's own to an address that a user wrote: bounded in time and size, no redirects, and never to where
 * it must not go. A name is resolved once, and what it resolved to is what is connected to.
 * @throws NoAnswer; of it AddressRefused, and AnswerTooLarge
 */
export async function boundedExchange(input: BoundedExchange): Promise<BoundedReply> {
  const url = new URL(input.url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new NoAnswer(`${url.protocol} is not called`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const refusal = isIP(host) === 0 ? null : addressRefusal(host, input.rules);
  if (refusal !== null) throw new AddressRefused(`${url.host} is not called: it ${refusal}`);
  const deadline = AbortSignal.timeout(input.timeoutMs);
  try {
    return await send(url, input, AbortSignal.any([deadline, input.signal]));
  } catch (error) {
    if (error instanceof NoAnswer) throw error;
    if (deadline.aborted) throw new NoAnswer(`${url.host} did not answer within ${input.timeoutMs / 1000} s`);
    throw new NoAnswer(`${url.host} could not be asked: ${reasonOf(error)}`);
  }
}

function send(url: URL, input: BoundedExchange, signal: AbortSignal): Promise<BoundedReply> {
  return new Promise((resolve, reject) => {
    const open = url.protocol === 'https:' ? requestHttps : requestHttp;
    const headers = {
      'user-agent': 'flotilla-hub',
      ...(input.body !== undefined && { 'content-length': String(Buffer.byteLength(input.body)) }),
      ...input.headers,
    };
    const request: ClientRequest = open(url, {
      method: input.method,
      headers,
      signal,
      // A connection of its own, so that none outlives the check of its address.
      agent: false,
      lookup: lookupAllowed(input.rules, input.resolve),
      maxHeaderSize: 16 * 1024,
      ...(input.ca !== undefined && { ca: [input.ca].flat() }),
    });
    const fail = (error: Error): void => {
      reject(error);
      request.destroy();
    };
    request.on('error', fail);
    request.on('response', (response) => {
      readBody(response, input.maxBytes).then((bytes) => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes });
        request.destroy();
      }, fail);
    });
    request.end(input.body);
  });
}

async function readBody(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  if (maxBytes === 0) return Buffer.alloc(0);
  const tooLarge = (): AnswerTooLarge => new AnswerTooLarge(`the answer has more than ${maxBytes} bytes`);
  if (Number(response.headers['content-length']) > maxBytes) throw tooLarge();
  let bytes = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > maxBytes) throw tooLarge();
    parts.push(part);
  }
  if (!response.complete) throw new NoAnswer('the answer broke off');
  return Buffer.concat(parts);
}

/** Only the code, or the few words of a library: nothing of the URL. */
function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : messageOf(error, 100);
}
