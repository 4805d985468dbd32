import type { Distribution, RehearsalAnswer } from '#contract';
import type { CellState } from '../ui/states.js';

/** How runs end, in the order in which they are stacked, each painted and drawn as a state that the fleet has. */
export const OUTCOMES: readonly { readonly name: string; readonly words: string; readonly state: CellState }[] = [
  { name: 'succeeded', words: 'succeeded', state: 'healthy' },
  { name: 'succeededWithExceptions', words: 'succeeded with exceptions', state: 'drifted' },
  { name: 'halted', words: 'halted', state: 'held' },
  { name: 'rolledBack', words: 'rolled back', state: 'failed' },
  { name: 'unfinished', words: 'unfinished', state: 'waiting' },
];

type Histogram = RehearsalAnswer['histogram'];

/** Bins for the plot: where each is, milliseconds, and of each outcome that there is how many runs are in it or in those below. */
export function stackedBins(histogram: Histogram): {
  readonly at: readonly number[];
  readonly outcomes: typeof OUTCOMES;
  /** By outcome, then by bin, counted together with the outcomes before. */
  readonly stacks: readonly (readonly number[])[];
} {
  const outcomes = OUTCOMES.filter(({ name }) => histogram.some((bin) => (bin.outcomes[name] ?? 0) > 0));
  const sums = histogram.map(() => 0);
  const stacks = outcomes.map(({ name }) =>
    histogram.map((bin, index) => (sums[index] = (sums[index] ?? 0) + (bin.outcomes[name] ?? 0))),
  );
  return { at: histogram.map(({ fromMs, toMs }) => (fromMs + toMs) / 2), outcomes, stacks };
}

/** What a form takes for a share of clusters, `2.5`; null: it is none. */
export function shareOf(percent: string): number | null {
  const text = percent.trim().replace(/\s*%$/, '');
  if (text === '') return 0;
  const share = Number(text) / 100;
  return Number.isFinite(share) && share >= 0 && share <= 1 ? share : null;
}

export function percentText(part: number, whole: number): string {
  if (whole === 0) return '0%';
  const percent = (100 * part) / whole;
  return percent > 0 && percent < 1 ? '< 1%' : percent < 100 && percent > 99 ? '> 99%' : `${Math.round(percent)}%`;
}

export function rangeText(distribution: Distribution | null, text: (value: number) => string): string {
  if (!distribution) return 'never';
  const { p50, p99 } = distribution;
  return p50 === p99 ? text(p50) : `${text(p50)}, 99% within ${text(p99)}`;
}
