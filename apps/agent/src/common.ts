import { PROTOCOL_VERSION } from '#domain';
import { type Logger, RetryableError } from '#kit';
import { sleep } from '#kube';

/** One version apart is understood, either way. */
export function isProtocolUnderstood(version: number): boolean {
  return Math.abs(version - PROTOCOL_VERSION) <= 1;
}

/** `ms`, give or take a tenth. */
export function jittered(ms: number, random: () => number): number {
  return ms * (0.9 + random() * 0.2);
}

/** Waits that double up to a limit, with jitter; ended by its signal. */
export class Backoff {
  private failures = 0;

  constructor(
    private readonly firstMs: number,
    private readonly mostMs: number,
    private readonly random: () => number,
    readonly signal: AbortSignal,
  ) {}

  /** The next wait, ms. */
  next(): number {
    const wait = Math.min(this.firstMs * 2 ** this.failures, this.mostMs);
    this.failures += 1;
    return wait * (0.75 + this.random() * 0.5);
  }

  reset(): void {
    this.failures = 0;
  }

  /** Tries until it goes well; only a RetryableError is tried again. Rejects with the last one when the signal aborts. */
  async until<T>(attempt: () => Promise<T>, onRetry: (error: RetryableError, waitMs: number) => void): Promise<T> {
    for (;;) {
      try {
        const result = await attempt();
        this.reset();
        return result;
      } catch (error) {
        if (!(error instanceof RetryableError) || this.signal.aborted) throw error;
        const wait = this.next();
        onRetry(error, Math.round(wait));
        await sleep(wait, this.signal);
      }
    }
  }
}

/** Lets something run on by itself; a rejection that nobody expected is told in the log. */
export function detach(running: Promise<unknown>, logger: Logger): void {
  running.catch((error: unknown) => logger.error({ err: error }, 'a part of the agent failed unexpectedly'));
}
