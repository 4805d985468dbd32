import type { JetStreamClient, JetStreamManager, JsMsg } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/nats-core';
import { type Logger, RejectedError, RetryableError } from '#kit';
import type { HeartbeatMessage, HubBus, PutManifestResult, StatusMessage } from '#ports';
import { z } from 'zod';
import { agentUserJwt } from './accounts.js';
import { PART_HEADER, PARTS_HEADER } from './answer-parts.js';
import { AwaitedAnswers, checkAsk } from './await-answer.js';
import { countAllChunks, countChunks, writeChunks } from './bundle-chunks.js';
import type { BusKeys } from './nats-keys.js';
import { HeartbeatConsumer } from './heartbeat-consumer.js';
import { isPublicNkey } from './nkey.js';
import { busError, errorCodes, publishAcked, refusal } from './requests.js';
import { Renewals } from './renewals.js';
import type { RevocationList } from './revocation-list.js';
import { StatusConsumer } from './status-consumer.js';
import { drainStatus } from './status-drain.js';
import type { StatusQuota } from './status-quota.js';
import { MAX_CREDENTIAL_DAYS } from './streams.js';
import { checkDigest, checkToken, streams, subjects } from './subjects.js';

const DAY_SECONDS = 86_400;
const CLUSTER_TAG = 'cluster:';

/** How long a revocation waits for a connection that has just been lost, milliseconds. */
const RECONNECT_MS = 5_000;
const RECONNECT_POLL_MS = 20;

/** What the hub holds of NATS once it is connected. */
export interface HubConnections {
  readonly hub: NatsConnection;
  readonly system: NatsConnection;
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly revocations: RevocationList;
  readonly quota: StatusQuota;
  readonly isConnected: () => boolean;
  /** Called at each reconnect with the milliseconds that it was down. */
  readonly onReconnect: (handle: (downMs: number) => void) => void;
}

const disconnectSchema = z.object({ client: z.object({ tags: z.array(z.string()).optional() }) });

/** HubBus over NATS; made by connectHubBus. */
export class NatsHubBus implements HubBus {
  readonly #consumers = new Set<StatusConsumer>();
  readonly #heartbeats: HeartbeatConsumer[] = [];
  readonly #renewals: Renewals[] = [];
  readonly #answers = new AwaitedAnswers();
  #draining = 0;

  constructor(
    private readonly connections: HubConnections,
    private readonly keys: BusKeys,
    private readonly log: Pick<Logger, 'warn'>,
  ) {}

  async putManifest(cluster: string, envelope: Uint8Array, expectedRevision: number): Promise<PutManifestResult> {
    const expected = headers();
    expected.set('Nats-Expected-Last-Subject-Sequence', String(expectedRevision));
    const subject = subjects.manifest(checkToken(cluster, 'cluster'));
    for (;;) {
      const answer = await publishAcked(this.#hub(), subject, envelope, expected);
      if (answer.ok) return { ok: true, revision: answer.sequence };
      if (!errorCodes.wrongLastSequence.includes(answer.errorCode)) throw refusal(`the manifest of ${cluster}`, answer);
      const current = await this.getManifest(cluster);
      if (current !== null && current.revision !== expectedRevision) {
        return { ok: false, revision: current.revision, current: current.envelope };
      }
      // It was deleted, or written, between the two calls. Only the first is a conflict: nothing is there now.
      if (current === null && expectedRevision !== 0) return { ok: false, revision: 0, current: new Uint8Array() };
    }
  }

  async getManifest(cluster: string): Promise<{ readonly revision: number; readonly envelope: Uint8Array } | null> {
    const subject = subjects.manifest(checkToken(cluster, 'cluster'));
    this.#hub();
    try {
      // From the stream's leader, not by direct get: a follower may be behind, and a revision that is old conflicts again.
      const stored = await this.connections.manager.streams.getMessage(streams.assign, { last_by_subj: subject });
      return stored === null ? null : { revision: stored.seq, envelope: stored.data };
    } catch (error) {
      throw busError(error);
    }
  }

  async deleteManifest(cluster: string): Promise<void> {
    await this.#purge(streams.assign, subjects.manifest(checkToken(cluster, 'cluster')));
    await this.#purge(streams.status, subjects.status(cluster, '*'));
  }

  async putBundle(digest: string, gzipped: Uint8Array): Promise<number> {
    const there = await this.#chunks(digest);
    if (there > 0) return there;
    // What an interrupted write has left may be of another compression and count.
    await this.deleteBundle(digest);
    return await writeChunks(this.#hub(), digest, gzipped);
  }

  async hasBundle(digest: string): Promise<boolean> {
    return (await this.#chunks(digest)) > 0;
  }

  async listBundles(): Promise<ReadonlyMap<string, number>> {
    this.#hub();
    try {
      return await countAllChunks(this.connections.manager);
    } catch (error) {
      throw busError(error);
    }
  }

  async deleteBundle(digest: string): Promise<void> {
    await this.#purge(streams.bundle, subjects.chunks(checkDigest(digest)));
  }

  async consumeStatus(handle: (batch: readonly StatusMessage[]) => Promise<void>): Promise<{ stop(): Promise<void> }> {
    const consumer = new StatusConsumer(this.connections.client, handle, this.connections.quota, this.log);
    try {
      await consumer.start();
    } catch (error) {
      throw busError(error);
    }
    this.#consumers.add(consumer);
    return {
      stop: async () => {
        this.#consumers.delete(consumer);
        await consumer.stop();
      },
    };
  }

  /** After the streams were made anew: what waits for messages of the old ones would notice only after a while. */
  async pullAgain(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.pullAgain()));
  }

  async drainStatus(): Promise<void> {
    this.#hub();
    const { manager, client, hub } = this.connections;
    const handle = () => {
      const [consumer] = this.#consumers;
      consumer?.remember();
      return consumer === undefined ? null : (message: JsMsg) => consumer.handle(message);
    };
    this.#draining += 1;
    try {
      await drainStatus({ manager, client, isClosed: () => hub.isClosed(), handle });
    } catch (error) {
      throw busError(error);
    } finally {
      this.#draining -= 1;
      if (this.#draining === 0) for (const each of this.#consumers) each.forget();
    }
  }

  onHeartbeat(handle: (message: HeartbeatMessage) => void): void {
    const consumer = new HeartbeatConsumer(this.connections.client, this.connections.manager, handle, this.log);
    this.#heartbeats.push(consumer);
    consumer.start();
    this.connections.onReconnect(() => consumer.readAgain());
  }

  onDisconnect(handle: (cluster: string) => void): void {
    const subject = `$SYS.ACCOUNT.${this.keys.agents.publicKey}.DISCONNECT`;
    this.connections.system.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) return;
        const parsed = disconnectSchema.safeParse(readJson(message.data));
        const tag = parsed.data?.client.tags?.find((each) => each.startsWith(CLUSTER_TAG));
        if (tag !== undefined) handle(tag.slice(CLUSTER_TAG.length));
      },
    });
  }

  nudge(cluster: string): void {
    // Nobody waits for it, and an agent that missed it is nudged again after its next heartbeat.
    if (this.connected()) this.connections.hub.publish(subjects.nudge(checkToken(cluster, 'cluster')));
  }

  async ask(
    cluster: string,
    id: string,
    envelope: Uint8Array,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<Uint8Array> {
    const { ask, answer } = checkAsk(cluster, id, envelope);
    const hub = this.#hub();
    return await this.#answers.ask({
      ...options,
      // No queue group: only the hub that asked waits for this id.
      listen: (take) => {
        const subscription = hub.subscribe(answer, {
          callback: (error, { headers: which, data }) => {
            if (error === null) take(which?.get(PART_HEADER), which?.get(PARTS_HEADER), data);
          },
        });
        return () => subscription.unsubscribe();
      },
      send: () => hub.publish(ask, envelope),
    });
  }

  onRenew(handle: (cluster: string) => Promise<string>): void {
    const renewals = new Renewals(this.connections.hub, handle, this.log);
    this.#renewals.push(renewals);
    renewals.start();
  }

  async mintCredential(cluster: string, agentPublicKey: string, ttlSeconds = DAY_SECONDS): Promise<string> {
    checkUserKey(agentPublicKey);
    checkToken(cluster, 'cluster');
    if (!(ttlSeconds >= 1 && ttlSeconds <= MAX_CREDENTIAL_DAYS * DAY_SECONDS)) {
      throw new RejectedError('bad-ttl', `A credential lives between 1 second and ${MAX_CREDENTIAL_DAYS} days.`);
    }
    return agentUserJwt(this.keys, cluster, agentPublicKey, Math.floor(Date.now() / 1000), Math.floor(ttlSeconds));
  }

  async revokeCredential(agentPublicKey: string): Promise<void> {
    checkUserKey(agentPublicKey);
    // Where a server of several has just died the connection is back in a moment, and this is not for the caller to wait for.
    const started = performance.now();
    while (!this.connected() && performance.now() - started < RECONNECT_MS) await sleep(RECONNECT_POLL_MS);
    this.#hub();
    try {
      await this.connections.revocations.add(agentPublicKey);
    } catch (error) {
      throw busError(error);
    }
  }

  onReconnect(handle: (downMs: number) => void): void {
    this.connections.onReconnect(handle);
  }

  connected(): boolean {
    return this.connections.isConnected();
  }

  async close(): Promise<void> {
    this.#answers.close();
    for (const renewals of this.#renewals) renewals.stop();
    await Promise.all([...this.#consumers, ...this.#heartbeats].map((consumer) => consumer.stop()));
    this.connections.revocations.stop();
    // Acknowledgements that are still in the buffer must leave; a bus that is gone must not hold the hub's end up.
    if (this.connected()) await Promise.race([this.connections.hub.flush(), sleep(1_000)]).catch(() => undefined);
    await Promise.all([this.connections.hub.close(), this.connections.system.close()]);
  }

  async #chunks(digest: string): Promise<number> {
    this.#hub();
    try {
      return await countChunks(this.connections.manager, digest);
    } catch (error) {
      throw busError(error);
    }
  }

  async #purge(stream: string, filter: string): Promise<void> {
    this.#hub();
    try {
      await this.connections.manager.streams.purge(stream, { filter });
    } catch (error) {
      throw busError(error);
    }
  }

  /** @throws RetryableError `bus-disconnected` */
  #hub(): NatsConnection {
    if (!this.connected()) throw new RetryableError('bus-disconnected', 'The bus is not connected now.');
    return this.connections.hub;
  }
}

function checkUserKey(publicKey: string): void {
  if (!isPublicNkey(publicKey, 'user')) {
    throw new RejectedError('bad-agent-key', "The agent's public key must be an nkey of a user: U and 55 characters.");
  }
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
