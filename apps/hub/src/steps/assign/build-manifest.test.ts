import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { manifestSchema } from '#contract';
import type { Assignment, ReleaseTerms, TargetRow } from '#domain';
import type { ApplicationTerms } from './application-terms.js';
import { buildManifest } from './build-manifest.js';

const assignment: Assignment = {
  release: 2,
  overlay: 'overlays/dev',
  digest: 'd'.repeat(64),
  generation: 7,
  healthyForMs: 30_000,
  rollout: 'web-4',
};
const rowOf = (given: Assignment | null, more: Partial<TargetRow>): TargetRow =>
  ({ assignment: given, generation: 7, ...more }) as TargetRow;
const terms: ApplicationTerms = { drift: 'correct', namespace: 'shop', maxDeletions: '10%' };
const lost = 'e'.repeat(64);
const pinned = new Map<number, ReleaseTerms>();

const build = (
  given: Assignment | null,
  more: Partial<TargetRow> = {},
  objects = 60,
  also: Partial<ApplicationTerms> = {},
) =>
  buildManifest({
    cluster: 'c',
    sequence: 5,
    rows: [{ application: 'web', row: rowOf(given, more) }],
    terms: new Map([['web', { ...terms, ...also }]]),
    bundle: (_application, release, digest) =>
      digest === lost
        ? null
        : {
            ...{ revision: 'f'.repeat(40), chunks: release, objects: release === 1 ? 99 : objects },
            ...(pinned.has(release) && { terms: pinned.get(release) as ReleaseTerms }),
          },
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
          chunks: 2,
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

  it('counts a percentage of the bundle that is replaced where that is the larger one, as the plan does', () => {
    const previous = { release: 1, overlay: 'overlays/dev', digest: 'a'.repeat(64) };
    expect(build(assignment, { previous }).applications['web']?.maxDeletions).toBe(9);
    expect(build(assignment, { previous: { ...previous, digest: lost } }).applications['web']?.maxDeletions).toBe(6);
  });

  it('exempts what the release that a rollback takes back had added, and sets the others their budget', () => {
    const digest = 'b'.repeat(64);
    const web = build({ ...assignment, takesBack: { release: 3, digest } }).applications['web'];
    expect(web).toMatchObject({ maxDeletions: 6, exempt: { digest, chunks: 3 } });
  });

  it('exempts nothing where the bundle that is taken back is lost: the agent asks then', () => {
    const web = build({ ...assignment, takesBack: { release: 3, digest: lost } }).applications['web'];
    expect(web).toMatchObject({ maxDeletions: 6 });
    expect(web).not.toHaveProperty('exempt');
  });

  it('sets no budget where a person saw the deletions and accepted them', () => {
    expect(build({ ...assignment, deletionsAccepted: true }).applications['web']?.maxDeletions).toBe(1_000_000);
  });

  it('halts what is paused hard, a withdrawal too, and nothing else', () => {
    expect(build(assignment, { halted: true }).applications['web']).toMatchObject({ halted: true, generation: 7 });
    const withdrawal = { ...assignment, release: null, digest: '' };
    expect(build(withdrawal, { halted: true }).applications['web']).toMatchObject({ halted: true, release: null });
    expect(build(assignment).applications['web']).not.toHaveProperty('halted');
  });

  it('is a manifest by the schema that agents hold it to', () => {
    const taken = { ...assignment, takesBack: { release: 3, digest: 'b'.repeat(64) } };
    const manifest = { ...build(taken, { halted: true }), cluster: randomUUID() };
    expect(manifestSchema.parse(JSON.parse(JSON.stringify(manifest)))).toEqual(manifest);
  });

  it('tells how health is told, what may differ and as whom to apply, and is what agents take for a manifest', () => {
    const more = {
      health: [{ kind: 'example.com/Widget', healthy: 'object.status.ready' }],
      ignoreDifferences: [{ kind: 'apps/Deployment', jsonPointers: ['/spec/replicas'], managers: ['autoscaler'] }],
      serviceAccount: 'shop-deployer',
    };
    const manifest = { ...build(assignment, {}, 60, more), cluster: randomUUID() };
    expect(manifest.applications['web']).toMatchObject(more);
    expect(manifestSchema.parse(JSON.parse(JSON.stringify(manifest)))).toEqual(manifest);
  });

  describe('of a release that has kept its terms', () => {
    beforeEach(() => pinned.clear());
    const now = { namespace: 'elsewhere', serviceAccount: 'another', health: [] };

    it('says those, whatever the spec has become since, but for doing less about drift', () => {
      pinned.set(2, { drift: 'correct', namespace: 'old', serviceAccount: 'robot' });
      const told = build(assignment, {}, 60, now).applications['web'];
      expect(told).toMatchObject({ drift: 'correct', namespace: 'old', serviceAccount: 'robot' });
      expect(told).not.toHaveProperty('health');
      expect(build(assignment, {}, 60, { ...now, drift: 'off' }).applications['web']).toMatchObject({
        drift: 'off',
        namespace: 'old',
      });
    });

    it('withdraws on the terms on which it came', () => {
      pinned.set(1, { drift: 'correct', namespace: 'old', serviceAccount: 'robot' });
      const lastPassed = { release: 1, overlay: 'o', digest: 'a'.repeat(64) };
      const withdrawn = build({ ...assignment, release: null, digest: '' }, { lastPassed }, 60, now);
      expect(withdrawn.applications['web']).toMatchObject({ namespace: 'old', serviceAccount: 'robot' });
    });

    it('exempts what was taken to another namespace by the release that is taken back', () => {
      pinned.set(2, { drift: 'correct', namespace: 'old' });
      pinned.set(3, { drift: 'correct', namespace: 'new' });
      const { digest } = assignment;
      const manifest = { ...build({ ...assignment, takesBack: { release: 3, digest } }), cluster: randomUUID() };
      expect(manifest.applications['web']).toMatchObject({
        namespace: 'old',
        exempt: { digest, chunks: 3, namespace: 'new' },
      });
      expect(manifestSchema.parse(JSON.parse(JSON.stringify(manifest)))).toEqual(manifest);
    });
  });

  it('leaves out what was never assigned: absence is never a deletion', () => {
    expect(build(null).applications).toEqual({});
  });

  it('withdraws only where the assignment itself says so', () => {
    const withdrawn = build({ ...assignment, release: null, digest: '' });
    expect(withdrawn.applications['web']).toMatchObject({ release: null, digest: '', generation: 7 });
  });
});
