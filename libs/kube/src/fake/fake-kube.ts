import { RejectedError, RetryableError } from '#kit';
import type { Kube, KubeRequest, KubeResponse, KubeWatchEvent } from '#ports';

import { type AdmissionVerdict } from './admission.js';
import { ApiError } from './api-error.js';
import { type ApiRequest } from './cluster-state.js';
import { FakeCluster, type FakeClusterOptions } from './fake-cluster.js';
import { type JsonMap, parseMap } from './json-tree.js';
import { type OpenWatch } from './watches.js';

function unreachable(): RetryableError {
  return new RetryableError(
    'kube-unreachable',
    'The Kubernetes API did not answer; look at its address and the network.',
  );
}

/** The Kube port on a simulated cluster, without a network between. */
export class FakeKube implements Kube {
  private readonly open = new Set<AbortController>();
  private closed = false;

  constructor(readonly cluster: FakeCluster) {}

  async request(request: KubeRequest): Promise<KubeResponse> {
    const { method, path } = request;
    const verdict = this.cluster.faults.judge(method, path);
    if (verdict.latencyMs > 0) await this.pass(verdict.latencyMs, request.timeoutMs);
    if (this.closed || verdict.unreachable) throw unreachable();
    if (verdict.answer !== undefined) return verdict.answer;
    const answer = this.cluster.handle(toApiRequest(request, method));
    if (verdict.loseAnswer) throw unreachable();
    if (request.sink !== undefined && answer.status >= 200 && answer.status < 300) {
      await request.sink(Buffer.from(answer.body));
      return { status: answer.status, body: {} };
    }
    return { status: answer.status, body: parseMap(answer.body) };
  }

  async *watch(request: Parameters<Kube['watch']>[0]): AsyncIterable<KubeWatchEvent> {
    const { path } = request;
    const verdict = this.cluster.faults.judge('GET', path);
    if (verdict.latencyMs > 0) await this.pass(verdict.latencyMs, undefined);
    if (this.closed || verdict.unreachable) throw unreachable();
    if (verdict.answer !== undefined) throw refused(verdict.answer.status, verdict.answer.body);
    yield* this.events(request);
  }

  close(): void {
    this.closed = true;
    for (const controller of this.open) controller.abort();
  }

  private async pass(ms: number, timeoutMs: number | undefined): Promise<void> {
    const within = timeoutMs === undefined ? ms : Math.min(ms, timeoutMs);
    await new Promise<void>((resolve) => this.cluster.time.after(within, resolve));
    if (timeoutMs !== undefined && ms > timeoutMs) throw unreachable();
  }

  private async *events(request: Parameters<Kube['watch']>[0]): AsyncIterable<KubeWatchEvent> {
    const { cluster } = this;
    const queue: KubeWatchEvent[] = [];
    let wake: () => void = () => undefined;
    let ended = false;
    const closing = new AbortController();
    this.open.add(closing);
    const end = (): void => {
      ended = true;
      wake();
    };
    let watch: OpenWatch | undefined;
    const stops: (() => void)[] = [];
    try {
      watch = this.start(request, (event) => {
        if (cluster.faults.stallsWatches(request.path)) return;
        queue.push(event);
        if (event.type === 'ERROR') ended = true;
        wake();
      });
      for (const signal of [request.signal, closing.signal]) {
        if (signal.aborted) end();
        signal.addEventListener('abort', end);
        stops.push(() => signal.removeEventListener('abort', end));
      }
      stops.push(cluster.faults.onChange(() => (cluster.faults.isUnreachable() ? end() : undefined)));
      const seconds = Number(request.query?.['timeoutSeconds'] ?? 0);
      if (seconds > 0) stops.push(cluster.time.after(seconds * 1000, end));
      for (;;) {
        const event = queue.shift();
        if (request.signal.aborted) return;
        if (event !== undefined) {
          yield event;
          continue;
        }
        if (ended) return;
        const timer = request.idleMs === undefined ? undefined : cluster.time.after(request.idleMs, end);
        await new Promise<void>((resolve) => (wake = resolve));
        timer?.();
      }
    } finally {
      watch?.close();
      for (const stop of stops) stop();
      this.open.delete(closing);
    }
  }

  private start(request: Parameters<Kube['watch']>[0], take: (event: KubeWatchEvent) => void): OpenWatch {
    try {
      return this.cluster.watch(toApiRequest(request, 'GET'), (type, json) => take({ type, object: parseMap(json) }));
    } catch (error) {
      if (error instanceof ApiError) throw refused(error.code, error.status);
      throw error;
    }
  }
}

function refused(status: number, body: object): RejectedError {
  const message = 'message' in body && typeof body.message === 'string' ? body.message : `status ${status}`;
  return new RejectedError('kube-status', `The Kubernetes API refused the watch: ${message}`, { status, body });
}

function toApiRequest(request: Omit<KubeRequest, 'method'>, method: string): ApiRequest {
  return {
    method,
    path: request.path,
    query: request.query ?? {},
    ...(request.body === undefined ? {} : { body: request.body }),
    ...(request.contentType === undefined ? {} : { contentType: request.contentType }),
    ...(request.accept === undefined ? {} : { accept: request.accept }),
    ...(request.asUser === undefined ? {} : { user: request.asUser }),
    userAgent: 'flotilla',
  };
}

/** A simulated cluster and the port to it. */
export function openFakeCluster(options: FakeClusterOptions = {}): {
  readonly cluster: FakeCluster;
  readonly kube: FakeKube;
} {
  const cluster = new FakeCluster(options);
  return { cluster, kube: new FakeKube(cluster) };
}

let webhooks = 0;

/** A webhook of the contract suite's kind, at an address that only this cluster knows. */
export async function serveFakeWebhook(
  cluster: FakeCluster,
  handler: (object: JsonMap) => { readonly deny?: string; readonly patch?: readonly object[] },
): Promise<{ readonly clientConfig: { readonly url: string }; readonly close: () => Promise<void> }> {
  webhooks += 1;
  const url = `https://webhook-${webhooks}.example.com/`;
  const stop = cluster.serveWebhook(url, ({ object }) => ({ code: 403, ...(handler(object) as AdmissionVerdict) }));
  return { clientConfig: { url }, close: async () => stop() };
}

export { type AdmissionHandler, type AdmissionReview, type AdmissionVerdict } from './admission.js';
export { type AuditEntry, FakeCluster, type ClusterSnapshot, type FakeClusterOptions } from './fake-cluster.js';
export { ApiError, failureStatus } from './api-error.js';
export { type ApiAnswer, type ApiRequest } from './cluster-state.js';
export { type KubeFault } from './faults.js';
export { type Json, type JsonMap } from './json-tree.js';
export { ManualTime, realTime, type Time } from './time.js';
export { type OpenWatch } from './watches.js';
