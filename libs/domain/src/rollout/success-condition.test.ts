import { describe, expect, it } from '@jest/globals';
import { conditionProblem, meetsCondition } from './success-condition.js';

describe('a condition over what a query answered', () => {
  it.each<[string, readonly number[], boolean]>([
    ['value < 0.01', [0.005], true],
    ['value < 0.01', [0.01], false],
    ['value < 1', [0.5], true],
    ['value == 1.0', [1], true],
    ['result.all(each, each < 0.5)', [0.1, 0.6], false],
    ['result.all(each, each < 0.5)', [0.1, 0.4], true],
    ['size(result) == 2 && result[1] > value', [1, 2], true],
    ['result.exists(each, each >= 3)', [1, 3], true],
  ])('%s of %j is %s', (condition, numbers, met) => {
    expect(conditionProblem(condition)).toBeNull();
    expect(meetsCondition(condition, numbers)).toEqual({ met });
  });

  it.each<[string, RegExp]>([
    ['', /such as value < 0\.01/],
    ['value <', /Unexpected token/],
    ['value', /must be true or false.*double/],
    ['rate < 1.0', /Unknown variable: rate/],
    ['value == 1', /write 1\.0 for 1/],
    ['"a".matches("(a+)+$")', /must not use matches/],
    [
      'result.map(a, result.map(b, result.map(c, a + b + c))).size() > 0',
      /not have more than 2 of all, exists, filter and map/,
    ],
    [`value < ${'1'.repeat(500)}.0`, /at most 500 characters/],
  ])('refuses %s and says what to write', (condition, words) => {
    expect(conditionProblem(condition)).toMatch(words);
  });

  it('says nothing of what it cannot look at, and why', () => {
    expect(meetsCondition('result[3] < 1.0', [1])).toMatchObject({ met: null, why: expect.stringContaining('index') });
    expect(meetsCondition('value < 1.0', [])).toMatchObject({ met: null });
    const many = Array.from({ length: 101 }, () => 1);
    expect(meetsCondition('value < 2.0', many)).toMatchObject({ met: null, why: expect.stringContaining('aggregate') });
  });
});
