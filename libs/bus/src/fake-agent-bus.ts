import { MAX_REPORT_BYTES } from '#contract';
import { RejectedError, RetryableError } from '#kit';
import type { OpenAgentBus } from './agent-bus.js';
import { cutAnswer } from './answer-parts.js';
import type { FakeBroker, FakeEnd } from './fake-broker.js';
import { checkAskId, checkDigest, checkToken, subjects } from './subjects.js';

export interface FakeAgentOptions {
  readonly cluster: string;
  /** The agent's public key. */
  readonly key: string;
  readonly credential: () => string;
  readonly onAuthExpired?: () => void;
}

const RETRY_MS = 10;

/** An agent's end of a FakeBroker. */
export class FakeAgentBus implements OpenAgentBus, FakeEnd {
  readonly ready: Promise<void>;
  readonly #nudged: (() => void)[] = [];
  readonly #asked: ((envelope: Uint8Array) => void)[] = [];
  readonly #reconnected: (() => void)[] = [];
  #isReady: () => void = () => undefined;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly broker: FakeBroker,
    private readonly options: FakeAgentOptions,
  ) {
    checkToken(options.cluster, 'cluster');
    this.ready = new Promise((resolve) => {
      this.#isReady = resolve;
    });
    this.#login(true);
  }

  get cluster(): string {
    return this.options.cluster;
  }

  get key(): string {
    return this.options.key;
  }

  async fetchManifest(): Promise<Uint8Array | null> {
    this.#check();
    return this.broker.manifests.get(this.cluster)?.envelope ?? null;
  }

  onNudge(handle?: () => void): void {
    if (handle === undefined) for (const each of this.#nudged) each();
    else this.#nudged.push(handle);
  }

  onAsk(said: Uint8Array | ((envelope: Uint8Array) => void)): void {
    if (typeof said === 'function') this.#asked.push(said);
    else for (const handle of this.#asked) handle(said);
  }

  async publishAnswer(id: string, body: Uint8Array): Promise<void> {
    const subject = subjects.answer(this.cluster, checkAskId(id));
    const parts = await cutAnswer(body);
    this.#check();
    for (const [number, part] of parts.entries()) {
      this.broker.answers.get(subject)?.(String(number), String(parts.length), part);
    }
  }

  async fetchBundle(digest: string, chunks: number): Promise<Uint8Array> {
    checkDigest(digest);
    this.#check();
    return Buffer.concat(Array.from({ length: chunks }, (_, n) => this.broker.chunk(digest, n)));
  }

  async publishStatus(application: string, body: Uint8Array): Promise<void> {
    checkToken(application, 'application');
    this.#check();
    // As the real one: a body may come with headers of some size.
    if (body.length > MAX_REPORT_BYTES + 8 * 1024) {
      throw new RejectedError('too-large', `The report on ${application} is larger than the bus takes.`);
    }
    this.broker.storeStatus({ cluster: this.cluster, application, body: body.slice() });
  }

  publishHeartbeat(body: Uint8Array): void {
    const handle = this.broker.oneOf(this.broker.heartbeats);
    if (this.connected() && handle !== undefined) setImmediate(handle, this.cluster, body.slice());
  }

  async renewCredential(): Promise<string> {
    this.#check();
    const renew = this.broker.oneOf(this.broker.renewals);
    if (renew === undefined) throw new RetryableError('bus-no-responder', 'Nobody on the bus answers this now.');
    try {
      return await renew(this.cluster);
    } catch (error) {
      if (error instanceof RejectedError) throw error;
      throw new RetryableError('renew-failed', 'The hub could not renew the credential now.');
    }
  }

  onReconnect(handle: () => void): void {
    this.#reconnected.push(handle);
  }

  connected(): boolean {
    return this.broker.ends.has(this);
  }

  retryNow(): void {
    if (!this.connected() && !this.#closed) this.#login(false);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.broker.drop(this);
  }

  onDrop(): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => this.#login(false), RETRY_MS);
  }

  #login(isFirst: boolean): void {
    clearTimeout(this.#timer);
    const credential = this.options.credential();
    const answer = this.broker.login(this.cluster, this.key, credential);
    if (answer === 'let in') {
      this.broker.ends.add(this);
      this.#isReady();
      // The longest that a timer can wait is 24 days; a credential lives for 7.
      this.#timer = setTimeout(() => this.broker.drop(this), this.broker.expiresIn(credential)).unref();
      if (!isFirst) for (const handle of this.#reconnected) handle();
      return;
    }
    if (answer === 'refused') this.options.onAuthExpired?.();
    if (!this.#closed) this.#timer = setTimeout(() => this.#login(isFirst), RETRY_MS).unref();
  }

  #check(): void {
    if (!this.connected()) throw new RetryableError('bus-disconnected', 'The bus is not connected now.');
  }
}
