import type { Kube, KubeRequest, KubeResponse } from '#ports';

/** A Kube that lets so many writes of objects through, and keeps those after them waiting until it is let go. */
export class HoldingKube implements Kube {
  /** Writes that were begun, those that wait included. */
  begun = 0;
  private release: () => void = () => undefined;
  private readonly held = new Promise<void>((resolve) => {
    this.release = resolve;
  });

  constructor(
    private readonly inner: Kube,
    private readonly through: number,
    private readonly method = 'PATCH',
  ) {}

  async request(request: KubeRequest): Promise<KubeResponse> {
    const { method, query, path } = request;
    if (method === this.method && query?.['dryRun'] === undefined && path.includes('/configmaps/')) {
      this.begun += 1;
      if (this.begun > this.through) await this.held;
    }
    return await this.inner.request(request);
  }

  letGo(): void {
    this.release();
  }

  watch(request: Parameters<Kube['watch']>[0]): ReturnType<Kube['watch']> {
    return this.inner.watch(request);
  }

  close(): void {
    this.inner.close();
  }
}
