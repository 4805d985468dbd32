import { expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '#ports';
import { describeClockContract } from '#ports/contract-suites/clock-contract-suite';
import { SteadyClock } from './steady-clock.js';

describeClockContract("the hub's", () => ({ clock: new SteadyClock(systemClock), pass: (ms) => sleep(ms) }));

function make(): { clock: SteadyClock; pass: (ms: number) => void; set: (ms: number) => void } {
  let wall = 1_000_000;
  let monotonic = 500;
  const clock = new SteadyClock({ now: () => wall, monotonic: () => monotonic });
  const set = (ms: number): void => void (wall += ms);
  const pass = (ms: number): void => {
    set(ms);
    monotonic += ms;
  };
  return { clock, pass, set };
}

it('passes as time passes', () => {
  const { clock, pass } = make();
  pass(1500);
  expect([clock.now(), clock.monotonic(), clock.ahead()]).toEqual([1_001_500, 2000, 0]);
});

it.each([3_600_000, -3_600_000])('does not jump when the wall clock is set by %i ms, and tells it', (ms) => {
  const { clock, pass, set } = make();
  set(ms);
  pass(10);
  expect([clock.now(), clock.ahead()]).toEqual([1_000_010, ms]);
  clock.follow(ms);
  expect([clock.now(), clock.ahead()]).toEqual([1_000_010 + ms, 0]);
});

it('follows no further than was seen, though the wall clock is set again before', () => {
  const { clock, set } = make();
  set(3_600_000);
  const seen = clock.ahead();
  set(-7_200_000);
  clock.follow(seen);
  expect([clock.now(), clock.ahead()]).toEqual([1_000_000 + 3_600_000, -7_200_000]);
});
