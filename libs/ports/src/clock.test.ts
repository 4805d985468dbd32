import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { describeClockContract } from '#ports/contract-suites/clock-contract-suite';
import { systemClock } from './clock.js';
import { ManualClock } from './manual-clock.js';

describeClockContract('the system', () => ({ clock: systemClock, pass: (ms) => sleep(ms) }));

describeClockContract('in a test’s hand', () => {
  const clock = new ManualClock();
  return { clock, pass: async (ms) => clock.advance(ms) };
});

it('a jump of the wall’s clock leaves the monotonic one alone', () => {
  const clock = new ManualClock();
  clock.advance(500);
  const { now, monotonic } = { now: clock.now(), monotonic: clock.monotonic() };
  clock.jump(-3_600_000);
  expect(clock.now()).toBe(now - 3_600_000);
  expect(clock.monotonic()).toBe(monotonic);
});

it('time never passes backwards', () => {
  expect(() => new ManualClock().advance(-1)).toThrow(RangeError);
});
