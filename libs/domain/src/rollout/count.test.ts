import { describe, expect, it } from '@jest/globals';
import { resolveCount } from './count.js';

describe('a count', () => {
  it.each([
    ['take', '5%', 12, 1],
    ['take', '25%', 10, 3],
    ['take', '0%', 10, 1],
    ['take', 3, 10, 3],
    ['concurrency', '10%', 9, 1],
    ['concurrency', '10%', 29, 2],
    ['concurrency', 0, 29, 1],
    ['concurrency', '25%', 7, 1],
    ['tolerance', '1%', 99, 0],
    ['tolerance', '1%', 100, 1],
    ['tolerance', '20%', 4, 0],
    ['tolerance', '20%', 5, 1],
    ['tolerance', '7%', 100, 7],
    ['tolerance', '100%', 12, 12],
    ['tolerance', '0.5%', 1000, 5],
    ['tolerance', 4, 2, 4],
  ] as const)('as %s, %s of %d clusters is %d', (use, count, total, expected) => {
    expect(resolveCount(count, total, use)).toBe(expected);
  });

  it.each(['101%', '-1%', '%', '1.%'] as const)('%s is refused, never corrected', (count) => {
    expect(() => resolveCount(count as '1%', 10, 'take')).toThrow(RangeError);
  });
});
