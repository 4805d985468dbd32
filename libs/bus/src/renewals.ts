import { headers, type Msg, type NatsConnection } from '@nats-io/nats-core';
import { type Logger, messageOf, RejectedError } from '#kit';
import { clusterOf, ERROR_HEADER, HUB_CONSUMER, subjects } from './subjects.js';

/** More in a window than this is no fleet that renews: ten thousand agents renew once in 16 hours. */
const MOST_IN_WINDOW = 200;
const MOST_BYTES_IN_WINDOW = 64 * 1024;
const WINDOW_MS = 100;
/** How many are answered at once. */
const MOST_AT_ONCE = 200;
const CLOSED_MS = 1_000;

/**
 * Answers agents' requests to renew. Whoever has an agent's key may send them as fast as it can, and each costs a look into the
 * database; so while too many come, nobody listens for a second, and the broker turns them away in the hub's place. An agent that
 * is turned away with them tries again later: it has eight hours.
 */
export class Renewals {
  #windowEnds = 0;
  #count = 0;
  #bytes = 0;
  #answering = 0;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly connection: NatsConnection,
    private readonly handle: (cluster: string) => Promise<string>,
    private readonly log: Pick<Logger, 'warn'>,
  ) {}

  start(): void {
    if (this.#isClosed || this.connection.isClosed()) return;
    // In a queue group: of several hubs, one takes each.
    const subscription = this.connection.subscribe(subjects.renew('*'), {
      queue: HUB_CONSUMER,
      callback: (error, message) => {
        if (error !== null) return this.log.warn({ why: messageOf(error) }, 'renewals are not heard');
        if (!this.#isTooMuch(message)) return void this.#answer(message).catch(() => undefined);
        subscription.unsubscribe();
        const cluster = clusterOf(message.subject);
        this.log.warn({ cluster }, 'too many requests to renew credentials; none is taken for a second');
        this.#timer = setTimeout(() => this.start(), CLOSED_MS).unref();
      },
    });
  }

  stop(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #isTooMuch({ data }: Msg): boolean {
    const now = performance.now();
    if (now > this.#windowEnds) {
      this.#windowEnds = now + WINDOW_MS;
      this.#count = 0;
      this.#bytes = 0;
    }
    this.#count += 1;
    this.#bytes += data.length;
    return this.#count > MOST_IN_WINDOW || this.#bytes > MOST_BYTES_IN_WINDOW || this.#answering >= MOST_AT_ONCE;
  }

  async #answer(message: Msg): Promise<void> {
    const cluster = clusterOf(message.subject);
    this.#answering += 1;
    try {
      message.respond(await this.handle(cluster));
    } catch (error) {
      const refused = headers();
      refused.set(ERROR_HEADER, error instanceof RejectedError ? error.code : 'retry');
      message.respond(error instanceof RejectedError ? error.message : '', { headers: refused });
      this.log.warn({ cluster, why: messageOf(error) }, 'a renewal was not answered');
    } finally {
      this.#answering -= 1;
    }
  }
}
