import { BugError, RetryableError } from '#kit';
import type { Kube, KubeRequest, KubeResponse } from '#ports';

export interface ReadOnlyOptions {
  /** Service account as which everything is read; absent: as the agent itself. */
  readonly asUser?: string | undefined;
  /** The answer is due: no further request is made. */
  readonly signal: AbortSignal;
  /** Longest wait for one answer, ms. */
  readonly timeoutMs: number;
}

/** The cluster's API as a question may use it: it reads, and dry-runs, and nothing else gets through. */
export class ReadOnlyKube implements Kube {
  constructor(
    private readonly inner: Kube,
    private readonly options: ReadOnlyOptions,
  ) {}

  async request(request: KubeRequest): Promise<KubeResponse> {
    const isDryRun = request.method === 'PATCH' && request.query?.['dryRun'] === 'All';
    if (request.method !== 'GET' && !isDryRun) throw new BugError('ask-writes', 'A question would have written.');
    const { asUser, signal, timeoutMs } = this.options;
    if (signal.aborted) throw new RetryableError('ask-late', 'There was no time left to ask the Kubernetes API.');
    return await this.inner.request({ ...request, timeoutMs, ...(asUser !== undefined && { asUser }) });
  }

  watch(): ReturnType<Kube['watch']> {
    throw new BugError('ask-watches', 'A question would have watched.');
  }

  close(): void {
    // It is the agent's own.
  }
}
