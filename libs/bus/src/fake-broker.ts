import { RejectedError, RetryableError } from '#kit';
import type { StatusMessage } from '#ports';
import type { TakePart } from './await-answer.js';
import { isPublicNkey } from './nkey.js';
import { CHUNK_BYTES } from './subjects.js';

/** What may go wrong on the way, on demand. */
export interface FakeFaults {
  /** Nudges and republished manifests that are lost. */
  dropNudges?: boolean;
  /** Every report reaches the hub twice. */
  duplicateStatus?: boolean;
  /** The hub gets the reports of a batch in reverse. */
  reverseStatus?: boolean;
}

interface Stored {
  readonly message: StatusMessage;
  readonly sequence: number;
  state: 'pending' | 'handed over' | 'handled';
}

interface FakeCredential {
  readonly cluster: string;
  readonly key: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** A connection's ends as the broker sees them. */
export interface FakeEnd {
  readonly cluster: string | null;
  readonly key: string | null;
  onNudge(): void;
  onAsk(envelope: Uint8Array): void;
  onDrop(): void;
}

/** What the fake ends share: everything a broker stores, in memory, and who is connected. */
export class FakeBroker {
  readonly faults: FakeFaults = {};
  readonly manifests = new Map<string, { readonly revision: number; readonly envelope: Uint8Array }>();
  readonly bundles = new Map<string, readonly Uint8Array[]>();
  readonly status = new Map<string, Stored>();
  readonly ends = new Set<FakeEnd>();
  readonly heartbeats = new Map<FakeEnd, (cluster: string, body: Uint8Array) => void>();
  readonly renewals = new Map<FakeEnd, (cluster: string) => Promise<string>>();
  /** By the subject of the answer: whoever waits for its parts. */
  readonly answers = new Map<string, TakePart>();
  readonly disconnects: ((cluster: string) => void)[] = [];
  readonly #revoked = new Map<string, number>();
  readonly #cutOff = new Set<string>();
  readonly #watchers = new Set<() => void>();
  #credentials = new Map<string, FakeCredential>();
  #sequence = 0;
  #up = true;

  get isUp(): boolean {
    return this.#up;
  }

  /** Everybody is disconnected; what is stored stays. */
  stop(): void {
    this.#up = false;
    for (const end of [...this.ends]) this.drop(end);
    this.changed();
  }

  start(): void {
    this.#up = true;
    this.changed();
  }

  /** The cluster's network is gone, both ways, until `bringBack`. */
  cutOff(cluster: string): void {
    this.#cutOff.add(cluster);
    for (const end of [...this.ends]) if (end.cluster === cluster) this.drop(end);
    this.changed();
  }

  bringBack(cluster: string): void {
    this.#cutOff.delete(cluster);
    this.changed();
  }

  mint(cluster: string, key: string, ttlSeconds: number): string {
    const issuedAt = ++this.#sequence;
    const credential = `fake-credential-${issuedAt}`;
    this.#credentials.set(credential, { cluster, key, issuedAt, expiresAt: Date.now() + ttlSeconds * 1000 });
    return credential;
  }

  revoke(key: string): void {
    if (!isPublicNkey(key, 'user'))
      throw new RejectedError('bad-agent-key', 'The public key must be an nkey of a user.');
    this.#revoked.set(key, ++this.#sequence);
    for (const end of [...this.ends]) if (end.key === key) this.drop(end);
  }

  /** How an agent's login ends now. */
  login(cluster: string, key: string, credential: string): 'let in' | 'refused' | 'unreachable' {
    if (!this.#up || this.#cutOff.has(cluster)) return 'unreachable';
    const found = this.#credentials.get(credential);
    const isGood =
      found !== undefined &&
      found.cluster === cluster &&
      found.key === key &&
      found.expiresAt > Date.now() &&
      found.issuedAt > (this.#revoked.get(key) ?? 0);
    return isGood ? 'let in' : 'refused';
  }

  /** Milliseconds until the credential ends. */
  expiresIn(credential: string): number {
    return (this.#credentials.get(credential)?.expiresAt ?? 0) - Date.now();
  }

  drop(end: FakeEnd): void {
    if (!this.ends.delete(end)) return;
    end.onDrop();
    const { cluster } = end;
    if (cluster !== null) setImmediate(() => this.disconnects.forEach((handle) => handle(cluster)));
  }

  nudge(cluster: string): void {
    if (this.faults.dropNudges === true) return;
    for (const end of [...this.ends])
      if (end.cluster === cluster) setImmediate(() => this.ends.has(end) && end.onNudge());
  }

  ask(cluster: string, envelope: Uint8Array): void {
    for (const end of [...this.ends])
      if (end.cluster === cluster) setImmediate(() => this.ends.has(end) && end.onAsk(envelope));
  }

  /** Of several hubs, one takes each message. */
  oneOf<Handler>(handlers: ReadonlyMap<FakeEnd, Handler>): Handler | undefined {
    return [...handlers].find(([end]) => this.ends.has(end))?.[1];
  }

  nextSequence(): number {
    return ++this.#sequence;
  }

  storeBundle(digest: string, gzipped: Uint8Array): number {
    const there = this.bundles.get(digest);
    if (there !== undefined) return there.length;
    const count = Math.max(1, Math.ceil(gzipped.length / CHUNK_BYTES));
    const chunks = Array.from({ length: count }, (_, n) => gzipped.slice(n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES));
    this.bundles.set(digest, chunks);
    return count;
  }

  chunk(digest: string, n: number): Uint8Array {
    const chunk = this.bundles.get(digest)?.[n];
    if (chunk !== undefined) return chunk;
    throw new RetryableError('bundle-missing', `Chunk ${n} of bundle ${digest} is not on the bus.`);
  }

  storeStatus(message: StatusMessage): void {
    const key = `${message.cluster}/${message.application}`;
    // At the end again, as a stream has it.
    this.status.delete(key);
    this.status.set(key, { message, sequence: ++this.#sequence, state: 'pending' });
    this.changed();
  }

  forgetStatus(cluster: string): void {
    for (const [key, { message }] of this.status) if (message.cluster === cluster) this.status.delete(key);
    this.changed();
  }

  /** At most `limit` reports that nobody has in hand. */
  takeStatus(limit: number): readonly Stored[] {
    const batch = [...this.status.values()].filter((each) => each.state === 'pending').slice(0, limit);
    for (const each of batch) each.state = 'handed over';
    return batch;
  }

  async settled(): Promise<void> {
    const last = this.#sequence;
    const isOpen = (each: Stored) => each.sequence <= last && each.state !== 'handled';
    while ([...this.status.values()].some(isOpen)) await this.nextChange();
  }

  changed(): void {
    for (const watcher of [...this.#watchers]) watcher();
    this.#watchers.clear();
  }

  nextChange(): Promise<void> {
    return new Promise((resolve) => this.#watchers.add(resolve));
  }
}
