import type { RunOutcome } from './rehearsed-run.js';

export interface Bin {
  /** Milliseconds; `toMs` is beyond it. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly runs: number;
  /** Of those by how they ended; only what there was. */
  readonly outcomes: Readonly<Partial<Record<RunOutcome, number>>>;
}

interface CountedBin extends Bin {
  runs: number;
  readonly outcomes: Partial<Record<RunOutcome, number>>;
}

const MOST_BINS = 40;
const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000];

/** Widths that people read off an axis. */
const WIDTHS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30].map((each) => each * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((each) => each * MINUTE),
  ...[1, 2, 3, 6, 12].map((each) => each * HOUR),
  ...[1, 2, 5, 10, 30, 100, 365].map((each) => each * DAY),
];

/** How many runs took how long: bins of one width that follow each other, empty ones too; none without runs. */
export function histogramOf(runs: readonly { readonly durationMs: number; readonly outcome: RunOutcome }[]): Bin[] {
  if (runs.length === 0) return [];
  const durations = runs.map(({ durationMs }) => durationMs);
  const [least, most] = [Math.min(...durations), Math.max(...durations)];
  const width = widthFor(least, most);
  const first = Math.floor(least / width);
  const bins = Array.from({ length: Math.floor(most / width) - first + 1 }, (_, index): CountedBin => ({
    ...{ fromMs: (first + index) * width, toMs: (first + index + 1) * width, runs: 0, outcomes: {} },
  }));
  for (const { durationMs, outcome } of runs) {
    const bin = bins[Math.floor(durationMs / width) - first];
    if (!bin) continue;
    bin.runs += 1;
    bin.outcomes[outcome] = (bin.outcomes[outcome] ?? 0) + 1;
  }
  return bins;
}

/** The smallest that needs no more bins than there may be; beyond all of them, whole years. */
function widthFor(least: number, most: number): number {
  const fits = (width: number): boolean => Math.floor(most / width) - Math.floor(least / width) < MOST_BINS;
  const year = WIDTHS.at(-1) ?? DAY;
  return WIDTHS.find(fits) ?? Math.ceil((most - least) / (MOST_BINS - 1) / year) * year;
}
