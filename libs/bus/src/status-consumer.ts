import { type ConsumerMessages, type JetStreamClient, type JetStreamManager, type JsMsg } from '@nats-io/jetstream';
import { type Logger, messageOf, RetryableError } from '#kit';
import type { StatusMessage } from '#ports';
import { retryElection } from './election.js';
import { clusterOf, HUB_CONSUMER, isToken, streams } from './subjects.js';

/** Also what one hub is sent ahead: 36 MiB if all were of the largest size, within what a slow reader may have outstanding. */
export const MAX_BATCH = 500;
const RETRY_DELAY_MS = 1_000;
/**
 * Least time from batch to batch: each is a transaction of the hub's with a disk write of its own, so a wave's reports that trickle in
 * cost half as much when they are taken together. The first of a burst never waits.
 */
const PACE_MS = 15;
const DRAIN_POLL_MS = 20;

export type HandleStatus = (batch: readonly StatusMessage[]) => Promise<void>;

/**
 * Reads STATUS through the durable consumer that all hubs share. Messages are pushed into a queue as they come and handed over
 * as soon as the handler is free: the first one alone and at once, a burst in batches.
 */
export class StatusConsumer {
  readonly #queue: JsMsg[] = [];
  #wake: () => void = () => undefined;
  #stopped = false;
  #messages: ConsumerMessages | null = null;
  #done: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly client: JetStreamClient,
    private readonly handle: HandleStatus,
    private readonly log: Pick<Logger, 'warn'>,
  ) {}

  /** @throws RetryableError `bus-not-ready` */
  async start(): Promise<void> {
    await retryElection(() => this.#pull());
    this.#done = Promise.all([this.#keepPulling(), this.#handOver()]);
  }

  /** Resolves when the batch in hand is done; what was not handed over comes again, to whoever consumes then. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#messages?.close();
    await this.#done;
    for (const message of this.#queue.splice(0)) message.nak();
  }

  async pullAgain(): Promise<void> {
    await this.#messages?.close();
  }

  async #pull(): Promise<void> {
    const consumer = await this.client.consumers.get(streams.status, HUB_CONSUMER);
    this.#messages = await consumer.consume({
      max_messages: MAX_BATCH,
      callback: (message) => {
        const [, , , cluster, , application] = message.subject.split('.');
        // An agent may publish under any name of its own; one that is no name of an application ends here.
        if (!isToken(cluster) || !isToken(application)) return void message.term();
        this.#queue.push(message);
        this.#wake();
      },
    });
  }

  /** The client's own loop ends when the consumer was deleted, or the server lost its data. */
  async #keepPulling(): Promise<void> {
    while (!this.#stopped) {
      const why = await this.#messages?.closed();
      if (this.#stopped) return;
      this.log.warn(
        { why: why instanceof Error ? messageOf(why) : 'closed' },
        'reading reports stopped; starting again',
      );
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
      if (!this.#isStopped()) {
        await this.#pull().catch((error: unknown) =>
          this.log.warn({ why: messageOf(error) }, 'reports cannot be read'),
        );
      }
    }
  }

  #isStopped(): boolean {
    return this.#stopped;
  }

  async #handOver(): Promise<void> {
    while (!this.#stopped) {
      if (this.#queue.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      const batch = this.#queue.splice(0, MAX_BATCH);
      const started = performance.now();
      try {
        await this.handle(batch.map(toStatusMessage));
        for (const message of batch) message.ack();
      } catch (error) {
        this.log.warn({ count: batch.length, why: messageOf(error) }, 'reports were not stored; they come again');
        for (const message of batch) message.nak(RETRY_DELAY_MS);
      }
      const rest = PACE_MS - (performance.now() - started);
      if (rest > 0 && this.#queue.length < MAX_BATCH) await new Promise((resolve) => setTimeout(resolve, rest));
    }
  }
}

/** Waits until the shared consumer has had everything acknowledged that is in the stream now. */
export async function drainStatus(manager: JetStreamManager, isClosed: () => boolean): Promise<void> {
  const last = (await manager.streams.info(streams.status)).state.last_seq;
  for (;;) {
    const consumer = await manager.consumers.info(streams.status, HUB_CONSUMER);
    if (consumer.ack_floor.stream_seq >= last) return;
    if (consumer.num_pending === 0 && consumer.num_ack_pending === 0) return;
    await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    if (isClosed()) throw new RetryableError('bus-closed', 'The bus was closed before all reports were handled.');
  }
}

function toStatusMessage(message: JsMsg): StatusMessage {
  const application = message.subject.slice(message.subject.lastIndexOf('.') + 1);
  return { cluster: clusterOf(message.subject), application, body: message.data };
}
