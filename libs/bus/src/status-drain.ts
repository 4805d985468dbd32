import { AckPolicy, DeliverPolicy, type JetStreamClient, type JetStreamManager, type JsMsg } from '@nats-io/jetstream';
import { nanos } from '@nats-io/nats-core';
import { RetryableError } from '#kit';
import { HUB_CONSUMER, streams } from './subjects.js';

const POLL_MS = 20;
/**
 * After so many looks without any progress what is unacknowledged counts as lost with whoever had it. Looks and not time: each is
 * a round trip of this process, so that one that stalls itself takes nobody else for dead.
 */
const LOOKS = 25;
/** How long a read of the stream may bring nothing before it is begun again, milliseconds. */
const SILENCE_MS = 5_000;
/** How many reports are read before they must have been handled. */
const MAX_HELD = 2_000;

type Handle = (message: JsMsg) => Promise<boolean>;

export interface DrainOptions {
  readonly manager: JetStreamManager;
  readonly client: JetStreamClient;
  readonly isClosed: () => boolean;
  /** Hands a report over here and tells whether it was handled; null while nothing is consumed here. */
  readonly handle: () => Handle | null;
}

/**
 * Resolves when everything that is in STATUS now has been handled. What was delivered to a hub that died comes again only after
 * the consumer's ack wait, so it is not waited for: it is read from the stream itself. That is safe, since the stream has the latest
 * report of a subject alone, and a report that comes twice changes nothing.
 */
export async function drainStatus(options: DrainOptions): Promise<void> {
  const { manager, isClosed } = options;
  const last = (await manager.streams.info(streams.status)).state.last_seq;
  let reached = 0;
  let before = '';
  let looks = 0;
  for (;;) {
    const { ack_floor, delivered, num_pending, num_ack_pending } = await manager.consumers.info(
      streams.status,
      HUB_CONSUMER,
    );
    reached = Math.max(reached, ack_floor.stream_seq);
    if (reached >= last || (num_pending === 0 && num_ack_pending === 0)) return;
    const isDelivered = delivered.stream_seq >= last || num_pending === 0;
    const now = [ack_floor.stream_seq, delivered.consumer_seq, num_ack_pending].join();
    looks = now === before && isDelivered ? looks + 1 : 0;
    before = now;
    const handle = options.handle();
    if (looks >= LOOKS && handle !== null) {
      const to = await handleSome(options, reached + 1, last, handle);
      if (to === null) looks = 0;
      else reached = to;
    }
    if (reached >= last) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    if (isClosed()) throw new RetryableError('bus-closed', 'The bus was closed before all reports were handled.');
  }
}

/** Up to which sequence all of the stream's reports from `first` to `last` have been handled; null where one was not. */
async function handleSome(options: DrainOptions, first: number, last: number, handle: Handle): Promise<number | null> {
  const { manager, client } = options;
  const { name, num_pending } = await manager.consumers.add(streams.status, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: first,
    inactive_threshold: nanos(2 * SILENCE_MS),
    mem_storage: true,
    num_replicas: 1,
  });
  if (num_pending === 0) return last;
  const consumer = await client.consumers.get(streams.status, name);
  const handled: Promise<boolean>[] = [];
  let end: (to: number | null) => void = () => undefined;
  const ended = new Promise<number | null>((resolve) => {
    end = resolve;
  });
  const silence = setTimeout(() => end(null), SILENCE_MS);
  let isEnded = false;
  try {
    const messages = await consumer.consume({
      // Not an iterator: each in its turn among what the shared consumer brings, or an older report could pass a newer one.
      callback: (message) => {
        if (isEnded) return;
        silence.refresh();
        if (message.seq <= last) handled.push(handle(message));
        const isLast = message.seq >= last || message.info.pending === 0;
        isEnded = isLast || handled.length >= MAX_HELD;
        if (isEnded) end(isLast ? last : message.seq);
      },
    });
    const to = await ended;
    await messages.close();
    return (await Promise.all(handled)).every((each) => each) ? to : null;
  } finally {
    clearTimeout(silence);
    await consumer.delete().catch(() => false);
  }
}
