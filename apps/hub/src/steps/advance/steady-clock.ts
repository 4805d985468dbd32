import type { Clock } from '#ports';

/**
 * The time that a hub judges by: it passes as the monotonic clock passes. A wall clock that is set, or that went on while the
 * machine slept, would end soaks and deadlines in which nobody was listening; here it is only told how far it is ahead, and is
 * followed once that time is taken out of them.
 */
export class SteadyClock implements Clock {
  private offset: number;

  constructor(private readonly system: Clock) {
    this.offset = system.now() - system.monotonic();
  }

  now(): number {
    return Math.round(this.system.monotonic() + this.offset);
  }

  monotonic(): number {
    return this.system.monotonic();
  }

  /** Milliseconds by which the wall clock is ahead of this one; negative: behind. */
  ahead(): number {
    return this.system.now() - this.now();
  }

  /**
   * Follows the wall clock as far as it was seen to be ahead.
   * @param ms what `ahead` told.
   */
  follow(ms: number): void {
    this.offset += ms;
  }
}
