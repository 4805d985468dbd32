import { describe, expect, it } from '@jest/globals';
import { applyLabelChanges, readLabelChanges } from './label-changes.js';

describe('changes of labels', () => {
  it('set with key=value and take away with key-', () => {
    const changes = readLabelChanges(['env=prod', 'team-', 'note=a=b', 'empty=', 'dash=x-']);
    expect(applyLabelChanges({ env: 'dev', team: 'x', kept: 'y' }, changes)).toEqual({
      env: 'prod',
      kept: 'y',
      note: 'a=b',
      empty: '',
      dash: 'x-',
    });
  });

  it.each([['env'], ['=x'], ['-']])('that are none ("%s") are refused by their word', (word) => {
    expect(() => readLabelChanges([word])).toThrow(`"${word}" is no label`);
  });

  it('that contradict each other are refused', () => {
    expect(() => readLabelChanges(['a=1', 'a-'])).toThrow(/both set and taken away/);
  });
});
