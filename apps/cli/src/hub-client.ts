import { randomUUID } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { createInterface } from 'node:readline';
import { messageOf, RejectedError, type FlotillaError } from '#kit';
import { badAnswer, problemOf, readAll, unreachable } from './hub-errors.js';
import type { Access } from './hub-access.js';
import { readEvents } from './read-events.js';

/** For so long an answer is awaited unless told otherwise, ms. */
const TIMEOUT_MS = 30_000;
/** The hub sends a sign of life every 15 s. */
const STREAM_SILENCE_MS = 50_000;

export type Query = Readonly<Record<string, string | number | undefined>>;

interface Call {
  readonly query?: Query;
  readonly body?: object;
  readonly timeoutMs?: number;
  /** Idempotency-Key. */
  readonly key?: string;
}

/** The hub's API over kept-alive connections. Every answer that is a problem becomes an error with the hub's own words. */
export class HubClient {
  private readonly agent: http.Agent;
  private readonly base: URL;

  constructor(private readonly access: Access) {
    if (!URL.canParse(access.url) || !/^https?:$/.test(new URL(access.url).protocol)) {
      throw new RejectedError(
        'bad-hub',
        `"${access.url}" (${access.from}) is no hub's address: give one like https://hub.example:8443.`,
      );
    }
    // A header that node refuses would be quoted in its error.
    if (!/^[\x21-\x7e]*$/.test(access.token)) {
      throw new RejectedError(
        'bad-token',
        'The API token holds characters that no token has: paste it again, without spaces.',
      );
    }
    this.base = new URL(access.url);
    this.agent =
      this.base.protocol === 'https:'
        ? new https.Agent({ keepAlive: true, ...(access.ca && { ca: access.ca }) })
        : new http.Agent({ keepAlive: true });
  }

  /** Address, as people may see it. */
  get url(): string {
    return this.base.origin;
  }

  get<T>(route: string, query: Query = {}, timeoutMs = TIMEOUT_MS): Promise<T> {
    return this.request('GET', route, { query, timeoutMs });
  }

  post<T>(route: string, body: object = {}, timeoutMs = TIMEOUT_MS): Promise<T> {
    return this.request('POST', route, { body, timeoutMs });
  }

  /**
   * Posts what must be done once at most: under a key, so that it may be sent again when a kept connection turns out to be closed.
   */
  command<T>(route: string, body: object, key: string = randomUUID()): Promise<T> {
    return this.request('POST', route, { body, key });
  }

  /** The lines of an answer of JSON lines, as they come. */
  async *lines(route: string): AsyncGenerator<string> {
    const response = await this.open('GET', route, {
      headers: { accept: 'application/x-ndjson' },
      timeoutMs: TIMEOUT_MS,
    });
    if (response.statusCode !== 200) throw await problemOf(response);
    try {
      for await (const line of createInterface({ input: response, crlfDelay: Infinity })) if (line !== '') yield line;
    } catch (error) {
      throw this.failure(error);
    } finally {
      response.destroy();
    }
  }

  put<T = void>(route: string, body: object): Promise<T> {
    return this.request('PUT', route, { body });
  }

  patch<T>(route: string, body: object): Promise<T> {
    return this.request('PATCH', route, { body });
  }

  delete<T = void>(route: string): Promise<T> {
    return this.request('DELETE', route, {});
  }

  /** All items of a list, page by page, or the first `most`. */
  async all<T>(route: string, query: Query = {}, most = Infinity): Promise<T[]> {
    const items: T[] = [];
    for (let after: string | undefined; items.length < most;) {
      const limit = Math.min(500, most - items.length);
      const page = await this.get<{ items: T[]; next?: string }>(route, { limit, ...query, after });
      items.push(...page.items);
      if (page.next === undefined) break;
      after = page.next;
    }
    return items.slice(0, most);
  }

  /**
   * Server-sent events from now on, or after `lastId`, until the connection ends. Yields null for a sign of life, the first at once.
   * @throws RetryableError when the hub can't be reached or fell silent.
   */
  async *events<T>(lastId: string | undefined, signal: AbortSignal): AsyncGenerator<{ id: string; data: T } | null> {
    const headers = { accept: 'text/event-stream', ...(lastId !== undefined && { 'last-event-id': lastId }) };
    const response = await this.open('GET', '/api/v1/events/stream', { headers, timeoutMs: STREAM_SILENCE_MS, signal });
    if (response.statusCode !== 200) throw await problemOf(response);
    try {
      yield* readEvents<T>(response);
    } catch (error) {
      throw this.failure(error);
    } finally {
      response.destroy();
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private async request<T>(method: string, route: string, call: Call): Promise<T> {
    const query = Object.entries(call.query ?? {}).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(query.map(([key, value]): [string, string] => [key, String(value)]));
    const text = call.body === undefined ? undefined : JSON.stringify(call.body);
    const response = await this.open(method, search.size > 0 ? `${route}?${search.toString()}` : route, {
      headers: {
        accept: 'application/json',
        ...(text !== undefined && { 'content-type': 'application/json' }),
        ...(call.key !== undefined && { 'idempotency-key': call.key }),
      },
      timeoutMs: call.timeoutMs ?? TIMEOUT_MS,
      ...(text !== undefined && { body: text }),
    });
    const status = response.statusCode ?? 0;
    if (status >= 300 || status < 200) throw await problemOf(response);
    let answer: string;
    try {
      answer = await readAll(response);
    } catch (error) {
      throw this.failure(error);
    }
    if (answer === '') return undefined as T;
    try {
      return JSON.parse(answer) as T;
    } catch {
      throw badAnswer(status);
    }
  }

  /** Sends a request. A kept connection that the hub closed meanwhile is no reason to fail what may be sent twice: it is sent once more. */
  private async open(method: string, route: string, more: Sent, again = true): Promise<http.IncomingMessage> {
    const send = this.base.protocol === 'https:' ? https.request : http.request;
    const request = send(this.base.origin + this.base.pathname.replace(/\/+$/, '') + route, {
      method,
      agent: this.agent,
      headers: {
        ...more.headers,
        // Signing in is asked by nobody yet.
        ...(this.access.token !== '' && { authorization: `Bearer ${this.access.token}` }),
        ...(more.body !== undefined && { 'content-length': Buffer.byteLength(more.body) }),
      },
      timeout: more.timeoutMs,
      ...(more.signal && { signal: more.signal }),
    });
    request.once('timeout', () => request.destroy(Object.assign(new Error('no answer came'), { code: 'ETIMEDOUT' })));
    try {
      return await new Promise<http.IncomingMessage>((resolve, reject) => {
        request.once('response', resolve);
        request.on('error', reject);
        request.end(more.body);
      });
    } catch (error) {
      const stale = request.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
      if (stale && again && (method === 'GET' || 'idempotency-key' in more.headers))
        return this.open(method, route, more, false);
      throw this.failure(error);
    }
  }

  private failure(error: unknown): FlotillaError | Error {
    if (error instanceof RejectedError) return error;
    if ((error as NodeJS.ErrnoException).name === 'AbortError') return new Error(messageOf(error));
    return unreachable(error, this.base.origin, this.access.from);
  }
}

interface Sent {
  readonly headers: http.OutgoingHttpHeaders;
  readonly body?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}
