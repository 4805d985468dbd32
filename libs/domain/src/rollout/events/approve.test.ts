import { describe, expect, it } from '@jest/globals';
import type { RolloutEvent } from '../model.js';
import type { GateSpec } from '../strategy.js';
import { Scenario, strategy, wave } from '../testing/scenario.js';

const approval = (approvers = 1, name = 'go'): GateSpec => ({ type: 'approval', name, approvers });
const gated = (approvers = 1, more: Parameters<typeof wave>[1] = {}) =>
  strategy([wave('canary', { take: 1 }), wave('rest', { before: [approval(approvers)], ...more })]);
const author = { name: 'Cara', email: 'Cara@Example.org' };
const waiting = (approvers = 1, more: Parameters<typeof wave>[1] = {}) => {
  const fleet = new Scenario(4);
  fleet.start(1, gated(approvers, more), { author });
  fleet.passAll();
  return fleet;
};
const approve = (fleet: Scenario, more: Partial<Extract<RolloutEvent, { type: 'approve' }>> = {}) =>
  fleet.take({ type: 'approve', actor: 'token:bob', ...more });
const reject = (fleet: Scenario, more: Partial<Extract<RolloutEvent, { type: 'reject' }>> = {}) =>
  fleet.take({ type: 'reject', actor: 'token:bob', reason: 'not on a Friday', ...more });

describe('an approval', () => {
  it('opens the gate when as many different people gave it as are asked for', () => {
    const fleet = waiting(2);
    approve(fleet);
    expect(fleet.wave(1).phase).toBe('gateBefore');
    approve(fleet, { actor: 'token:dan', reason: 'looks right' });
    expect(fleet.wave(1).phase).toBe('progressing');
    expect(fleet.wave(1).gates?.[0]?.approvals).toEqual([
      { actor: 'token:bob', at: fleet.now, digest: fleet.wave(1).digest },
      { actor: 'token:dan', reason: 'looks right', at: fleet.now, digest: fleet.wave(1).digest },
    ]);
  });

  it('of the same person twice counts once and changes nothing', () => {
    const fleet = waiting(2);
    approve(fleet);
    const { header } = fleet.shell;
    expect(approve(fleet).refused).toBeUndefined();
    expect(fleet.shell.header).toBe(header);
    expect(fleet.wave(1).phase).toBe('gateBefore');
  });

  it.each([
    ['of the commit’s author, in whatever case', { email: ' cara@example.ORG' }],
    ['of whoever started the rollout', { actor: 'token:ann' }],
  ])('%s is refused', (_who, more) => {
    const fleet = waiting();
    expect(approve(fleet, more).refused).toMatchObject({ code: 'own-release' });
    expect(fleet.wave(1).phase).toBe('gateBefore');
  });

  it('is for a plan: the digest of another one is refused', () => {
    const fleet = waiting();
    expect(approve(fleet, { plan: 'f'.repeat(64) }).refused).toMatchObject({
      code: 'plan-changed',
      message: expect.stringContaining('flotilla rollout plan web'),
    });
    expect(approve(fleet, { plan: fleet.rollout.planDigest }).refused).toBeUndefined();
    expect(fleet.wave(1).phase).toBe('progressing');
  });

  it('is never carried over to another rollout', () => {
    const fleet = waiting();
    approve(fleet);
    fleet.start(2, gated(), { author });
    fleet.passAll();
    expect(fleet.wave(1)).toMatchObject({ phase: 'gateBefore' });
    expect(fleet.wave(1).gates?.[0]?.approvals).toBeUndefined();
  });

  it('of a wave as it was planned before counts no more', () => {
    const fleet = waiting(2);
    approve(fleet);
    const { header } = fleet.shell;
    const waves = fleet.rollout.waves.map((each) => ({ ...each, digest: 'another' }));
    fleet.shell.header = { ...header, rollout: { ...fleet.rollout, waves } };
    approve(fleet, { actor: 'token:dan' });
    expect(fleet.wave(1).phase).toBe('gateBefore');
    approve(fleet);
    expect(fleet.wave(1).phase).toBe('progressing');
  });

  it('that nobody waits for is refused, and says whose turn comes and how to give it ahead of time', () => {
    const fleet = new Scenario(4);
    fleet.start(1, gated(), { author });
    expect(approve(fleet).refused).toEqual({
      code: 'no-approval-waits',
      message:
        'rollout web-1 waits for no approval now; wave rest is the next to need one: approve it ahead of time (flotilla rollout approve web --wave rest)',
    });
    expect(approve(fleet, { wave: 'canary' }).refused?.code).toBe('no-approval-waits');
    expect(approve(fleet, { wave: 'nobody' }).refused).toMatchObject({
      code: 'unknown-wave',
      message: expect.stringContaining('its waves are canary, rest'),
    });
    expect(approve(fleet, { wave: 'rest' }).refused).toBeUndefined();
    expect(approve(fleet, { wave: 'rest', actor: 'token:dan' }).refused?.code).toBe('no-approval-waits');
  });

  it('has nothing to do with a rollout that has ended', () => {
    const fleet = waiting();
    fleet.take({ type: 'cancel', actor: 'token:ann' });
    expect(approve(fleet).refused?.code).toBe('not-running');
    expect(reject(fleet).refused?.code).toBe('not-running');
  });

  it('is for the side that the wave waits at, or, ahead of time, for the one that comes', () => {
    const fleet = waiting(1, { after: [approval(1, 'seen')] });
    approve(fleet);
    expect(fleet.wave(1).gates).toMatchObject([
      { name: 'go', state: 'open' },
      { name: 'seen', state: 'waiting' },
    ]);
    approve(fleet, { wave: 'rest' });
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });
});

describe('a rejection', () => {
  it('needs a reason', () => {
    expect(reject(waiting(), { reason: '  ' }).refused?.code).toBe('reason-required');
  });

  it('holds the rollout, and never takes the release back by itself', () => {
    const fleet = new Scenario(4);
    fleet.start(1, { ...gated(), onFailure: 'rollback' }, { author });
    fleet.passAll();
    reject(fleet);
    expect(fleet.rollout).toMatchObject({
      kind: 'forward',
      holds: [{ code: 'gate', message: 'approval go of wave rest said no: rejected by token:bob: not on a Friday' }],
    });
    fleet.pass(3_600_000);
    expect(fleet.rollout.kind).toBe('forward');
  });

  it('said twice is said once, and an approval after it asks for a resume first', () => {
    const fleet = waiting();
    reject(fleet);
    const { header } = fleet.shell;
    reject(fleet);
    expect(fleet.shell.header).toBe(header);
    expect(approve(fleet, { actor: 'token:dan' }).refused).toMatchObject({
      code: 'gate-refused',
      message: expect.stringContaining('flotilla rollout resume web'),
    });
  });

  it('is over when somebody resumes: the gate waits again, and the approvals that were given stay', () => {
    const fleet = waiting(2);
    approve(fleet);
    reject(fleet, { actor: 'token:dan' });
    fleet.take({ type: 'resume', actor: 'token:ann' });
    expect(fleet.wave(1).gates?.[0]).toMatchObject({ state: 'waiting', approvals: [{ actor: 'token:bob' }] });
    approve(fleet, { actor: 'token:dan' });
    expect(fleet.wave(1).phase).toBe('progressing');
  });

  it('may come ahead of time, also after approvals', () => {
    const fleet = new Scenario(4);
    fleet.start(1, gated(), { author });
    approve(fleet, { wave: 'rest' });
    reject(fleet, { wave: 'rest' });
    expect(fleet.holds).toEqual(['gate']);
  });
});
