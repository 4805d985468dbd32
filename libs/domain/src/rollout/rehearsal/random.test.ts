import { describe, expect, it } from '@jest/globals';
import { Random } from './random.js';

const many = (random: Random, count: number, take: (random: Random) => number): number[] =>
  Array.from({ length: count }, () => take(random));

describe('random numbers', () => {
  it('are the same for the same seed and stream, and others for another', () => {
    const take = (random: Random): number => random.next();
    const first = many(new Random(1, 2, 3), 5, take);
    expect(many(new Random(1, 2, 3), 5, take)).toEqual(first);
    for (const other of [new Random(2, 2, 3), new Random(1, 3, 3), new Random(1, 2, 4)]) {
      expect(many(other, 5, take)).not.toEqual(first);
    }
  });

  it('never change: a rehearsal of last year can be made again', () => {
    expect(many(new Random(7), 3, (random) => random.next())).toEqual([
      0.9771220749244094, 0.9059773550834507, 0.6972569138742983,
    ]);
  });

  it('lie evenly between 0 and 1', () => {
    const numbers = many(new Random(1), 100_000, (random) => random.next());
    const mean = numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
    expect(mean).toBeGreaterThan(0.495);
    expect(mean).toBeLessThan(0.505);
    expect(Math.min(...numbers.slice(0, 1000))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers.slice(0, 1000))).toBeLessThan(1);
  });
});

describe('a spread of times', () => {
  it('has the median and the 99th percentile that were asked for', () => {
    const times = many(new Random(5), 100_000, (random) => random.time({ median: 2000, p99: 10_000 })).sort(
      (a, b) => a - b,
    );
    expect(times[50_000]).toBeGreaterThan(1950);
    expect(times[50_000]).toBeLessThan(2050);
    expect(times[99_000]).toBeGreaterThan(9500);
    expect(times[99_000]).toBeLessThan(10_500);
  });

  it('is one time where both are the same, and none where it is nothing', () => {
    expect(new Random(1).time({ median: 500, p99: 500 })).toBe(500);
    expect(new Random(1).time({ median: 0, p99: 0 })).toBe(0);
  });
});
