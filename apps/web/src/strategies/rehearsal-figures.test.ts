import { describe, expect, it } from '@jest/globals';
import { percentText, rangeText, shareOf, stackedBins } from './rehearsal-figures.js';

describe('the plot of a rehearsal', () => {
  it('stacks how runs end, bin by bin', () => {
    const { at, outcomes, stacks } = stackedBins([
      { fromMs: 0, toMs: 10, runs: 3, outcomes: { halted: 1, succeeded: 2 } },
      { fromMs: 10, toMs: 20, runs: 0, outcomes: {} },
      { fromMs: 20, toMs: 30, runs: 4, outcomes: { succeeded: 4 } },
    ]);
    expect(at).toEqual([5, 15, 25]);
    expect(outcomes.map(({ name }) => name)).toEqual(['succeeded', 'halted']);
    expect(stacks).toEqual([
      [2, 0, 4],
      [3, 0, 4],
    ]);
  });

  it('is nothing of no runs', () => {
    expect(stackedBins([])).toEqual({ at: [], outcomes: [], stacks: [] });
  });
});

describe('a share of clusters', () => {
  it.each([
    ['2.5', 0.025],
    ['3 %', 0.03],
    ['', 0],
    ['100', 1],
    ['101', null],
    ['-1', null],
    ['few', null],
  ])('is %j percent: %j', (text, share) => {
    expect(shareOf(text)).toBe(share);
  });
});

describe('figures in words', () => {
  it('say small shares as such', () => {
    expect([
      percentText(1, 1000),
      percentText(999, 1000),
      percentText(0, 5),
      percentText(5, 5),
      percentText(1, 0),
    ]).toEqual(['< 1%', '> 99%', '0%', '100%', '0%']);
  });

  it('say how long it takes, and how long at most', () => {
    const minutes = (ms: number): string => `${ms / 60_000}m`;
    const of = (p50: number, p99: number) => ({ min: 0, p50, p90: 0, p99, max: 0, mean: 0 });
    expect(rangeText(of(60_000, 120_000), minutes)).toBe('1m, 99% within 2m');
    expect(rangeText(of(60_000, 60_000), minutes)).toBe('1m');
    expect(rangeText(null, minutes)).toBe('never');
  });
});
