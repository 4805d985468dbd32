import { describe, expect, it } from '@jest/globals';
import type { GateSpec } from '../strategy.js';
import { Scenario, strategy, wave } from '../testing/scenario.js';

const ann = { actor: 'token:ann', reason: 'no time' } as const;
const ack = { phase: 'progressing', steadyMs: 0 } as const;
const approval: GateSpec = { type: 'approval', name: 'go', approvers: 1 };
const two = (more: Parameters<typeof wave>[1] = {}, rest: Parameters<typeof wave>[1] = {}) =>
  strategy([wave('first', { take: 2, ...more }), wave('rest', rest)]);

const settled = (clusters: number) => {
  const fleet = new Scenario(clusters);
  fleet.start(1, strategy([wave('all')]));
  fleet.passAll();
  return fleet;
};

describe('giving up a wave', () => {
  it('skips whoever has not passed, rewrites what nobody acknowledged, and goes on at once', () => {
    const fleet = settled(5);
    fleet.start(2, strategy([wave('first', { take: 3, soakMs: 600_000 }), wave('rest')]));
    const [passed = '', acknowledged = '', silent = ''] = fleet.in('assigned', 0);
    fleet.report(passed);
    fleet.report(acknowledged, ack);
    fleet.take({ type: 'skip', wave: 'first', ...ann });
    expect(fleet.row(passed).state).toBe('passed');
    expect(fleet.row(acknowledged)).toMatchObject({ state: 'skipped', assignment: { release: 2 } });
    expect(fleet.row(silent)).toMatchObject({ state: 'skipped', assignment: { release: 1 } });
    expect(fleet.wave(0)).toMatchObject({ phase: 'done', givenUp: { by: 'token:ann', reason: 'no time' } });
    expect(fleet.wave(1).phase).toBe('progressing');
  });

  it('of which nobody passed leaves it skipped', () => {
    const fleet = settled(4);
    fleet.start(2, two());
    fleet.take({ type: 'skip', wave: 'first', ...ann });
    expect(fleet.wave(0)).toMatchObject({ phase: 'skipped', counts: { skipped: 2 } });
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeededWithExceptions');
  });

  it('works before its turn: it is never opened', () => {
    const fleet = settled(4);
    fleet.start(2, two({}, { before: [approval] }));
    fleet.take({ type: 'skip', wave: 'rest', ...ann });
    expect(fleet.wave(1)).toMatchObject({ phase: 'pending', counts: { skipped: 2 } });
    fleet.passAll();
    expect(fleet.wave(1)).toMatchObject({ phase: 'skipped' });
    expect(fleet.wave(1).openedAt).toBeUndefined();
    expect(fleet.rollout.state).toBe('succeededWithExceptions');
  });

  it('waits at none of its gates, and takes the hold of one that said no', () => {
    const fleet = settled(4);
    fleet.start(2, two({}, { before: [approval] }));
    fleet.passAll();
    fleet.take({ type: 'reject', ...ann });
    expect(fleet.holds).toEqual(['gate']);
    fleet.take({ type: 'skip', wave: 'rest', ...ann });
    expect(fleet.rollout).toMatchObject({ state: 'succeededWithExceptions', holds: [] });
  });

  it('is an exit from having no evidence', () => {
    const fleet = settled(2);
    fleet.start(2, strategy([wave('all', { maxFailures: 2 })]));
    for (const uid of fleet.in('assigned')) fleet.report(uid, { phase: 'failed', steadyMs: 0, cause: 'health' });
    expect(fleet.holds).toEqual(['noEvidence']);
    fleet.take({ type: 'skip', wave: 'all', ...ann });
    expect(fleet.rollout.state).toBe('succeededWithExceptions');
    expect(fleet.shell.header.baseline).toBe(1);
  });

  it('of a rollback leaves the way back with those that have not acknowledged it', () => {
    const fleet = settled(2);
    fleet.start(2, strategy([wave('all')]));
    fleet.passAll();
    fleet.take({ type: 'rollback', ...ann });
    fleet.cutOff('c0');
    fleet.take({ type: 'skip', wave: 'rollback', ...ann });
    expect(fleet.rollout.state).toBe('succeededWithExceptions');
    expect(fleet.row('c0')).toMatchObject({ state: 'skipped', assignment: { release: 1 } });
  });

  it('leaves a user hold where it is: the rollout goes on with the resume', () => {
    const fleet = settled(4);
    fleet.start(2, two());
    fleet.take({ type: 'pause', ...ann });
    fleet.take({ type: 'skip', wave: 'first', ...ann });
    expect(fleet.holds).toEqual(['user']);
    expect(fleet.wave(0).phase).toBe('progressing');
    fleet.take({ type: 'resume', ...ann });
    expect(fleet.wave(0).phase).toBe('skipped');
  });

  it('twice is once; one that is over, or none of ours, is refused with the names there are', () => {
    const fleet = settled(4);
    fleet.start(2, two());
    fleet.take({ type: 'skip', wave: 'rest', ...ann });
    const { version } = fleet.shell.header;
    expect(fleet.take({ type: 'skip', wave: 'rest', ...ann }).refused).toBeUndefined();
    expect(fleet.shell.header.version).toBe(version);
    fleet.take({ type: 'pause', ...ann });
    expect(fleet.take({ type: 'skip', wave: 'last', ...ann }).refused).toMatchObject({
      code: 'unknown-wave',
      message: expect.stringContaining('first, rest'),
    });
    expect(fleet.take({ type: 'skip', wave: 'rest', actor: 'token:ann' }).refused?.code).toBe('reason-required');
    fleet.take({ type: 'resume', ...ann });
    fleet.report(fleet.in('assigned')[0] ?? '');
    fleet.start(3, strategy([wave('first', { take: 2 }), wave('slow')]));
    fleet.passAll();
    expect(fleet.take({ type: 'skip', wave: 'first', ...ann }).refused?.code).toBe('not-running');
  });

  it('that nobody named is refused, as are clusters that nobody named', () => {
    const fleet = settled(4);
    fleet.start(2, two());
    expect(fleet.take({ type: 'skip', ...ann }).refused?.code).toBe('nothing-named');
    expect(fleet.take({ type: 'skip', clusters: [], ...ann }).refused?.code).toBe('nothing-named');
  });

  it('that is done is refused', () => {
    const fleet = settled(4);
    fleet.start(2, two());
    for (const uid of fleet.in('assigned')) fleet.report(uid);
    expect(fleet.wave(0).phase).toBe('done');
    expect(fleet.take({ type: 'skip', wave: 'first', ...ann }).refused).toMatchObject({
      code: 'not-skippable',
      message: 'wave first is done: there is nothing left to skip',
    });
  });
});
