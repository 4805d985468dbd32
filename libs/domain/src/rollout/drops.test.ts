import { describe, expect, it } from '@jest/globals';
import {
  deletionBudget,
  deletionsText,
  excessiveDrops,
  isOverBudget,
  replacedDigest,
  type PlannedDrop,
} from './drops.js';
import type { LastReport, TargetRow } from './model.js';

const drop = (dropped: number, of: number, more: Partial<PlannedDrop> = {}): PlannedDrop => ({
  from: 'a',
  to: 'b',
  dropped,
  of,
  objects: [],
  budget: 0,
  clusters: 1,
  names: ['c0'],
  ...more,
});
const report = (more: Partial<LastReport>): LastReport => ({
  generation: 1,
  digest: 'said',
  phase: 'healthy',
  steadyMs: 0,
  breaks: 0,
  at: 0,
  ...more,
});
const row = (more: Partial<TargetRow>): TargetRow => ({
  uid: 'c0',
  name: 'c0',
  rollout: 'web-1',
  wave: 0,
  position: 0,
  state: 'passed',
  desired: 'keep',
  assignment: null,
  acked: false,
  generation: 1,
  previous: null,
  lastPassed: null,
  report: null,
  dueAt: null,
  ...more,
});
const assignment = { release: 1, overlay: 'o', digest: 'told', generation: 1, healthyForMs: 0, rollout: 'web-1' };
const lastPassed = { release: 1, overlay: 'o', digest: 'passed' };

describe('the deletion budget', () => {
  it.each([
    ['10%', 100, 10],
    ['10%', 12, 3],
    ['0%', 100, 3],
    [0, 100, 0],
    [7, 100, 7],
  ] as const)('of %s with %d objects is %d: a percentage lets at least 3 go', (maxDeletions, of, budget) => {
    expect(deletionBudget(maxDeletions, of)).toBe(budget);
  });

  it.each([
    ['nothing dropped', 0, 5, false],
    ['nothing dropped of nothing', 0, 0, false],
    ['as many as may go', 10, 100, false],
    ['one more', 11, 100, true],
    ['all of a small one', 2, 2, true],
    ['all but one of a small one', 2, 3, false],
  ])('is %s: asked for or not', (_name, dropped, of, isOver) => {
    expect(isOverBudget(drop(dropped, of), '10%')).toBe(isOver);
  });

  it('keeps the worst 20 pairs of those over it', () => {
    const drops = Array.from({ length: 30 }, (_, index) => drop(index, 100, { to: `b${index}` }));
    const excessive = excessiveDrops(drops, { maxDeletions: '5%' });
    expect(excessive.map(({ dropped }) => dropped)).toEqual(Array.from({ length: 20 }, (_, index) => 29 - index));
  });

  it('is told of with counts, clusters and the first five objects', () => {
    const objects = Array.from({ length: 8 }, (_, index) => `ConfigMap shop/c${index}`);
    const text = deletionsText(7, [drop(8, 8, { objects, budget: 3, clusters: 6, names: ['a', 'b', 'c', 'd', 'e'] })]);
    expect(text).toBe(
      'release 7 deletes 8 of 8 objects, which is everything, 3 may go unasked, on a, b, c, d, e and 1 more: ' +
        'ConfigMap shop/c0, ConfigMap shop/c1, ConfigMap shop/c2, ConfigMap shop/c3, ConfigMap shop/c4 and 3 more',
    );
  });
});

describe('what a release replaces on a cluster', () => {
  it.each([
    ['nothing where there is no row', undefined, null],
    ['nothing where it was never assigned', row({}), null],
    ['what is assigned and acknowledged', row({ assignment, acked: true }), 'told'],
    ['what it said before an assignment that it has not acknowledged', row({ assignment, report: report({}) }), 'said'],
    ['what it passed last where it said nothing', row({ assignment, lastPassed }), 'passed'],
    ['what it said where its assignment was taken back to nothing', row({ report: report({}) }), 'said'],
    [
      'what it passed last where its agent refused the assignment',
      row({ assignment, acked: true, lastPassed, report: report({ phase: 'refused', digest: 'told' }) }),
      'passed',
    ],
    [
      'nothing where it was withdrawn',
      row({ assignment: { ...assignment, release: null, digest: '' }, acked: true, report: report({ digest: '' }) }),
      null,
    ],
  ])('is %s', (_name, target, digest) => {
    expect(replacedDigest(target)).toBe(digest);
  });
});
