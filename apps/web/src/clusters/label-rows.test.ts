import { describe, expect, it } from '@jest/globals';
import { labelChanges, labelProblems, labelRows, labelsOf } from './label-rows.js';

const rows = (...pairs: [string, string][]) => pairs.map(([key, value], id) => ({ id, key, value }));

describe('labels while they are edited', () => {
  it('is the same after as before where nobody wrote', () => {
    const labels = { team: 'a', env: 'prod' };
    expect(labelsOf(labelRows(labels))).toEqual(labels);
    expect(labelChanges(labels, labels)).toEqual([]);
  });

  it('says what saving does', () => {
    expect(labelChanges({ env: 'dev', team: 'a' }, { env: 'prod', gpu: '' })).toEqual([
      'adds gpu',
      'changes env=dev to env=prod',
      'takes team=a away',
    ]);
  });

  it('names what is wrong, row by row', () => {
    const problems = labelProblems(
      rows(['env', 'prod'], ['', 'x'], ['fact.region', 'eu'], ['a b', ''], ['env', 'dev'], ['team', '-a'], ['', '']),
    );
    expect([...problems.keys()]).toEqual([1, 2, 3, 4, 5]);
    expect(problems.get(4)).toContain('twice');
  });

  it('takes a row without a key for none', () => {
    expect(labelsOf(rows(['', ''], ['env', 'prod']))).toEqual({ env: 'prod' });
  });
});
