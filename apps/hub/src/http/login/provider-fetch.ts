import http from 'node:http';
import https from 'node:https';
import { messageOf, RetryableError } from '#kit';

const MAX_ANSWER_BYTES = 1024 * 1024;
const TIMEOUT_MS = 10_000;

export type ProviderFetch = (url: string, options: ProviderRequest) => Promise<Response>;

interface ProviderRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/**
 * Asks the identity provider: with a CA of its own where there is one, in bounded time and size, and without following it to
 * another place, where the client's secret would go along.
 * @throws RetryableError `identity-provider-away`
 */
export function providerFetch(caPem: string | null): ProviderFetch {
  return async (url, { method, headers, body }) => {
    try {
      return await ask(new URL(url), { method, headers, body }, caPem);
    } catch (error) {
      throw away(error);
    }
  };
}

export function away(error: unknown): RetryableError {
  return new RetryableError(
    'identity-provider-away',
    `The identity provider can't be asked (${messageOf(error, 200)}): try again, or use an API token`,
  );
}

function ask(url: URL, { method, headers, body }: ProviderRequest, caPem: string | null): Promise<Response> {
  const send = url.protocol === 'https:' ? https.request : http.request;
  return new Promise((resolve, reject) => {
    const request = send(url, {
      method,
      headers,
      agent: false,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(caPem !== null && { ca: caPem }),
    });
    request.once('error', reject);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.once('error', reject);
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES) request.destroy(new Error('it answered with more than 1 MiB'));
        else chunks.push(chunk);
      });
      response.once('end', () => {
        const status = response.statusCode ?? 502;
        const type = response.headers['content-type'];
        const hasBody = status !== 204 && status !== 304;
        const answer = new Response(hasBody ? Buffer.concat(chunks) : null, {
          status,
          headers: type === undefined ? {} : { 'content-type': type },
        });
        resolve(answer);
      });
    });
    request.end(
      typeof body === 'string' || body instanceof Uint8Array
        ? body
        : body instanceof URLSearchParams
          ? body.toString()
          : undefined,
    );
  });
}
