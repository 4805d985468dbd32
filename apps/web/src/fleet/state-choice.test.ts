import { describe, expect, it } from '@jest/globals';
import { CELL_STATES } from '#domain/cell-state';
import { statesOf, toggled } from './state-choice.js';

describe('the choice of states in the address', () => {
  it('is read in the order of states, without words that are none', () => {
    expect(statesOf('offline, failed,nonsense')).toEqual(['failed', 'offline']);
    expect(statesOf('')).toEqual([]);
  });

  it('takes a state in and out, and is nothing where all or none are chosen', () => {
    expect(toggled([], 'failed')).toBe('failed');
    expect(toggled(['failed'], 'offline')).toBe('failed,offline');
    expect(toggled(['failed'], 'failed')).toBeUndefined();
    expect(toggled(CELL_STATES.slice(1), 'healthy')).toBeUndefined();
  });
});
