import type { Count } from './strategy.js';

/**
 * `take`: rounded up, at least 1. `concurrency`: rounded down, at least 1. `tolerance`: rounded down, may be 0.
 * An absolute number is taken as it is, except that a concurrency is at least 1.
 */
export type CountUse = 'take' | 'concurrency' | 'tolerance';

/**
 * The integer that a count means for so many clusters.
 * @throws RangeError for what is neither a whole number >= 0 nor a percentage from 0 % to 100 %: schemas refuse those earlier.
 */
export function resolveCount(count: Count, total: number, use: CountUse): number {
  if (typeof count === 'number') {
    if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`${count} is not a count of clusters`);
    return use === 'tolerance' ? count : Math.max(1, count);
  }
  const percent = /^\d+(\.\d+)?%$/.test(count) ? Number(count.slice(0, -1)) : Number.NaN;
  if (!(percent >= 0 && percent <= 100)) throw new RangeError(`${count} is not a percentage from 0% to 100%`);
  // In hundredths of a percent, so that 7% of 100 is 7 and not 7.000000000000001.
  const exact = (Math.round(percent * 100) * total) / 10_000;
  switch (use) {
    case 'take':
      return Math.max(1, Math.ceil(exact));
    case 'concurrency':
      return Math.max(1, Math.floor(exact));
    case 'tolerance':
      return Math.floor(exact);
  }
}
