import type { HoldView } from '#contract';
import { formatDuration } from '#domain';
import { age, plain } from './print.js';

/** `failures: 2 clusters failed … (for 3m12s, clears in 40s)`. */
export function holdLines(holds: readonly HoldView[], now = Date.now()): string[] {
  return holds.map(({ code, message, since, clearsAt }) => {
    const left = clearsAt === undefined ? 0 : Date.parse(clearsAt) - now;
    const clears = left > 0 ? `, clears in ${formatDuration(Math.max(1000, left))}` : '';
    return `${code}: ${plain(message)} (for ${age(since, now)}${clears})`;
  });
}
