import { describe, expect, it } from '@jest/globals';
import type { TargetView } from '#contract';
import { bundleShares, namesText } from './bundle-shares.js';

const target = (cluster: string, digest: string, more: Partial<TargetView> = {}): TargetView => ({
  ...{ cluster, uid: cluster, wave: 0, waveName: 'one', state: 'pending', release: 2, overlay: 'apps/web', digest },
  ...{ generation: 1, acked: false },
  ...more,
});

describe('who shares a bundle', () => {
  it('is told by digest, the most used first, with overlays and waves', () => {
    const shares = bundleShares([
      target('a', 'd1'),
      target('b', 'd2'),
      target('c', 'd2', { waveName: 'two', overlay: 'apps/web/eu' }),
    ]);
    expect(shares).toEqual([
      { digest: 'd2', release: 2, overlays: ['apps/web', 'apps/web/eu'], clusters: ['b', 'c'], waves: ['one', 'two'] },
      { digest: 'd1', release: 2, overlays: ['apps/web'], clusters: ['a'], waves: ['one'] },
    ]);
  });

  it('keeps apart the same bundle of two releases, as a rollback has them, and leaves out who is told none', () => {
    const shares = bundleShares([target('a', 'd'), target('b', 'd', { release: 1 }), target('c', '')]);
    expect(shares.map(({ release, clusters }) => [release, clusters])).toEqual([
      [2, ['a']],
      [1, ['b']],
    ]);
  });
});

it('names are told up to a number, and how many there are beyond it', () => {
  expect(namesText(['a', 'b', 'c'], 2)).toBe('a, b and 1 more');
  expect(namesText(['a', 'b'], 2)).toBe('a, b');
});
