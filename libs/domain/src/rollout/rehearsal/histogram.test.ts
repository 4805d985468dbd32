import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { histogramOf } from './histogram.js';
import { RUN_OUTCOMES } from './rehearsed-run.js';

describe('a histogram of rehearsed runs', () => {
  it('counts each run once, in at most 40 bins of one width without a gap, whatever the durations are', () => {
    const run = fc.record({
      durationMs: fc.oneof(fc.nat(2000), fc.nat({ max: 100_000_000 }), fc.nat({ max: 10_000_000_000_000 })),
      outcome: fc.constantFrom(...RUN_OUTCOMES),
    });
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 50 }), (runs) => {
        const bins = histogramOf(runs);
        expect(bins.length).toBeLessThanOrEqual(40);
        expect(bins.reduce((sum, bin) => sum + bin.runs, 0)).toBe(runs.length);
        expect(new Set(bins.map(({ fromMs, toMs }) => toMs - fromMs)).size).toBe(1);
        bins.slice(1).forEach(({ fromMs }, index) => expect(fromMs).toBe(bins[index]?.toMs));
        for (const { fromMs, toMs, runs: count, outcomes } of bins) {
          const inside = runs.filter(({ durationMs }) => durationMs >= fromMs && durationMs < toMs);
          expect(count).toBe(inside.length);
          for (const outcome of RUN_OUTCOMES) {
            const wanted = inside.filter((each) => each.outcome === outcome).length;
            expect(outcomes[outcome] ?? 0).toBe(wanted);
          }
        }
        expect([bins.at(0)?.runs, bins.at(-1)?.runs]).not.toContain(0);
      }),
    );
  });

  it('has edges that people can read', () => {
    const of = (...minutes: number[]) =>
      histogramOf(minutes.map((each) => ({ durationMs: each * 60_000, outcome: 'succeeded' as const })));
    expect(of(61, 180).map(({ fromMs }) => fromMs / 60_000)).toEqual([
      ...[60, 65, 70, 75, 80, 85, 90, 95, 100, 105, 110, 115, 120, 125, 130, 135, 140, 145, 150, 155, 160],
      ...[165, 170, 175, 180],
    ]);
  });

  it('is one bin where all took the same time, and none without runs', () => {
    const run = { durationMs: 30_000, outcome: 'halted' as const };
    expect(histogramOf([run, run])).toEqual([{ fromMs: 30_000, toMs: 31_000, runs: 2, outcomes: { halted: 2 } }]);
    expect(histogramOf([])).toEqual([]);
  });
});
