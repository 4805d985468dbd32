import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { ApiError, type ApiRequest, type FakeCluster, failureStatus, type OpenWatch } from '#kube/fake';

/** As large as a real API server takes. */
const maxBodyBytes = 3 * 1024 * 1024;
/** A watcher that doesn't read is let go at this many unread bytes. */
const maxUnreadBytes = 16 * 1024 * 1024;

export class BodyTooLarge extends Error {}

export async function readBody(request: IncomingMessage, limit = maxBodyBytes): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new BodyTooLarge();
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}

export function bearsToken(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(/^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '');
  const wanted = Buffer.from(token);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: string,
  more: Record<string, string> = {},
): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...more,
  });
  response.end(body);
}

function sendStatus(response: ServerResponse, code: number, message: string): void {
  sendJson(response, code, JSON.stringify(failureStatus(code, message)));
}

/** Serves one simulated cluster's Kubernetes API over HTTP. `path` is the part behind the cluster's name. */
export async function serveKube(
  cluster: FakeCluster,
  path: string,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const method = request.method ?? 'GET';
  const verdict = cluster.faults.judge(method, path);
  if (verdict.latencyMs > 0) await new Promise<void>((resolve) => cluster.time.after(verdict.latencyMs, resolve));
  if (verdict.unreachable) {
    request.socket.destroy();
    return;
  }
  if (verdict.answer !== undefined) {
    const { status, body, retryAfterSeconds } = verdict.answer;
    const more: Record<string, string> =
      retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
    sendJson(response, status, JSON.stringify(body), more);
    return;
  }
  const api = await readRequest(method, path, query, request, response);
  if (api === undefined) return;
  const isWatch = method === 'GET' && ['true', '1'].includes(query.get('watch') ?? '');
  if (isWatch) {
    serveWatch(cluster, api, request, response);
    return;
  }
  const answer = cluster.handle(api);
  if (verdict.loseAnswer) request.socket.destroy();
  else sendJson(response, answer.status, answer.body);
}

async function readRequest(
  method: string,
  path: string,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<ApiRequest | undefined> {
  const { headers } = request;
  const api = {
    method,
    path,
    query: Object.fromEntries(query),
    ...(headers['content-type'] === undefined ? {} : { contentType: headers['content-type'] }),
    ...(headers.accept === undefined ? {} : { accept: headers.accept }),
    ...(headers['user-agent'] === undefined ? {} : { userAgent: headers['user-agent'] }),
  };
  try {
    const text = await readBody(request);
    return text === '' ? api : { ...api, body: JSON.parse(text) as unknown };
  } catch (error) {
    if (error instanceof BodyTooLarge) sendStatus(response, 413, `Request entity too large: limit is ${maxBodyBytes}`);
    else if (error instanceof SyntaxError)
      sendStatus(response, 400, 'the body is no JSON, which is all that is understood here');
    else throw error;
    return undefined;
  }
}

function serveWatch(cluster: FakeCluster, api: ApiRequest, request: IncomingMessage, response: ServerResponse): void {
  const stops: (() => void)[] = [];
  let begun = false;
  const end = (): void => void response.end();
  const begin = (): void => {
    if (begun) return;
    begun = true;
    response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    response.flushHeaders();
  };
  let watch: OpenWatch;
  try {
    watch = cluster.watch(api, (type, object) => {
      if (cluster.faults.stallsWatches(api.path)) return;
      begin();
      response.write(`{"type":"${type}","object":${object}}\n`);
      if (type === 'ERROR') end();
      else if (response.writableLength > maxUnreadBytes) response.destroy();
    });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    sendJson(response, error.code, JSON.stringify(error.status));
    return;
  }
  begin();
  stops.push(() => watch.close());
  stops.push(cluster.faults.onChange(() => (cluster.faults.isUnreachable() ? request.socket.destroy() : undefined)));
  const seconds = Number(api.query['timeoutSeconds'] ?? 0);
  if (seconds > 0) stops.push(cluster.time.after(seconds * 1000, end));
  response.once('close', () => {
    for (const stop of stops) stop();
  });
}
