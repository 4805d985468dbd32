import { describe, expect, it } from '@jest/globals';
import { pickVersions, versionOf } from './pick-version.js';

const TAGS = [
  ...['v1.0.0', 'v1.2.0', 'v1.10.0', 'v1.9.9', 'v2.0.0-rc.1', 'v2.0.0', 'v2.1.0-beta.2', '3.0.0', 'v3.0.0'],
  ...['latest', 'v1', 'v4.0', 'release-5.0.0', '01.2.3', ''],
];
const about = { of: 'https://git.example.org/shop', field: 'spec.semver' };
const pick = (range: string, prereleases = false, tags: readonly string[] = TAGS): string | undefined =>
  pickVersions(tags, { range, prereleases }, about)[0];

describe('the newest version', () => {
  it.each([
    ['>=1.2 <2', false, 'v1.10.0'],
    // What comes before 2 is not yet below it.
    ['>=1.2 <2', true, 'v1.10.0'],
    ['>=1.2 <2.0.0', true, 'v2.0.0-rc.1'],
    ['^1.2', false, 'v1.10.0'],
    ['~1.9.0', false, 'v1.9.9'],
    ['1.2.0', false, 'v1.2.0'],
    ['v1.2.0', false, 'v1.2.0'],
    ['1.x || 2.x', false, 'v2.0.0'],
    ['2.x', true, 'v2.1.0-beta.2'],
    // A pre-release that the range itself names, and no other version's.
    ['>=2.0.0-rc.1 <2.0.0', false, 'v2.0.0-rc.1'],
    ['>=2.0.0-rc.0 <3', false, 'v2.0.0'],
    ['>2.1.0-beta.1 <2.2', false, 'v2.1.0-beta.2'],
    ['*', false, '3.0.0'],
    ['', false, '3.0.0'],
    ['1.0.0 - 1.9', false, 'v1.9.9'],
  ])('within %j (pre-releases: %s) is %s', (range, prereleases, expected) => {
    expect(pick(range, prereleases)).toBe(expected);
  });

  it('of two builds of it is the same one, in whatever order they come', () => {
    const builds = ['1.0.0+2', '1.0.0+10', '1.0.0'];
    expect(pick('1.0.0', false, builds)).toBe('1.0.0+10');
    expect(pick('1.0.0', false, [...builds].reverse())).toBe('1.0.0+10');
  });

  it('is told without its v', () => {
    expect(['v1.2.3', '1.2.3-rc.1', 'latest', 'v1', 'vv1.2.3', `1.0.0-${'a'.repeat(300)}`].map(versionOf)).toEqual([
      ...['1.2.3', '1.2.3-rc.1'],
      ...[null, null, null, null],
    ]);
  });
});

describe('a range that nothing fits', () => {
  it.each([
    ['>=1.11 <2', TAGS, 'The nearest are v1.10.0, v1.9.9, v1.2.0, v2.0.0-rc.1, v2.0.0.'],
    ['^9', TAGS, 'The nearest are 3.0.0, v3.0.0, v2.1.0-beta.2.'],
    ['^2.1', TAGS, 'Only pre-releases are: v2.1.0-beta.2; set prereleases: true to take them.'],
    ['^1', ['latest', 'v1'], 'None of its 2 is a version of three numbers, such as v1.2.3.'],
    ['^1', [], 'It has none at all.'],
  ])('%j names what is near it', (range, tags, expected) => {
    expect(() => pick(range, false, tags)).toThrow(
      expect.objectContaining({
        kind: 'rejected',
        code: 'version-not-found',
        message: `https://git.example.org/shop has no version within spec.semver ${JSON.stringify(range)}. ${expected}`,
      }),
    );
  });

  it.each(['>=1.2 <', 'main', '1.2.3.4', 'a'.repeat(255)])('%j is no range at all', (range) => {
    expect(() => pick(range)).toThrow(expect.objectContaining({ kind: 'rejected', code: 'range-invalid' }));
  });
});
