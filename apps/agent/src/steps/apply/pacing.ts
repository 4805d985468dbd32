import { Backoff } from '../../common.js';
import type { WorkerContext } from './worker-context.js';

/** When a worker may go on after something failed. */
export class Pacing {
  private readonly backoff: Backoff;
  /** For the next try of everything; the latest counts. */
  private timer: NodeJS.Timeout | undefined;
  /** For the next look at what differs. */
  private lookTimer: NodeJS.Timeout | undefined;
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
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.paused = false;
      then();
    }, wait);
    this.paused = true;
    return Math.round(wait);
  }

  /** Does something after the next wait, or after `leastMs` where that is longer; other things go on. */
  retry(leastMs: number, act: () => void): number {
    const wait = Math.max(this.backoff.next(), leastMs);
    clearTimeout(this.timer);
    this.timer = setTimeout(act, wait);
    return Math.round(wait);
  }

  /** Looks again after so many ms; whatever else is waited for is not put off. */
  lookLater(waitMs: number, look: () => void): void {
    clearTimeout(this.lookTimer);
    this.lookTimer = setTimeout(look, waitMs);
  }

  /** It went well. */
  succeeded(): void {
    this.backoff.reset();
  }

  /** Something new came: no wait holds it up. */
  goOn(): void {
    clearTimeout(this.timer);
    clearTimeout(this.lookTimer);
    this.paused = false;
    this.backoff.reset();
  }
}
