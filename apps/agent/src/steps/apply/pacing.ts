import { Backoff } from '../../common.js';
import type { WorkerContext } from './worker-context.js';

/** When a worker may go on after something failed: one wait at a time, the latest counts. */
export class Pacing {
  private readonly backoff: Backoff;
  private timer: NodeJS.Timeout | undefined;
  private paused = false;

  constructor({ timing, random }: Pick<WorkerContext, 'timing' | 'random'>) {
    this.backoff = new Backoff(timing.retryMs, timing.retryMaxMs, random, new AbortController().signal);
  }

  /** Nothing at all is done for now. */
  get isPaused(): boolean {
    return this.paused;
  }

  /** Pauses everything for the next wait, and answers how long that is, ms. */
  pause(then: () => void): number {
    const wait = this.backoff.next();
    this.later(wait, () => {
      this.paused = false;
      then();
    });
    this.paused = true;
    return Math.round(wait);
  }

  /** Does something after the next wait, or after `leastMs` where that is longer; other things go on. */
  retry(leastMs: number, act: () => void): number {
    const wait = Math.max(this.backoff.next(), leastMs);
    this.later(wait, act);
    return Math.round(wait);
  }

  later(waitMs: number, act: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(act, waitMs);
  }

  /** It went well. */
  succeeded(): void {
    this.backoff.reset();
  }

  /** Something new came: no wait holds it up. */
  goOn(): void {
    clearTimeout(this.timer);
    this.paused = false;
    this.backoff.reset();
  }
}
