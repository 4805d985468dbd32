import { systemClock, type Clock } from '#ports';

/** The system's clock, whose wall time a test can set; the monotonic one never jumps, as in a real machine. */
export class JumpingClock implements Clock {
  private offset = 0;

  /** Sets the wall clock so many milliseconds ahead, or back. */
  jump(ms: number): void {
    this.offset += ms;
  }

  now(): number {
    return systemClock.now() + this.offset;
  }

  monotonic(): number {
    return systemClock.monotonic();
  }
}
