import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, request as httpsRequest, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureCertificates } from '#bus';
import type { JsonObject } from '#domain';

/** A request as it came to the proxy. */
export interface ProxiedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string;
  readonly isWatch: boolean;
  /** It changes something: neither a read nor a dry-run. */
  readonly isWrite: boolean;
  /** Monotonic, ms. */
  readonly at: number;
}

/** What is done with a request. */
export type Treatment =
  /** `query`: in place of what the request says. */
  | { readonly kind: 'forward'; readonly delayMs?: number; readonly query?: Readonly<Record<string, string>> }
  /** The API server never hears of it. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly message?: string;
      readonly reason?: string;
      readonly retryAfterSeconds?: number;
    }
  /** The connection breaks: before the API server hears of it, or once it has answered and before anybody is told. */
  | { readonly kind: 'cut'; readonly when: 'before' | 'after'; readonly then?: () => void }
  /** The answer breaks off in its middle. */
  | { readonly kind: 'truncate' };

/** The first rule that has something to say decides; nobody's rule: forward. */
export type Rule = (request: ProxiedRequest) => Treatment | undefined;

export interface Upstream {
  readonly url: string;
  readonly ca: string | Buffer;
}

const MOST_REQUESTS = 100_000;
const MOST_BODY_BYTES = 16 << 20;
/** Whatever a test forgets, a proxy ends. */
const LONGEST_LIFE_MS = 15 * 60_000;

/** A reverse proxy over TLS on loopback, between an agent and a real API server, that counts and does harm by rules. */
export class KubeProxy {
  readonly requests: ProxiedRequest[] = [];
  private readonly rules = new Set<Rule>();
  private readonly streams = new Set<{ readonly upstream: IncomingMessage; readonly response: ServerResponse }>();
  private readonly agent: Agent;
  private readonly life: NodeJS.Timeout;
  private areWatchesStalled = false;

  private constructor(
    private readonly upstream: Upstream,
    /** PEM of the authority that clients hold the proxy to. */
    readonly caPem: string,
    private readonly server: Server,
    private readonly folder: string,
  ) {
    this.agent = new Agent({ keepAlive: true, ca: upstream.ca });
    this.life = setTimeout(() => {
      this.close().catch(() => undefined);
    }, LONGEST_LIFE_MS);
    this.life.unref();
    server.unref();
    server.on('request', (incoming: IncomingMessage, response: ServerResponse) => {
      this.serve(incoming, response).catch(() => response.destroy());
    });
  }

  static async start(upstream: Upstream): Promise<KubeProxy> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-kube-proxy-'));
    const { caPem, certPem, keyPem } = await ensureCertificates(folder, { names: [], ips: [] });
    const server = createServer({ cert: certPem, key: keyPem, keepAliveTimeout: 60_000 });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new KubeProxy(upstream, caPem, server, folder);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  /** The newest rule is asked first; what comes back takes it away. */
  rule(rule: Rule): () => void {
    this.rules.add(rule);
    return () => void this.rules.delete(rule);
  }

  count(isMeant: (request: ProxiedRequest) => boolean): number {
    return this.requests.filter(isMeant).length;
  }

  /** From now on no watch says anything, and none is closed: as when a connection's other end is gone without a word. */
  stallWatches(): void {
    this.areWatchesStalled = true;
    for (const { upstream, response } of this.streams) {
      upstream.unpipe(response);
      upstream.resume();
    }
  }

  /** Watches that are opened from now on speak again; those that stall go on stalling. */
  letWatchesSpeak(): void {
    this.areWatchesStalled = false;
  }

  /** Cuts all watches that are open. */
  cutWatches(): void {
    for (const { response } of this.streams) response.destroy();
  }

  async close(): Promise<void> {
    clearTimeout(this.life);
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    this.agent.destroy();
    // One that was still shaking hands counts as a connection only afterwards, and would be kept alive for a minute.
    const stragglers = setInterval(() => this.server.closeAllConnections(), 50);
    await closed;
    clearInterval(stragglers);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = describe(incoming);
    if (this.requests.length < MOST_REQUESTS) this.requests.push(request);
    const body = await bodyOf(incoming);
    const treatment = this.treatmentOf(request);
    switch (treatment.kind) {
      case 'answer':
        return answer(response, treatment);
      case 'cut':
        if (treatment.when === 'after') (await this.ask(incoming, body)).resume();
        treatment.then?.();
        response.destroy();
        return;
      case 'truncate':
        return truncate(await this.ask(incoming, body), response);
      case 'forward': {
        if (treatment.delayMs !== undefined) await sleep(treatment.delayMs);
        const upstream = await this.ask(incoming, body, treatment.query);
        response.writeHead(upstream.statusCode ?? 502, endToEnd(upstream.headers));
        if (request.isWatch) this.stream(upstream, response);
        else upstream.pipe(response);
      }
    }
  }

  private treatmentOf(request: ProxiedRequest): Treatment {
    for (const rule of [...this.rules].reverse()) {
      const treatment = rule(request);
      if (treatment !== undefined) return treatment;
    }
    return { kind: 'forward' };
  }

  private stream(upstream: IncomingMessage, response: ServerResponse): void {
    const stream = { upstream, response };
    this.streams.add(stream);
    response.flushHeaders();
    if (this.areWatchesStalled) upstream.resume();
    else upstream.pipe(response);
    const end = (): void => {
      this.streams.delete(stream);
      upstream.destroy();
    };
    upstream.once('error', () => response.destroy());
    response.once('close', end);
  }

  private ask(
    incoming: IncomingMessage,
    body: Buffer,
    query: Readonly<Record<string, string>> = {},
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const target = new URL(incoming.url ?? '/', this.upstream.url);
      for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
      const { host: _host, connection: _connection, 'transfer-encoding': _encoding, ...headers } = incoming.headers;
      const outgoing = httpsRequest({
        agent: this.agent,
        hostname: target.hostname,
        port: target.port,
        method: incoming.method,
        path: `${target.pathname}${target.search}`,
        headers,
      });
      outgoing.once('response', resolve);
      outgoing.once('error', reject);
      outgoing.end(body.length > 0 ? body : undefined);
    });
  }
}

function describe(incoming: IncomingMessage): ProxiedRequest {
  const { pathname, searchParams: query } = new URL(incoming.url ?? '/', 'https://api');
  const method = incoming.method ?? 'GET';
  const isWatch = query.get('watch') === 'true';
  const isWrite = method !== 'GET' && query.get('dryRun') === null;
  const authorization = incoming.headers.authorization ?? '';
  return { method, path: pathname, query, authorization, isWatch, isWrite, at: performance.now() };
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MOST_BODY_BYTES) throw new Error('the body is too large');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function answer(response: ServerResponse, treatment: Extract<Treatment, { kind: 'answer' }>): void {
  const { status, message = `answered by the test: ${treatment.status}`, reason, retryAfterSeconds } = treatment;
  const body: JsonObject = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason !== undefined && { reason }),
    code: status,
  };
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
  });
  response.end(JSON.stringify(body));
}

/** Says how long the answer is, gives half of it and is gone. */
async function truncate(upstream: IncomingMessage, response: ServerResponse): Promise<void> {
  const whole = await bodyOf(upstream);
  response.writeHead(upstream.statusCode ?? 502, {
    'content-type': upstream.headers['content-type'] ?? 'application/json',
    'content-length': String(whole.length),
  });
  response.write(whole.subarray(0, Math.floor(whole.length / 2)), () => response.destroy());
}

function endToEnd(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const { connection: _connection, 'keep-alive': _keepAlive, 'transfer-encoding': _encoding, ...rest } = headers;
  return rest;
}
