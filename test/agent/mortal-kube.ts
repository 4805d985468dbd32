import { RetryableError } from '#kit';
import type { Kube, KubeRequest, KubeResponse } from '#ports';

/** The connection of an agent that is killed at one of its writes: from then on nothing of it reaches the cluster, nor it. */
export class MortalKube implements Kube {
  /** At what it was; empty: it lives. */
  diedOf = '';
  readonly died: Promise<void>;
  private fatal: { readonly write: number; readonly when: 'before' | 'after' } | null = null;
  private writes = 0;
  private readonly ended = new AbortController();

  constructor(private readonly inner: Kube) {
    this.died = new Promise((resolve) => this.ended.signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  /** Counted from now on; a dry-run is no write. */
  dieAt(write: number, when: 'before' | 'after'): void {
    this.writes = 0;
    this.fatal = { write, when };
  }

  /** How often an object was made, as those requests tell that reached the cluster. */
  madeOf(requests: readonly KubeRequest[], path: string): number {
    return requests.filter((request) => isWrite(request) && request.method === 'PATCH' && request.path === path).length;
  }

  async request(request: KubeRequest): Promise<KubeResponse> {
    this.expectLife();
    if (!isWrite(request)) return await this.inner.request(request);
    this.writes += 1;
    const isFatal = this.writes === this.fatal?.write;
    if (isFatal && this.fatal?.when === 'before') this.die(request);
    this.expectLife();
    const answer = await this.inner.request(request);
    if (isFatal) this.die(request);
    this.expectLife();
    return answer;
  }

  watch(request: Parameters<Kube['watch']>[0]): ReturnType<Kube['watch']> {
    this.expectLife();
    return this.inner.watch({ ...request, signal: AbortSignal.any([request.signal, this.ended.signal]) });
  }

  close(): void {
    this.ended.abort();
  }

  private die({ method, path }: KubeRequest): void {
    this.diedOf = `${this.fatal?.when} ${method} ${path}`;
    this.ended.abort();
  }

  private expectLife(): void {
    if (this.ended.signal.aborted) throw new RetryableError('kube-unreachable', 'It is dead.');
  }
}

function isWrite({ method, query }: KubeRequest): boolean {
  return method !== 'GET' && query?.['dryRun'] === undefined;
}
