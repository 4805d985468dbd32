import { describe, expect, it } from '@jest/globals';
import { diffChoice } from './diff-choice.js';

describe('which two releases are compared', () => {
  it('is what the address says', () => {
    expect(diffChoice([5, 4, 3], { from: '3', to: '4' }, 5)).toEqual({ from: 3, to: 4 });
  });

  it('is what most clusters run and the newest, unless told', () => {
    expect(diffChoice([5, 4, 3], {}, 3)).toEqual({ from: 3, to: 5 });
  });

  it('is the newest and the one before it, where all run the newest or nothing is known', () => {
    expect(diffChoice([5, 3], {}, 5)).toEqual({ from: 3, to: 5 });
    expect(diffChoice([5, 3], {}, undefined)).toEqual({ from: 3, to: 5 });
    expect(diffChoice([5, 4, 3], { to: '4' }, 4)).toEqual({ from: 3, to: 4 });
  });

  it('is none where there are no two', () => {
    expect(diffChoice([], {}, undefined)).toBeUndefined();
    expect(diffChoice([1], {}, 1)).toBeUndefined();
  });
});
