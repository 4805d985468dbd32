import { describe, expect, it } from '@jest/globals';
import type { GateSpec } from '../strategy.js';
import { Scenario, START, strategy, wave } from '../testing/scenario.js';

const ann = { actor: 'token:ann' } as const;
const MINUTE = 60_000;
const soaked = (more: Parameters<typeof wave>[1] = {}) =>
  strategy([wave('canary', { take: 2, soakMs: 5 * MINUTE, ...more }), wave('rest')]);
const soaking = () => {
  const fleet = new Scenario(4);
  fleet.start(1, soaked());
  fleet.passAll();
  return fleet;
};
const promote = (fleet: Scenario) => fleet.take({ type: 'promote', reason: 'seen enough', ...ann });

describe('promote', () => {
  it('ends a soak at once', () => {
    const fleet = soaking();
    fleet.pass(MINUTE);
    promote(fleet);
    expect(fleet.wave(0)).toMatchObject({ phase: 'done', soakEndedBy: 'token:ann' });
    expect(fleet.wave(1).phase).toBe('progressing');
  });

  it('ends a soak also with a cluster whose last word is progressing', () => {
    const fleet = soaking();
    fleet.report('c0', { phase: 'progressing', steadyMs: 0 });
    fleet.report('c1', { phase: 'progressing', steadyMs: 0 });
    fleet.pass(10 * MINUTE);
    expect(fleet.wave(0).phase).toBe('soaking');
    promote(fleet);
    expect(fleet.wave(0).phase).toBe('done');
  });

  it('never with one that says failed, and not before the silent were heard of', () => {
    const failing = soaking();
    const [bad = ''] = failing.in('passed', 0);
    failing.report(bad, { phase: 'failed', steadyMs: 0 });
    promote(failing);
    expect(failing.wave(0).phase).toBe('soaking');
    const silent = soaking();
    const [quiet = ''] = silent.in('passed', 0);
    silent.shell.presence.set(quiet, { online: true, seenAt: silent.now - 1 });
    promote(silent);
    expect(silent.wave(0).phase).toBe('soaking');
    expect(silent.shell.probed).toContain(quiet);
    silent.pass(10_000);
    expect(silent.wave(0).phase).toBe('done');
  });

  it('said twice is said once', () => {
    const fleet = soaking();
    const [bad = ''] = fleet.in('passed', 0);
    fleet.report(bad, { phase: 'failed', steadyMs: 0 });
    promote(fleet);
    const { header } = fleet.shell;
    expect(promote(fleet).refused).toBeUndefined();
    expect(fleet.shell.header).toBe(header);
  });

  it('opens the schedule that the wave waits at, and says who', () => {
    const later: GateSpec = { type: 'schedule', name: 'night', notBefore: START + 600 * MINUTE, windows: [] };
    const fleet = new Scenario(4);
    fleet.start(1, strategy([wave('canary', { take: 1 }), wave('rest', { before: [later] })]));
    fleet.passAll();
    promote(fleet);
    expect(fleet.wave(1)).toMatchObject({ phase: 'progressing', gates: [{ state: 'open', openedBy: 'token:ann' }] });
  });

  it('of a schedule leaves the other gates as they are', () => {
    const later: GateSpec = { type: 'schedule', name: 'night', notBefore: START + 600 * MINUTE, windows: [] };
    const go: GateSpec = { type: 'approval', name: 'go', approvers: 1 };
    const fleet = new Scenario(4);
    fleet.start(1, strategy([wave('canary', { take: 1 }), wave('rest', { before: [later, go] })]));
    fleet.passAll();
    promote(fleet);
    expect(fleet.wave(1).phase).toBe('gateBefore');
    expect(promote(fleet).refused).toEqual({
      code: 'nothing-to-promote',
      message:
        'there is no soak and no schedule gate to end early: wave rest waits for approval go (flotilla rollout approve web)',
    });
    fleet.take({ type: 'approve', actor: 'token:bob' });
    expect(fleet.wave(1).phase).toBe('progressing');
  });

  it('of anything else is refused, and says what the rollout waits for', () => {
    const fleet = new Scenario(4);
    fleet.start(1, soaked());
    expect(promote(fleet).refused).toMatchObject({
      code: 'nothing-to-promote',
      message: expect.stringContaining('wave canary is progressing, 2 of its clusters have not settled yet'),
    });
    fleet.take({ type: 'cancel', ...ann });
    expect(promote(fleet).refused?.code).toBe('not-running');
  });
});
