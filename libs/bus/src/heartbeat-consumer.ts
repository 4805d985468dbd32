import {
  type ConsumerMessages,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { type Logger, messageOf } from '#kit';
import type { HeartbeatMessage } from '#ports';
import { heartbeatConsumer } from './streams.js';
import { clusterOf, HUB_CONSUMER, isToken, streams } from './subjects.js';

/** What one hub is sent ahead: 10 MiB if all were of the largest size. */
const MAX_BATCH = 256;
/** Least time from one full batch to the next, ms: 5,000 a second are more than any fleet sends, and no work for a hub. */
const PACE_MS = 50;
/** How long one request for a batch stands, ms; the shortest that the client takes is a second. */
const EXPIRES_MS = 5_000;
const RETRY_MS = 200;
const CONSUMER_NOT_FOUND = 10014;

/**
 * Reads heartbeats through the durable consumer that all hubs share, at the hub's own pace. Were they plain messages, one agent that
 * sends them as fast as it can would keep every hub busy, and large ones would have the broker cut the hub off as a slow reader: the
 * stream holds the latest few of each cluster, however many are sent, and so everybody's turn comes.
 */
export class HeartbeatConsumer {
  #stopped = false;
  #messages: ConsumerMessages | null = null;
  #wake: () => void = () => undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(
    private readonly client: JetStreamClient,
    private readonly manager: JetStreamManager,
    private readonly handle: (message: HeartbeatMessage) => void,
    private readonly log: Pick<Logger, 'warn'>,
  ) {}

  start(): void {
    this.#done = this.#keepReading();
  }

  /** After a reconnect: the server has forgotten what was asked of it. */
  readAgain(): void {
    this.#messages?.stop();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#messages?.stop();
    this.#wake();
    await this.#done;
  }

  async #keepReading(): Promise<void> {
    let failures = 0;
    while (!this.#stopped) {
      try {
        const consumer = await this.client.consumers.get(streams.heartbeats, HUB_CONSUMER);
        while (!this.#stopped) {
          const started = performance.now();
          this.#messages = await consumer.fetch({ max_messages: MAX_BATCH, expires: EXPIRES_MS });
          let count = 0;
          for await (const { subject, data } of this.#messages) {
            count += 1;
            const cluster = clusterOf(subject);
            if (isToken(cluster)) this.handle({ cluster, body: data });
          }
          failures = 0;
          if (count === MAX_BATCH) await this.#rest(PACE_MS - (performance.now() - started));
        }
      } catch (error) {
        if (this.#stopped) return;
        failures += 1;
        if (failures === 10) this.log.warn({ why: messageOf(error) }, 'heartbeats cannot be read; trying again');
        // A server that was started again may have lost it. Where it is only electing a leader, to make it would take seconds.
        const isLost = error instanceof JetStreamApiError && error.code === CONSUMER_NOT_FOUND;
        const made = isLost && (await this.#make());
        if (!made) await this.#rest(RETRY_MS);
      }
    }
  }

  async #make(): Promise<boolean> {
    return await this.manager.consumers.add(streams.heartbeats, heartbeatConsumer).then(
      () => true,
      () => false,
    );
  }

  async #rest(ms: number): Promise<void> {
    if (ms <= 0 || this.#stopped) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      setTimeout(resolve, ms).unref();
    });
  }
}
