import type { ConsumerMessages, JetStreamClient, JsMsg } from '@nats-io/jetstream';
import { type Logger, messageOf } from '#kit';
import type { StatusMessage } from '#ports';
import { retryElection } from './election.js';
import type { StatusQuota } from './status-quota.js';
import { clusterOf, HUB_CONSUMER, isToken, streams } from './subjects.js';

/** Also what one hub is sent ahead: 36 MiB if all were of the largest size, within what a slow reader may have outstanding. */
export const MAX_BATCH = 500;
const RETRY_DELAY_MS = 1_000;
/**
 * Least time from batch to batch: each is a transaction of the hub's with a disk write of its own, so a wave's reports that trickle in
 * cost half as much when they are taken together. The first of a burst never waits.
 */
const PACE_MS = 15;

/** What became of a report: given up where the consumer was stopped before it was its turn. */
type Outcome = 'handled' | 'failed' | 'given up';

interface Report {
  /** Its sequence in the stream. */
  readonly sequence: number;
  readonly message: StatusMessage;
  settle: (outcome: Outcome) => void;
}

export type HandleStatus = (batch: readonly StatusMessage[]) => Promise<void>;

/**
 * Reads STATUS through the durable consumer that all hubs share. Messages are pushed into a queue as they come and handed over
 * as soon as the handler is free: the first one alone and at once, a burst in batches.
 */
export class StatusConsumer {
  readonly #queue: Report[] = [];
  /** What waits and what the handler has now, by sequence. */
  readonly #held = new Map<number, Report>();
  /** What was handled here since somebody asked for it to be remembered. */
  #handled: Set<number> | null = null;
  #wake: () => void = () => undefined;
  #stopped = false;
  #messages: ConsumerMessages | null = null;
  #done: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly client: JetStreamClient,
    private readonly store: HandleStatus,
    private readonly quota: StatusQuota,
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
    for (const report of this.#queue.splice(0)) this.#settle(report, 'given up');
  }

  /** From now on `handle` knows what was handled already, until `forget`. */
  remember(): void {
    this.#handled ??= new Set();
  }

  forget(): void {
    this.#handled = null;
  }

  /**
   * Hands over a report that was read from the stream itself, in its turn, unless the shared consumer has given us the same one
   * already. Resolves with whether it was handled.
   */
  handle(read: JsMsg): Promise<boolean> {
    return new Promise((resolve) => {
      const held = this.#held.get(read.seq);
      if (held !== undefined) {
        const settle = held.settle;
        held.settle = (outcome) => {
          settle(outcome);
          resolve(outcome === 'handled');
        };
        return;
      }
      const message = toStatusMessage(read);
      if (message === null || this.#handled?.has(read.seq) === true) return resolve(true);
      if (this.#stopped) return resolve(false);
      this.#enqueue({ sequence: read.seq, message, settle: (outcome) => resolve(outcome === 'handled') });
    });
  }

  async pullAgain(): Promise<void> {
    await this.#messages?.close();
  }

  async #pull(): Promise<void> {
    const consumer = await this.client.consumers.get(streams.status, HUB_CONSUMER);
    this.#messages = await consumer.consume({
      max_messages: MAX_BATCH,
      callback: (message) => {
        this.quota.count(clusterOf(message.subject));
        const report = toStatusMessage(message);
        // An agent may publish under any name of its own; one that is no name of an application ends here.
        if (report === null) return void message.term();
        this.#enqueue({
          sequence: message.seq,
          message: report,
          settle: (outcome) => {
            if (outcome === 'handled') message.ack();
            else if (outcome === 'failed') message.nak(RETRY_DELAY_MS);
            else message.nak();
          },
        });
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

  #enqueue(report: Report): void {
    this.#held.set(report.sequence, report);
    this.#queue.push(report);
    this.#wake();
  }

  #settle(report: Report, outcome: Outcome): void {
    // One that was given to us twice is held once.
    if (this.#held.get(report.sequence) === report) this.#held.delete(report.sequence);
    if (outcome === 'handled') this.#handled?.add(report.sequence);
    report.settle(outcome);
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
        await this.store(batch.map(({ message }) => message));
        for (const report of batch) this.#settle(report, 'handled');
      } catch (error) {
        this.log.warn({ count: batch.length, why: messageOf(error) }, 'reports were not stored; they come again');
        for (const report of batch) this.#settle(report, 'failed');
      }
      const rest = PACE_MS - (performance.now() - started);
      if (rest > 0 && this.#queue.length < MAX_BATCH) await new Promise((resolve) => setTimeout(resolve, rest));
    }
  }
}

/** Null where the application's token is none. */
function toStatusMessage(message: JsMsg): StatusMessage | null {
  const cluster = clusterOf(message.subject);
  const application = message.subject.slice(message.subject.lastIndexOf('.') + 1);
  if (!isToken(cluster) || !isToken(application)) return null;
  return { cluster, application, body: message.data };
}
