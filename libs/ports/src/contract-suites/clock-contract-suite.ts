import { describe, expect, it } from '@jest/globals';
import type { Clock } from '../clock.js';

/** What whoever uses a Clock may count on. `pass` lets some milliseconds pass. */
export function describeClockContract(
  name: string,
  open: () => { readonly clock: Clock; readonly pass: (ms: number) => Promise<void> },
): void {
  describe(`Clock: ${name}`, () => {
    it('tells milliseconds since the epoch', () => {
      expect(open().clock.now()).toBeGreaterThan(Date.parse('2025-01-01T00:00:00Z'));
    });

    it('lets both of its clocks run on, and the monotonic one never back', async () => {
      const { clock, pass } = open();
      const before = { now: clock.now(), monotonic: clock.monotonic() };
      let last = before.monotonic;
      for (let i = 0; i < 5; i += 1) {
        await pass(10);
        expect(clock.monotonic()).toBeGreaterThanOrEqual(last);
        last = clock.monotonic();
      }
      // A real timer may fire a little early by the other clock.
      expect(clock.monotonic() - before.monotonic).toBeGreaterThanOrEqual(45);
      expect(clock.now() - before.now).toBeGreaterThanOrEqual(45);
    });
  });
}
