import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

import type { JsonObject } from '#domain';
import { messageOf, RejectedError, RetryableError } from '#kit';
import type { Kube, KubeRequest, KubeResponse, KubeWatchEvent } from '#ports';

import { answerOf, Deadline } from './deadline.js';
import { ConnectionPools, type HttpKubeAccess, type ReadAccess } from './http-access.js';
import { readLines } from './read-lines.js';

export interface HttpKubeOptions {
  /** `https://host:port`, with a path where the API stands below one. */
  readonly url: string;
  /** Who asks; nobody in particular where it is absent. */
  readonly access?: HttpKubeAccess | ReadAccess;
  /** Connections for requests, at most; 8 unless told. Watches come on top, one each. */
  readonly maxSockets?: number;
  /** Milliseconds until an answer must be there, where the request doesn't say; 30,000 unless told. */
  readonly timeoutMs?: number;
  /** Largest answer taken, in bytes; 64 MiB unless told. */
  readonly maxAnswerBytes?: number;
  /** Largest event of a watch, in bytes; 8 MiB unless told. */
  readonly maxEventBytes?: number;
  /** `flotilla` unless told; what stands before the slash names the field manager where a write doesn't. */
  readonly userAgent?: string;
}

interface Outgoing extends Omit<KubeRequest, 'method'> {
  readonly method: string;
}

const defaults = { timeoutMs: 30_000, maxAnswerBytes: 64 << 20, maxEventBytes: 8 << 20, maxSockets: 8 };

/**
 * The Kubernetes API over kept-alive connections, JSON verbatim: no model drops a field, and no name is changed on the way.
 * Close it to end its watches and connections.
 */
export function openHttpKube(options: HttpKubeOptions): Kube {
  return new HttpKube(options);
}

class HttpKube implements Kube {
  private readonly base: URL;
  private readonly prefix: string;
  private readonly pools: ConnectionPools;
  private readonly readAccess: ReadAccess;
  private readonly watches = new Set<ClientRequest>();
  private closed = false;

  constructor(private readonly options: HttpKubeOptions) {
    this.base = new URL(options.url);
    this.prefix = this.base.pathname.replace(/\/+$/, '');
    this.pools = new ConnectionPools(this.base.protocol === 'https:', options.maxSockets ?? defaults.maxSockets);
    const access = options.access ?? {};
    this.readAccess = typeof access === 'function' ? access : () => access;
  }

  async request(request: KubeRequest): Promise<KubeResponse> {
    const timeoutMs = request.timeoutMs ?? this.options.timeoutMs ?? defaults.timeoutMs;
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const first = await this.exchange(request, body, await this.access(false), timeoutMs);
    if (first.status !== 401) return first;
    const access = await this.access(true);
    return this.exchange(request, body, access, timeoutMs);
  }

  async *watch(request: Parameters<Kube['watch']>[0]): AsyncIterable<KubeWatchEvent> {
    if (request.signal.aborted) return;
    const { idleMs } = request;
    const timeoutMs = this.options.timeoutMs ?? defaults.timeoutMs;
    let response = await this.openWatch(request, await this.access(false), timeoutMs);
    if (response.statusCode === 401) {
      response.resume();
      response = await this.openWatch(request, await this.access(true), timeoutMs);
    }
    if (response.statusCode !== 200) throw await this.refusal(response);
    yield* this.events(response, request.signal, idleMs);
  }

  close(): void {
    this.closed = true;
    for (const watch of this.watches) watch.destroy();
    this.pools.destroy();
  }

  private async *events(
    response: IncomingMessage,
    signal: AbortSignal,
    idleMs: number | undefined,
  ): AsyncIterable<KubeWatchEvent> {
    let isIdle = false;
    const giveUp = (): void => {
      isIdle = true;
      response.destroy();
    };
    const timer = idleMs === undefined ? undefined : setTimeout(giveUp, idleMs);
    try {
      const bytes = touching(response, () => timer?.refresh());
      for await (const line of readLines(bytes, this.options.maxEventBytes ?? defaults.maxEventBytes)) {
        if (signal.aborted) return;
        yield readEvent(line);
      }
    } catch (error) {
      if (signal.aborted || isIdle) return;
      if (error instanceof RetryableError) throw error;
      throw this.unreachable(messageOf(error, 200), error);
    } finally {
      clearTimeout(timer);
      response.destroy();
    }
  }

  private unreachable(why: string, cause: unknown): RetryableError {
    const message = `The Kubernetes API at ${this.base.host} did not answer: ${why}.`;
    return new RetryableError('kube-unreachable', message, undefined, { cause });
  }

  private async access(refused: boolean): Promise<HttpKubeAccess> {
    if (this.closed) throw new RetryableError('kube-unreachable', 'The connection to the Kubernetes API is closed.');
    return this.readAccess(refused);
  }

  private async exchange(
    request: Outgoing,
    body: string | undefined,
    access: HttpKubeAccess,
    timeoutMs: number,
  ): Promise<KubeResponse> {
    const deadline = new Deadline(timeoutMs);
    try {
      const response = await this.send(request, body, access, deadline);
      return await this.readAnswer(response, request.sink);
    } catch (error) {
      if (error instanceof RejectedError) throw error;
      throw this.unreachable(deadline.isOver ? `no answer within ${timeoutMs} ms` : messageOf(error, 200), error);
    } finally {
      deadline.end();
    }
  }

  /** Sends once more when a kept-alive connection turns out to be closed, unless that could create something twice. */
  private async send(
    request: Outgoing,
    body: string | undefined,
    access: HttpKubeAccess,
    deadline: Deadline,
  ): Promise<IncomingMessage> {
    for (let again = request.method !== 'POST'; ; again = false) {
      const outgoing = this.start(request, body, access, false);
      try {
        return await answerOf(outgoing, deadline, body);
      } catch (error) {
        const stale = outgoing.reusedSocket && isReset(error);
        if (!again || !stale || deadline.isOver) throw error;
      }
    }
  }

  private async openWatch(
    request: Parameters<Kube['watch']>[0],
    access: HttpKubeAccess,
    timeoutMs: number,
  ): Promise<IncomingMessage> {
    const { signal } = request;
    const query = { ...request.query, watch: 'true' };
    const outgoing = this.start({ ...request, query, method: 'GET' }, undefined, access, true);
    this.watches.add(outgoing);
    const end = (): void => void outgoing.destroy();
    signal.addEventListener('abort', end, { once: true });
    outgoing.once('close', () => {
      this.watches.delete(outgoing);
      signal.removeEventListener('abort', end);
    });
    // Until it begins to answer: how long it may go on is its own affair.
    const deadline = new Deadline(timeoutMs);
    try {
      return await answerOf(outgoing, deadline, undefined);
    } catch (error) {
      throw this.unreachable(deadline.isOver ? `no answer within ${timeoutMs} ms` : messageOf(error, 200), error);
    } finally {
      deadline.end();
    }
  }

  private start(request: Outgoing, body: string | undefined, access: HttpKubeAccess, isWatch: boolean): ClientRequest {
    const pools = this.pools.for(access);
    const headers: Record<string, string | number> = {
      accept: request.accept ?? 'application/json',
      'user-agent': this.options.userAgent ?? 'flotilla',
    };
    if (access.token !== undefined) headers['authorization'] = `Bearer ${access.token}`;
    if (request.asUser !== undefined) headers['impersonate-user'] = request.asUser;
    if (body !== undefined) {
      headers['content-type'] = request.contentType ?? 'application/json';
      headers['content-length'] = Buffer.byteLength(body);
    }
    const make = this.base.protocol === 'https:' ? httpsRequest : httpRequest;
    return make({
      protocol: this.base.protocol,
      hostname: this.base.hostname.replace(/^\[|\]$/g, ''),
      port: this.base.port,
      method: request.method,
      path: this.prefix + encodePath(request.path) + encodeQuery(request.query),
      headers,
      agent: isWatch ? pools.watches : pools.requests,
    });
  }

  private async readAnswer(response: IncomingMessage, sink?: KubeRequest['sink']): Promise<KubeResponse> {
    const status = response.statusCode ?? 0;
    if (sink !== undefined && status >= 200 && status < 300) {
      for await (const chunk of response as AsyncIterable<Buffer>) await sink(chunk);
      if (!response.complete) throw new Error('the answer was cut off');
      return { status, body: {} };
    }
    const text = await this.readText(response);
    const retryAfter = Number(response.headers['retry-after']);
    const body = readBody(text, status);
    return Number.isFinite(retryAfter) && response.headers['retry-after'] !== undefined
      ? { status, body, retryAfterSeconds: Math.max(0, retryAfter) }
      : { status, body };
  }

  private async readText(response: IncomingMessage): Promise<string> {
    const limit = this.options.maxAnswerBytes ?? defaults.maxAnswerBytes;
    const parts: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) {
        response.destroy();
        throw new RejectedError(
          'kube-answer-too-large',
          `The Kubernetes API's answer is larger than ${limit} bytes; ask for less, with limit.`,
        );
      }
      parts.push(chunk);
    }
    if (!response.complete) throw new Error('the answer was cut off');
    return parts.length === 1 ? (parts[0]?.toString('utf8') ?? '') : Buffer.concat(parts).toString('utf8');
  }

  private async refusal(response: IncomingMessage): Promise<RejectedError> {
    const answer = await this.readAnswer(response);
    const message = typeof answer.body['message'] === 'string' ? answer.body['message'] : `status ${answer.status}`;
    const after = answer.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: answer.retryAfterSeconds };
    return new RejectedError('kube-status', `The Kubernetes API refused the watch: ${message}`, {
      status: answer.status,
      body: answer.body,
      ...after,
    });
  }
}

async function* touching(stream: AsyncIterable<Buffer>, touch: () => unknown): AsyncIterable<Buffer> {
  for await (const chunk of stream) {
    touch();
    yield chunk;
  }
}

function isReset(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

/** Verbatim but for what may not stand in a request line. */
function encodePath(path: string): string {
  return path.replace(/[^\x21-\x7e]|[?#]/gu, encodeURIComponent);
}

function encodeQuery(query: KubeRequest['query']): string {
  if (query === undefined) return '';
  const text = new URLSearchParams(query).toString();
  return text === '' ? '' : `?${text}`;
}

/** What is no JSON object, such as a proxy's page or `404 page not found`, becomes a Status. */
function readBody(text: string, status: number): JsonObject {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as JsonObject;
  } catch {
    // Told as a Status below.
  }
  const failed = status >= 400;
  const message = text.trim().slice(0, 500);
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: failed ? 'Failure' : 'Success',
    message,
    code: status,
  };
}

function readEvent(line: string): KubeWatchEvent {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    throw new RetryableError('kube-unreachable', 'The Kubernetes API sent a watch event that is no JSON.');
  }
  return event as KubeWatchEvent;
}
