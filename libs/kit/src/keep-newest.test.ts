import { expect, it } from '@jest/globals';
import { keepNewest } from './keep-newest.js';

it('keeps what was put into a map last, and lets what was put there first go', () => {
  const map = new Map<string, number>();
  for (const [at, key] of ['a', 'b', 'a', 'c'].entries()) keepNewest(map, key, at, 2);
  expect([...map]).toEqual([
    ['a', 2],
    ['c', 3],
  ]);
});
