import { describe, expect, it } from '@jest/globals';
import { formatDuration, parseDuration } from './duration.js';

describe('a duration', () => {
  it.each([
    ['1h30m', 5_400_000],
    ['45s', 45_000],
    ['250ms', 250],
    ['2d', 172_800_000],
    ['0', 0],
    ['0s', 0],
    ['1.5s', 1500],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '-1s', '5', '1x', 's', '1h 30m', '9'.repeat(41)])('"%s" is none', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  it.each([
    [0, '0s'],
    [250, '250ms'],
    [45_000, '45s'],
    [5_400_000, '1h30m'],
    [90_061_000, '1d1h'],
  ])('%d ms reads as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
