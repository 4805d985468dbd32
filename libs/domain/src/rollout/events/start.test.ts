import { describe, expect, it } from '@jest/globals';
import type { BundleDrop } from '../model.js';
import type { GateSpec } from '../strategy.js';
import { digest, Scenario, strategy, wave } from '../testing/scenario.js';

const ann = { actor: 'token:ann' } as const;
const one = (more: Parameters<typeof wave>[1] = {}) => strategy([wave('all', more)]);
const atOnce = strategy([wave('all')], { rollback: { maxConcurrency: '100%' } });
const approval: GateSpec = { type: 'approval', name: 'go', approvers: 1 };
const night = { cron: '0 2 * * *', durationMs: 3_600_000, timeZone: 'UTC' } as const;

const settled = (clusters: number) => {
  const fleet = new Scenario(clusters);
  fleet.start(1, one());
  fleet.passAll();
  return fleet;
};
const drop = (from: number, to: number, dropped: number, of = 40): BundleDrop => ({
  from: digest(from),
  to: digest(to),
  dropped,
  of,
  objects: Array.from({ length: Math.min(20, dropped) }, (_, index) => `ConfigMap shop/c${index}`),
});

describe('the deletion breaker', () => {
  it('holds a release that drops more than the budget before anything is assigned, and says what', () => {
    const fleet = settled(3);
    fleet.start(2, one(), { drops: [drop(1, 2, 12)] });
    expect(fleet.holds).toEqual(['deletions']);
    expect(fleet.in('pending')).toHaveLength(3);
    expect(fleet.rollout.holds[0]?.message).toContain(
      'release 2 deletes 12 of 40 objects, 4 may go unasked, on c0, c1, c2: ConfigMap shop/c0',
    );
    expect(fleet.rollout.drops).toEqual([drop(1, 2, 12)]);
    fleet.pass(3_600_000);
    expect(fleet.in('pending')).toHaveLength(3);
  });

  it('asks also where everything of a small bundle goes', () => {
    const fleet = settled(1);
    fleet.start(2, one(), { drops: [drop(1, 2, 1, 1)] });
    expect(fleet.holds).toEqual(['deletions']);
  });

  it('lets pass what stays within it, and what no cluster of the plan has', () => {
    const fleet = settled(2);
    fleet.start(2, one(), { drops: [drop(1, 2, 4), drop(7, 2, 40)] });
    expect(fleet.holds).toEqual([]);
    expect(fleet.rollout.drops).toBeUndefined();
  });

  it('is passed by accepting, which the assignments carry, and by nothing less', () => {
    const fleet = settled(2);
    fleet.start(2, one(), { drops: [drop(1, 2, 12)] });
    const { refused } = fleet.take({ type: 'resume', ...ann });
    expect(refused).toMatchObject({ code: 'deletions' });
    expect(refused?.message).toContain('flotilla rollout resume web --accept');
    expect(fleet.holds).toEqual(['deletions']);
    fleet.take({ type: 'resume', accept: true, ...ann });
    expect(fleet.rollout.deletionsAccepted).toBe(true);
    expect(fleet.row('c0').assignment).toMatchObject({ release: 2, deletionsAccepted: true });
    fleet.take({ type: 'pause', ...ann });
    fleet.take({ type: 'resume', ...ann });
    expect(fleet.holds).toEqual([]);
    fleet.passAll();
    fleet.start(3, one());
    expect(fleet.row('c0').assignment?.deletionsAccepted).toBeUndefined();
  });

  it('is inherited: where the next release drops nothing, a plain resume lets it go', () => {
    const fleet = settled(2);
    fleet.start(2, one(), { drops: [drop(1, 2, 12)] });
    fleet.start(3, one(), { drops: [] });
    expect(fleet.rollout).toMatchObject({ id: 'web-3', holds: [{ code: 'deletions' }] });
    expect(fleet.rollout.drops).toBeUndefined();
    expect(fleet.take({ type: 'resume', ...ann }).refused).toBeUndefined();
    expect(fleet.row('c0').assignment).toMatchObject({ release: 3 });
    expect(fleet.row('c0').assignment?.deletionsAccepted).toBeUndefined();
  });

  it('asks anew for a release that drops as much, and keeps since when', () => {
    const fleet = settled(2);
    fleet.start(2, one(), { drops: [drop(1, 2, 12)] });
    const [first] = fleet.rollout.holds;
    fleet.pass(5000);
    fleet.start(3, one(), { drops: [drop(1, 3, 20)] });
    expect(fleet.rollout.holds).toEqual([{ ...first, message: expect.stringContaining('release 3 deletes 20') }]);
    expect(fleet.take({ type: 'resume', ...ann }).refused?.code).toBe('deletions');
  });

  it('an acceptance of failures is none of deletions, and stands beside a pause', () => {
    const fleet = settled(2);
    fleet.start(2, one());
    fleet.report('c0', { phase: 'failed', steadyMs: 0, cause: 'health' });
    fleet.take({ type: 'resume', accept: true, ...ann });
    expect(fleet.rollout.deletionsAccepted).toBeUndefined();
    fleet.start(3, one(), { drops: [drop(1, 3, 20)] });
    expect(fleet.holds).toEqual(['deletions']);
  });

  it('has no say in a rollback, whose assignments tell what they take back', () => {
    const fleet = settled(2);
    fleet.start(2, atOnce);
    fleet.report('c0');
    fleet.take({ type: 'rollback', ...ann });
    expect(fleet.holds).toEqual([]);
    for (const uid of fleet.uids) {
      expect(fleet.row(uid).assignment).toMatchObject({ release: 1, takesBack: { release: 2, digest: digest(2) } });
    }
  });

  it('a retried way back still tells what it takes back', () => {
    const fleet = settled(2);
    fleet.start(2, atOnce);
    fleet.passAll();
    fleet.take({ type: 'rollback', ...ann });
    fleet.report('c0', { phase: 'failed', steadyMs: 0 });
    fleet.take({ type: 'retry', clusters: ['c0'], ...ann });
    expect(fleet.row('c0').assignment).toMatchObject({ generation: 4, takesBack: { release: 2, digest: digest(2) } });
  });

  it('an agent ahead of a restored database is told the same again', () => {
    const fleet = settled(2);
    fleet.start(2, one());
    fleet.take({ type: 'rollback', ...ann });
    fleet.take({ type: 'ahead', cluster: 'c0', generation: 9 });
    expect(fleet.row('c0').assignment).toMatchObject({ generation: 10, takesBack: { release: 2 } });
  });
});

describe('a start', () => {
  it('by a plan that is another one by now is refused and changes nothing', () => {
    const fleet = settled(2);
    const { header } = fleet.shell;
    const { refused } = fleet.start(2, one(), { plan: 'f'.repeat(64) });
    expect(refused).toMatchObject({ code: 'plan-changed' });
    expect(refused?.message).toContain('flotilla rollout plan web');
    expect(fleet.shell.header).toBe(header);
  });

  it("keeps the commit's author, and what was unhealthy before", () => {
    const fleet = settled(2);
    fleet.report('c1', { phase: 'progressing', steadyMs: 0 });
    const author = { name: 'Ann', email: 'ann@example.com' };
    fleet.start(2, one(), { author });
    expect(fleet.rollout).toMatchObject({ author, warnings: ['not healthy before: c1'] });
    expect(fleet.row('c1').healthBefore).toBe('progressing');
    expect(fleet.row('c0').healthBefore).toBeUndefined();
    fleet.passAll();
    fleet.take({ type: 'rollback', ...ann });
    expect(fleet.row('c1').healthBefore).toBeUndefined();
  });

  it('of a catch-up keeps the windows of the last wave and has none of its gates; a rollback has neither', () => {
    const spec = one({ before: [approval], after: [approval], windows: [night] });
    const fleet = settled(1);
    fleet.start(1, spec, {
      kind: 'catchUp',
      members: fleet.members(1, ['c9']).map((each) => ({ ...each, online: true })),
    });
    expect(fleet.rollout.kind).toBe('catchUp');
    expect(fleet.wave(0)).toMatchObject({ name: 'catch-up', windows: [night], zones: ['UTC'] });
    expect(fleet.wave(0)).not.toHaveProperty('gates');
    expect(fleet.wave(0)).not.toHaveProperty('before');
    fleet.take({ type: 'cancel', ...ann });
    fleet.start(2, spec, { members: fleet.members(2) });
    fleet.take({ type: 'rollback', ...ann });
    expect(fleet.wave(0)).not.toHaveProperty('windows');
    expect(fleet.wave(0)).not.toHaveProperty('gates');
    expect(fleet.rollout.planDigest).toMatch(/^[0-9a-f]{64}$/);
  });

  it('rewrites once only: whoever leads back already is left alone by whatever comes next', () => {
    const fleet = settled(2);
    fleet.start(2, one());
    fleet.take({ type: 'skip', clusters: ['c0'], reason: 'old', ...ann });
    const { assignment } = fleet.row('c0');
    expect(assignment).toMatchObject({ release: 1 });
    fleet.take({ type: 'cancel', ...ann });
    expect(fleet.row('c0').assignment).toEqual(assignment);
  });

  it('a rollback of a rollout that never assigned anything ends at once, and bars the release', () => {
    const fleet = settled(2);
    fleet.start(2, one(), { drops: [drop(1, 2, 40)] });
    fleet.take({ type: 'rollback', ...ann });
    expect(fleet.rollout).toMatchObject({ kind: 'rollback', state: 'succeeded' });
    expect(fleet.shell.header.barred).toEqual([2]);
    expect(fleet.uids.map((uid) => fleet.row(uid).assignment?.release)).toEqual([1, 1]);
  });
});
