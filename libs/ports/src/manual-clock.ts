import type { Clock } from './clock.js';

/** The fake of the Clock port: stands until it is advanced. A jump moves the wall's time alone, as an administrator does. */
export class ManualClock implements Clock {
  private elapsed = 0;
  private jumped = 0;

  constructor(private readonly start = Date.parse('2026-01-01T00:00:00Z')) {}

  now(): number {
    return this.start + this.elapsed + this.jumped;
  }

  monotonic(): number {
    return this.elapsed;
  }

  /** Lets so many milliseconds pass on both clocks; never backwards. */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`time does not pass by ${ms} ms`);
    this.elapsed += ms;
  }

  /** Sets the wall's clock forwards or backwards by so many milliseconds. */
  jump(ms: number): void {
    this.jumped += ms;
  }
}
