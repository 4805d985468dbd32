import { RetryableError } from '#kit';
import type { CliContext } from './context.js';
import type { HubClient } from './hub-client.js';

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** How often it is looked at even when no event says so, ms: signs of life are no events. */
  readonly refreshMs?: number;
}

/** No more often than this is anything read again, however many events come, ms. */
const LEAST_MS = 500;

/**
 * Reads something now, and again whenever the hub tells an event or `refreshMs` have passed, until the signal. A hub that is away
 * for a while is told once and waited for; what it refuses is thrown.
 */
export async function* follow<T>(
  client: HubClient,
  context: CliContext,
  read: () => Promise<T>,
  { signal, refreshMs = 5000 }: FollowOptions,
): AsyncGenerator<T> {
  const bell = new Bell();
  const ended = (): void => {
    bell.ring();
    // What is under way is not waited for: Ctrl-C ends at once.
    client.close();
  };
  signal.addEventListener('abort', ended, { once: true });
  const listening = listen(client, signal, bell);
  let away = false;
  try {
    while (!signal.aborted) {
      const began = performance.now();
      let value: T;
      try {
        value = await read();
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof RetryableError)) throw error;
        if (!away) context.error(`${error.message} Trying again.\n`);
        away = true;
        await bell.wait(2000);
        continue;
      }
      if (away) context.error('The hub answers again.\n');
      away = false;
      yield value;
      // A large fleet takes a while to read: it is not read back to back.
      const took = performance.now() - began;
      await pause(Math.max(LEAST_MS, took * 3), signal);
      if (!signal.aborted) await bell.wait(refreshMs);
    }
  } finally {
    signal.removeEventListener('abort', ended);
    bell.close();
    client.close();
    await listening;
  }
}

/** Rings at each event, over as many connections as it takes. Without events the refresh still goes on. */
async function listen(client: HubClient, signal: AbortSignal, bell: Bell): Promise<void> {
  while (!signal.aborted && !bell.closed) {
    try {
      for await (const event of client.events(undefined, AbortSignal.any([signal, bell.ended]))) {
        if (event) bell.ring();
      }
    } catch (error) {
      // The reader tells what is wrong with the hub; one who may not listen still reads.
      if (!(error instanceof RetryableError)) return;
    }
    await pause(2000, AbortSignal.any([signal, bell.ended]));
  }
}

/** Wakes whoever waits; a ring while nobody waits is kept. */
class Bell {
  private rung = false;
  private wake: (() => void) | null = null;
  private readonly controller = new AbortController();

  get ended(): AbortSignal {
    return this.controller.signal;
  }

  get closed(): boolean {
    return this.controller.signal.aborted;
  }

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  close(): void {
    this.controller.abort();
  }

  async wait(ms: number): Promise<void> {
    if (!this.rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.wake = null;
    this.rung = false;
  }
}

/** Milliseconds, or until the signal. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
