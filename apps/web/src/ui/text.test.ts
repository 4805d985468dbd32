import { describe, expect, it } from '@jest/globals';
import { bytesText, counted, namesText, shortRevision } from './text.js';

describe('words for numbers and names', () => {
  it('counts in the singular and in the plural, with long numbers grouped', () => {
    expect([counted(1, 'cluster'), counted(0, 'cluster'), counted(12_000, 'cluster')]).toEqual([
      '1 cluster',
      '0 clusters',
      '12,000 clusters',
    ]);
  });

  it('names some and counts the rest', () => {
    expect(namesText(['a', 'b'])).toBe('a, b');
    expect(namesText(['a', 'b'], 400)).toBe('a, b and 398 more');
    expect(namesText([], 0)).toBe('');
  });

  it('says sizes in the unit that reads best', () => {
    expect([0, 820, 1024, 1434, 10_240, 12 * 1024 * 1024].map(bytesText)).toEqual([
      '0 B',
      '820 B',
      '1.0 KiB',
      '1.4 KiB',
      '10 KiB',
      '12 MiB',
    ]);
  });

  it('shortens a commit, and bears that there is none', () => {
    expect(shortRevision('0123456789abcdef')).toBe('01234567');
    expect(shortRevision(undefined)).toBe('');
  });
});
