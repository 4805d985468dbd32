import { MAX_MANIFEST_BYTES } from '#contract';
import { BugError, RejectedError, RetryableError } from '#kit';
import type { HeartbeatMessage, HubBus, PutManifestResult, StatusMessage } from '#ports';
import { AwaitedAnswers, checkAsk } from './await-answer.js';
import type { FakeBroker, FakeEnd } from './fake-broker.js';
import { isPublicNkey } from './nkey.js';
import { MAX_BATCH } from './status-consumer.js';
import { MAX_CREDENTIAL_DAYS } from './streams.js';
import { checkDigest, checkToken } from './subjects.js';

const REDELIVER_MS = 20;

/** A hub's end of a FakeBroker. */
export class FakeHubBus implements HubBus, FakeEnd {
  readonly cluster = null;
  readonly key = null;
  readonly #reconnects: ((downMs: number) => void)[] = [];
  readonly #consumers = new Set<{ stop(): Promise<void> }>();
  readonly #answers = new AwaitedAnswers();
  #closed = false;
  #downSince: number | null = null;

  constructor(private readonly broker: FakeBroker) {
    broker.ends.add(this);
  }

  async putManifest(cluster: string, envelope: Uint8Array, expectedRevision: number): Promise<PutManifestResult> {
    checkToken(cluster, 'cluster');
    this.#check();
    if (envelope.length > MAX_MANIFEST_BYTES)
      throw new RejectedError('too-large', `The manifest of ${cluster} is too large.`);
    const there = this.broker.manifests.get(cluster);
    if ((there?.revision ?? 0) !== expectedRevision) {
      return { ok: false, revision: there?.revision ?? 0, current: there?.envelope ?? new Uint8Array() };
    }
    const revision = this.broker.nextSequence();
    this.broker.manifests.set(cluster, { revision, envelope: envelope.slice() });
    this.broker.nudge(cluster);
    return { ok: true, revision };
  }

  async getManifest(cluster: string): Promise<{ readonly revision: number; readonly envelope: Uint8Array } | null> {
    this.#check();
    return this.broker.manifests.get(checkToken(cluster, 'cluster')) ?? null;
  }

  async deleteManifest(cluster: string): Promise<void> {
    this.#check();
    this.broker.manifests.delete(checkToken(cluster, 'cluster'));
    this.broker.forgetStatus(cluster);
  }

  async putBundle(digest: string, gzipped: Uint8Array): Promise<number> {
    checkDigest(digest);
    this.#check();
    return this.broker.storeBundle(digest, gzipped);
  }

  async hasBundle(digest: string): Promise<boolean> {
    this.#check();
    return this.broker.bundles.has(checkDigest(digest));
  }

  async listBundles(): Promise<ReadonlyMap<string, number>> {
    this.#check();
    return new Map([...this.broker.bundles].map(([digest, chunks]) => [digest, chunks.length]));
  }

  async deleteBundle(digest: string): Promise<void> {
    this.#check();
    this.broker.bundles.delete(checkDigest(digest));
  }

  async consumeStatus(handle: (batch: readonly StatusMessage[]) => Promise<void>): Promise<{ stop(): Promise<void> }> {
    this.#check();
    let isStopped = false;
    const run = async (): Promise<void> => {
      while (!isStopped) {
        const batch = this.broker.isUp ? this.broker.takeStatus(MAX_BATCH) : [];
        if (batch.length === 0) {
          await this.broker.nextChange();
          continue;
        }
        const { duplicateStatus, reverseStatus } = this.broker.faults;
        const messages = batch
          .map((each) => each.message)
          .slice(0, duplicateStatus === true ? MAX_BATCH / 2 : MAX_BATCH);
        const delivered = duplicateStatus === true ? messages.flatMap((each) => [each, each]) : messages;
        try {
          await handle(reverseStatus === true ? delivered.toReversed() : delivered);
          batch.forEach((each, n) => (each.state = n < messages.length ? 'handled' : 'pending'));
        } catch {
          await new Promise((resolve) => setTimeout(resolve, REDELIVER_MS));
          for (const each of batch) each.state = 'pending';
        }
        this.broker.changed();
      }
    };
    const done = run();
    const consumer = {
      stop: async (): Promise<void> => {
        isStopped = true;
        this.#consumers.delete(consumer);
        this.broker.changed();
        await done;
      },
    };
    this.#consumers.add(consumer);
    return consumer;
  }

  async drainStatus(): Promise<void> {
    this.#check();
    await this.broker.settled();
  }

  onHeartbeat(handle: (message: HeartbeatMessage) => void): void {
    this.broker.heartbeats.set(this, (cluster, body) => handle({ cluster, body }));
  }

  onDisconnect(handle: (cluster: string) => void): void {
    this.broker.disconnects.push(handle);
  }

  nudge(cluster: string): void {
    checkToken(cluster, 'cluster');
    if (this.connected()) this.broker.nudge(cluster);
  }

  async ask(
    cluster: string,
    id: string,
    envelope: Uint8Array,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<Uint8Array> {
    const { answer } = checkAsk(cluster, id, envelope);
    this.#check();
    return await this.#answers.ask({
      ...options,
      listen: (take) => {
        // What comes while the hub's own connection is down is lost.
        this.broker.answers.set(answer, (...part) => this.connected() && take(...part));
        return () => this.broker.answers.delete(answer);
      },
      send: () => this.broker.ask(cluster, envelope.slice()),
    });
  }

  onRenew(handle: (cluster: string) => Promise<string>): void {
    this.broker.renewals.set(this, handle);
  }

  async mintCredential(cluster: string, agentPublicKey: string, ttlSeconds = 86_400): Promise<string> {
    checkToken(cluster, 'cluster');
    if (!isPublicNkey(agentPublicKey, 'user'))
      throw new RejectedError('bad-agent-key', 'It must be an nkey of a user.');
    if (!(ttlSeconds >= 1 && ttlSeconds <= MAX_CREDENTIAL_DAYS * 86_400))
      throw new RejectedError('bad-ttl', 'Bad time to live.');
    return this.broker.mint(cluster, agentPublicKey, ttlSeconds);
  }

  async revokeCredential(agentPublicKey: string): Promise<void> {
    this.#check();
    this.broker.revoke(agentPublicKey);
  }

  onReconnect(handle: (downMs: number) => void): void {
    this.#reconnects.push(handle);
  }

  connected(): boolean {
    return !this.#closed && this.broker.ends.has(this);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#answers.close();
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
    this.broker.ends.delete(this);
  }

  onNudge(): void {
    throw new BugError('hub-nudged', 'Nobody nudges a hub.');
  }

  onAsk(): void {
    throw new BugError('hub-asked', 'Nobody asks a hub.');
  }

  onDrop(): void {
    this.#downSince = performance.now();
    const comeBack = async (): Promise<void> => {
      while (!this.broker.isUp) await this.broker.nextChange();
      if (this.#closed) return;
      this.broker.ends.add(this);
      const downMs = Math.round(performance.now() - (this.#downSince ?? performance.now()));
      for (const handle of this.#reconnects) handle(downMs);
    };
    comeBack().catch((error: unknown) => {
      throw new BugError('fake-bus', String(error));
    });
  }

  #check(): void {
    if (!this.connected()) throw new RetryableError('bus-disconnected', 'The bus is not connected now.');
  }
}
