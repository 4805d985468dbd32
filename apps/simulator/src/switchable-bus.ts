import type { OpenedBus } from '../../agent/src/agent-options.js';

import { RetryableError } from '#kit';

/** An agent's bus that can be cut off, as if the cluster had lost its network, and brought back. */
export class SwitchableBus implements OpenedBus {
  readonly ready: Promise<void>;
  private readonly nudged: (() => void)[] = [];
  private readonly asked: ((envelope: Uint8Array) => void)[] = [];
  private readonly reconnected: (() => void)[] = [];
  private inner: OpenedBus | undefined;
  private markReady: () => void = () => undefined;
  private wasReady = false;
  private closed = false;

  constructor(
    private readonly open: () => OpenedBus,
    isCut: boolean,
  ) {
    this.ready = new Promise((resolve) => (this.markReady = resolve));
    if (!isCut) this.connect();
  }

  /** Closes the connection; nothing gets through until `bringBack`. */
  async cutOff(): Promise<void> {
    const { inner } = this;
    this.inner = undefined;
    await inner?.close();
  }

  bringBack(): void {
    if (this.inner === undefined && !this.closed) this.connect();
  }

  fetchManifest(): Promise<Uint8Array | null> {
    return this.through((bus) => bus.fetchManifest());
  }

  onNudge(handle: () => void): void {
    this.nudged.push(handle);
  }

  onAsk(handle: (envelope: Uint8Array) => void): void {
    this.asked.push(handle);
  }

  publishAnswer(id: string, body: Uint8Array): Promise<void> {
    return this.through((bus) => bus.publishAnswer(id, body));
  }

  fetchBundle(digest: string, chunks: number): Promise<Uint8Array> {
    return this.through((bus) => bus.fetchBundle(digest, chunks));
  }

  publishStatus(application: string, body: Uint8Array): Promise<void> {
    return this.through((bus) => bus.publishStatus(application, body));
  }

  publishHeartbeat(body: Uint8Array): void {
    this.inner?.publishHeartbeat(body);
  }

  renewCredential(): Promise<string> {
    return this.through((bus) => bus.renewCredential());
  }

  onReconnect(handle: () => void): void {
    this.reconnected.push(handle);
  }

  connected(): boolean {
    return this.inner?.connected() ?? false;
  }

  retryNow(): void {
    this.inner?.retryNow();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.cutOff();
  }

  private connect(): void {
    const bus = this.open();
    this.inner = bus;
    bus.onNudge(() => this.tell(bus, this.nudged));
    bus.onAsk((envelope) => {
      if (this.inner === bus) for (const handle of this.asked) handle(envelope);
    });
    bus.onReconnect(() => this.tell(bus, this.reconnected));
    // The agent knows one first connection only; each one after that is a reconnect to it.
    bus.ready
      .then(() => {
        if (this.inner !== bus) return;
        if (this.wasReady) this.tell(bus, this.reconnected);
        this.wasReady = true;
        this.markReady();
      })
      .catch(() => undefined);
  }

  private tell(bus: OpenedBus, handlers: readonly (() => void)[]): void {
    if (this.inner === bus) for (const handle of handlers) handle();
  }

  private async through<T>(act: (bus: OpenedBus) => Promise<T>): Promise<T> {
    if (this.inner === undefined) throw new RetryableError('bus-disconnected', 'The cluster is cut off from its hub.');
    return act(this.inner);
  }
}
