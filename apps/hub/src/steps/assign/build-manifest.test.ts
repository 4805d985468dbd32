import { describe, expect, it } from '@jest/globals';
import type { Assignment, TargetRow } from '#domain';
import { buildManifest, type ApplicationTerms } from './build-manifest.js';

const assignment: Assignment = {
  release: 2,
  overlay: 'overlays/dev',
  digest: 'd'.repeat(64),
  generation: 7,
  healthyForMs: 30_000,
  rollout: 'web-4',
};
const rowOf = (given: Assignment | null): TargetRow => ({ assignment: given, generation: 7 }) as TargetRow;
const terms: ApplicationTerms = { drift: 'correct', namespace: 'shop', maxDeletions: '10%', rollback: null };

const build = (given: Assignment | null, more: Partial<ApplicationTerms> = {}, objects = 60) =>
  buildManifest({
    cluster: 'c',
    sequence: 5,
    rows: [{ application: 'web', row: rowOf(given) }],
    terms: new Map([['web', { ...terms, ...more }]]),
    bundle: () => ({ revision: 'f'.repeat(40), chunks: 1, objects }),
  });

describe('a manifest', () => {
  it('says of an application what its row and its terms say', () => {
    expect(build(assignment)).toEqual({
      protocol: 1,
      cluster: 'c',
      sequence: 5,
      applications: {
        web: {
          release: 2,
          revision: 'f'.repeat(40),
          digest: 'd'.repeat(64),
          chunks: 1,
          generation: 7,
          healthyForMs: 30_000,
          maxDeletions: 6,
          drift: 'correct',
          namespace: 'shop',
        },
      },
    });
  });

  it('lets three objects go however small the bundle', () => {
    expect(build(assignment, {}, 4).applications['web']?.maxDeletions).toBe(3);
  });

  it('sets no budget to a rollback, which drops only what the release it takes back had added', () => {
    expect(build(assignment, { rollback: 'web-4' }).applications['web']?.maxDeletions).toBe(1_000_000);
    expect(build(assignment, { rollback: 'web-3' }).applications['web']?.maxDeletions).toBe(6);
  });

  it('leaves out what was never assigned: absence is never a deletion', () => {
    expect(build(null).applications).toEqual({});
  });

  it('withdraws only where the assignment itself says so', () => {
    const withdrawn = build({ ...assignment, release: null, digest: '' });
    expect(withdrawn.applications['web']).toMatchObject({ release: null, digest: '', generation: 7 });
  });
});
