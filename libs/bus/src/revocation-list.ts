import { type KV, type KvEntry, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/nats-core';
import { type Logger, messageOf } from '#kit';
import type { AccountResolver } from './account-resolver.js';
import type { Revocations } from './accounts.js';
import { retryElection } from './election.js';
import { MAX_CREDENTIAL_DAYS } from './streams.js';

const FORGET_AFTER_SECONDS = (MAX_CREDENTIAL_DAYS + 1) * 86_400;

/**
 * The revoked keys, kept in a bucket that every hub watches. The account holds them all in one document, so two hubs that
 * revoke at once could each push an account without the other's key; every hub pushes again what it has heard of since, and
 * the last push of each is whole.
 */
export class RevocationList {
  readonly #revoked = new Map<string, number>();
  #pushing: Promise<void> = Promise.resolve();
  /** A push that has not begun yet: it takes along whatever is added until it does. */
  #next: Promise<void> | null = null;
  /** Whether there is something that the servers' account can't have yet. */
  #hasNew = false;
  #stop: () => void = () => undefined;

  private constructor(
    private readonly bucket: KV,
    private readonly resolver: AccountResolver,
    private readonly log: Pick<Logger, 'warn'>,
  ) {}

  /** Resolves when what was revoked before is in the servers' account. */
  static async open(
    connection: NatsConnection,
    resolver: AccountResolver,
    log: Pick<Logger, 'warn'>,
  ): Promise<RevocationList> {
    const bucket = await new Kvm(connection).open('revoked', { allow_direct: true });
    const list = new RevocationList(bucket, resolver, log);
    // Also what only the account remembers, should the bucket have been lost.
    for (const [key, at] of Object.entries(await resolver.storedRevocations())) list.#revoked.set(key, at);
    await list.#watch();
    await list.push();
    return list;
  }

  /** Resolves when the servers refuse the key and have dropped its connection. */
  async add(publicKey: string): Promise<void> {
    const at = Math.floor(Date.now() / 1000);
    this.#revoked.set(publicKey, at);
    this.#hasNew = true;
    // The servers first: it counts from here on, even where the bucket is electing its leader.
    await this.push();
    await retryElection(() => this.bucket.put(publicKey, String(at)));
  }

  /** Hands the account in with all that is revoked; also after a reconnect, for a server that is new. */
  push(): Promise<void> {
    this.#next ??= this.#pushing.catch(() => undefined).then(() => this.#push());
    this.#pushing = this.#next;
    return this.#next;
  }

  /** For a server that joined, whose account may be from before; which of them answers a look nobody knows. */
  async pushToAll(): Promise<void> {
    this.#hasNew = this.#revoked.size > 0;
    await this.push();
  }

  stop(): void {
    this.#stop();
  }

  async #push(): Promise<void> {
    this.#next = null;
    const revocations = this.#current();
    if (!this.#hasNew) return await this.resolver.pushAgents(revocations);
    this.#hasNew = false;
    await this.resolver.pushChangedAgents(revocations);
  }

  #current(): Revocations {
    const oldest = Math.floor(Date.now() / 1000) - FORGET_AFTER_SECONDS;
    for (const [key, at] of this.#revoked) if (at < oldest) this.#revoked.delete(key);
    return Object.fromEntries([...this.#revoked].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Resolves when all that is in the bucket now has been read. */
  async #watch(): Promise<void> {
    let revision = 0;
    for await (const entry of await this.bucket.history()) {
      this.#take(entry);
      revision = entry.revision;
    }
    const watch = await this.bucket.watch({ resumeFromRevision: revision + 1 });
    this.#stop = () => watch.stop();
    const pump = async (): Promise<void> => {
      // Another hub's: it pushes too, but may not know of ours.
      for await (const entry of watch) if (this.#take(entry)) await this.push();
    };
    pump().catch((error: unknown) => this.log.warn({ why: messageOf(error) }, 'revocations are not watched any more'));
  }

  /** Whether it was new. */
  #take(entry: KvEntry): boolean {
    const at = Number(entry.string());
    if (entry.operation !== 'PUT' || !(at > (this.#revoked.get(entry.key) ?? 0))) return false;
    this.#revoked.set(entry.key, at);
    return true;
  }
}
