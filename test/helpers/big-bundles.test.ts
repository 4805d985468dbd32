import { describe, expect, it } from '@jest/globals';
import { makeBundle } from '#domain';
import { BIG_BUNDLE_KINDS, bigBundle } from './big-bundles.js';

const options = { namespace: 'shop', application: 'shop', seed: 7 };

describe('a big bundle', () => {
  it.each([BIG_BUNDLE_KINDS, 100, 500, 5_000])('of %d objects has exactly so many, of every kind', (objects) => {
    const made = bigBundle({ ...options, objects });
    expect(made).toHaveLength(objects);
    expect(new Set(made.map(({ apiVersion, kind }) => `${apiVersion}/${kind}`)).size).toBe(BIG_BUNDLE_KINDS);
    expect(BIG_BUNDLE_KINDS).toBeGreaterThanOrEqual(25);
    // Taken as a bundle: no object twice, and within the limits.
    expect(makeBundle(made)).toMatchObject({ ok: true, count: objects });
  });

  it('is the same for the same seed, and another for another', () => {
    const one = bigBundle({ ...options, objects: 100 });
    expect(bigBundle({ ...options, objects: 100 })).toEqual(one);
    expect(bigBundle({ ...options, objects: 100, seed: 8 })).not.toEqual(one);
  });

  it('starts no more Pods than asked', () => {
    const replicas = bigBundle({ ...options, objects: 500, pods: 3 }).map(({ spec }) =>
      typeof spec === 'object' && spec !== null && 'replicas' in spec ? Number(spec.replicas) : 0,
    );
    expect(replicas.reduce((sum, each) => sum + each, 0)).toBe(3);
  });
});
