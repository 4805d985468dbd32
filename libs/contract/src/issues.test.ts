import { describe, expect, it } from '@jest/globals';
import { issueErrors } from './issues.js';
import { planRequestSchema } from './http/plans.js';

const errorsOf = (body: unknown) => issueErrors(planRequestSchema.safeParse(body).error?.issues ?? []);

describe('what is wrong with a value that may be of two kinds', () => {
  it('is told of the kind that was meant, field by field', () => {
    const errors = errorsOf({
      strategy: {
        waves: [
          { name: 'a', take: 0, soka: '5m' },
          { name: 'b', healthyFor: 5 },
        ],
      },
    });
    expect(errors.map(({ path }) => path).sort()).toEqual([
      'strategy.waves[0].soka',
      'strategy.waves[0].take',
      'strategy.waves[1].healthyFor',
    ]);
    expect(errors.find(({ path }) => path.endsWith('take'))?.message).toMatch(/at least 1/);
    expect(errorsOf({ strategy: {} })).toEqual([{ path: 'strategy.waves', message: expect.any(String) }]);
    expect(errorsOf({ strategy: 'Not A Name' })).toEqual([
      { path: 'strategy', message: expect.stringMatching(/lower-case/) },
    ]);
  });

  it('is told of the whole where neither was meant', () => {
    for (const strategy of [5, null, true, []]) {
      expect(errorsOf({ strategy })).toEqual([
        { path: 'strategy', message: expect.stringMatching(/must be the name of a strategy, or a spec/) },
      ]);
    }
  });

  it('is nothing where it is one of them', () => {
    expect(errorsOf({ strategy: 'careful', release: 3 })).toEqual([]);
    expect(errorsOf({ strategy: { waves: [{ name: 'all' }] } })).toEqual([]);
  });
});
