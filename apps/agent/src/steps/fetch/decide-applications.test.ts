import { describe, expect, it } from '@jest/globals';
import type { ManifestApplication } from '#domain';
import { decideApplications } from './decide-applications.js';

const assigned = (generation: number, digest = 'd'.repeat(64), release: number | null = 1): ManifestApplication => ({
  release,
  revision: '',
  digest,
  chunks: 1,
  generation,
  healthyForMs: 0,
  maxDeletions: 0,
  drift: 'correct',
  namespace: 'default',
});
const decide = (held: Record<string, ManifestApplication>, applications: Record<string, ManifestApplication>) =>
  decideApplications(new Map(Object.entries(held)), { protocol: 1, cluster: 'c', sequence: 1, applications }).map(
    ({ act, name }) => `${act} ${name}`,
  );

describe('what a manifest means for each application', () => {
  it('is to take a newer generation, and to keep the one that is held', () => {
    expect(decide({ a: assigned(1), b: assigned(1) }, { a: assigned(2), b: assigned(1), c: assigned(7) })).toEqual([
      'take a',
      'keep b',
      'take c',
    ]);
  });

  it('is to refuse a lower generation, and another bundle under the same one', () => {
    expect(decide({ a: assigned(3) }, { a: assigned(2) })).toEqual(['refuse a']);
    expect(decide({ a: assigned(3) }, { a: assigned(3, 'e'.repeat(64)) })).toEqual(['refuse a']);
    expect(decide({ a: assigned(3) }, { a: assigned(3, 'd'.repeat(64), null) })).toEqual(['refuse a']);
    expect(decide({}, { a: assigned(1, '') })).toEqual(['refuse a']);
  });

  it('is never to delete what merely vanished', () => {
    expect(decide({ a: assigned(1), b: assigned(1) }, { a: assigned(1) })).toEqual(['keep a', 'release b']);
    expect(decide({ a: assigned(1) }, {})).toEqual(['release a']);
  });

  it('is not held up by the refusal of another', () => {
    expect(decide({ a: assigned(3) }, { a: assigned(2), b: assigned(1) })).toEqual(['refuse a', 'take b']);
  });
});
