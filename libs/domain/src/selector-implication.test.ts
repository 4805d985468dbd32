import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Labels } from './cluster.js';
import { impliesSelector } from './selector-implication.js';
import { matchesSelector, type Selector } from './selector.js';

const KEYS = ['env', 'fact.region'] as const;
const VALUES = ['dev', 'prod', ''] as const;

const expression = fc.oneof(
  fc.record({
    key: fc.constantFrom(...KEYS),
    operator: fc.constantFrom('In' as const, 'NotIn' as const),
    values: fc.subarray([...VALUES]),
  }),
  fc.record({ key: fc.constantFrom(...KEYS), operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const) }),
);
const selector: fc.Arbitrary<Selector> = fc.record(
  {
    matchLabels: fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES), { maxKeys: 2 }),
    matchExpressions: fc.array(expression, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);

/** Every cluster that these selectors can tell apart: each key absent, with each of their values, or with one of its own. */
const CLUSTERS: readonly Labels[] = [undefined, ...VALUES, 'other'].flatMap((env) =>
  [undefined, ...VALUES, 'other'].map((region) => ({
    ...(env !== undefined && { env }),
    ...(region !== undefined && { 'fact.region': region }),
  })),
);

describe('a selector implies another', () => {
  it('exactly where whatever matches the narrow one matches the wide one', () => {
    let implied = 0;
    fc.assert(
      fc.property(selector, selector, (narrow, wide) => {
        const leaving = CLUSTERS.filter((each) => matchesSelector(narrow, each) && !matchesSelector(wide, each));
        expect({ narrow, wide, implies: impliesSelector(narrow, wide) }).toEqual({
          ...{ narrow, wide },
          implies: leaving.length === 0,
        });
        if (leaving.length === 0) implied += 1;
      }),
      { numRuns: 3000 },
    );
    expect(implied).toBeGreaterThan(100);
  });

  it.each([
    ['itself', { matchLabels: { env: 'dev' } }, { matchLabels: { env: 'dev' } }, true],
    ['everything', { matchLabels: { env: 'dev' } }, {}, true],
    ['anything, from everything', {}, { matchLabels: { env: 'dev' } }, false],
    [
      'a list, from one of it',
      { matchLabels: { env: 'dev' } },
      { matchExpressions: [{ key: 'env', operator: 'In', values: ['dev', 'test'] }] },
      true,
    ],
    [
      'one, from a list with more',
      { matchExpressions: [{ key: 'env', operator: 'In', values: ['dev', 'prod'] }] },
      { matchLabels: { env: 'dev' } },
      false,
    ],
    [
      'presence, from an exclusion that absence fulfils',
      { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['prod'] }] },
      { matchExpressions: [{ key: 'env', operator: 'Exists' }] },
      false,
    ],
    ['another key of the same value', { matchLabels: { team: 'dev' } }, { matchLabels: { env: 'dev' } }, false],
    ['a label, from the fact of that name', { matchLabels: { 'fact.env': 'a' } }, { matchLabels: { env: 'a' } }, false],
  ] as const)('%s: as it should', (_what, narrow, wide, expected) => {
    expect(impliesSelector(narrow, wide)).toBe(expected);
  });
});
