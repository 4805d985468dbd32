import type { Kube, KubeRequest, KubeResponse } from '#ports';

/** A Kube that remembers what went through it. */
export class RecordingKube implements Kube {
  requests: KubeRequest[] = [];
  /** Answers in the API server's place where it gives a response; may throw. */
  intercept: (request: KubeRequest) => KubeResponse | null = () => null;

  constructor(private readonly inner: Kube) {}

  async request(request: KubeRequest): Promise<KubeResponse> {
    this.requests.push(request);
    return this.intercept(request) ?? (await this.inner.request(request));
  }

  watch(request: Parameters<Kube['watch']>[0]): ReturnType<Kube['watch']> {
    return this.inner.watch(request);
  }

  close(): void {
    this.inner.close();
  }

  /** What changed something, but for the agent's own Secrets. */
  writes(agentNamespace: string): readonly KubeRequest[] {
    return this.requests.filter(
      ({ method, query, path }) =>
        method !== 'GET' &&
        query?.['dryRun'] === undefined &&
        !path.startsWith(`/api/v1/namespaces/${agentNamespace}/secrets`),
    );
  }
}
