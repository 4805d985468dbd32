import { describe, expect, it } from '@jest/globals';
import { Scenario, strategy, wave } from '../testing/scenario.js';

const ann = { actor: 'token:ann' } as const;
const ack = { phase: 'progressing', steadyMs: 0 } as const;
const one = (more: Parameters<typeof wave>[1] = {}) => strategy([wave('all', more)]);

/** Everybody on release 1. */
const settled = (clusters: number) => {
  const fleet = new Scenario(clusters);
  fleet.start(1, one());
  fleet.passAll();
  return fleet;
};

describe('a cluster that a person holds', () => {
  it('gets nothing new: it is put off without counting against a budget, and has its turn when it is let go', () => {
    const fleet = settled(3);
    fleet.hold('c0');
    fleet.start(2, one());
    expect(fleet.row('c0')).toMatchObject({
      state: 'deferred',
      reason: 'hold',
      accepted: true,
      assignment: { release: 1 },
      generation: 1,
    });
    expect(fleet.holds).toEqual([]);
    fleet.unhold('c0');
    expect(fleet.row('c0')).toMatchObject({ state: 'assigned', assignment: { release: 2 } });
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('has what it did not acknowledge rewritten, and goes on with what it did', () => {
    const fleet = settled(3);
    fleet.start(2, one());
    fleet.report('c1', ack);
    fleet.hold('c0', 'c1');
    expect(fleet.row('c0')).toMatchObject({
      state: 'deferred',
      reason: 'hold',
      assignment: { release: 1, generation: 3, takesBack: { release: 2 } },
    });
    expect(fleet.row('c1')).toMatchObject({ state: 'progressing', assignment: { release: 2, generation: 2 } });
    fleet.report('c1');
    expect(fleet.row('c1').state).toBe('passed');
  });

  it('does not count as unreachable any longer where it was', () => {
    const fleet = settled(2);
    fleet.cutOff('c0');
    fleet.start(2, one());
    expect(fleet.holds).toEqual(['unreachable']);
    fleet.hold('c0');
    expect(fleet.holds).toEqual([]);
    expect(fleet.row('c0')).toMatchObject({ state: 'deferred', reason: 'hold' });
    fleet.comeBack('c0');
    expect(fleet.row('c0').state).toBe('deferred');
    fleet.unhold('c0');
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('stays pending until its wave opens', () => {
    const fleet = settled(3);
    fleet.start(2, strategy([wave('a', { take: 1 }), wave('b')]));
    const [later = ''] = fleet.in('pending', 1);
    fleet.hold(later);
    expect(fleet.row(later).state).toBe('pending');
    fleet.passAll();
    expect(fleet.row(later)).toMatchObject({ state: 'deferred', reason: 'hold' });
    expect(fleet.rollout.state).toBe('succeededWithExceptions');
  });

  it('leaves a wave without evidence where nobody else is in it', () => {
    const fleet = settled(1);
    fleet.hold('c0');
    fleet.start(2, one());
    expect(fleet.holds).toEqual(['noEvidence']);
    fleet.unhold('c0');
    expect(fleet.holds).toEqual([]);
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('is counted unchanged where it runs these very bytes: nothing has to reach it', () => {
    const fleet = settled(2);
    fleet.hold('c0');
    fleet.start(2, one(), { members: fleet.members(1) });
    expect(fleet.row('c0').state).toBe('unchanged');
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('is not tried again, by name or with all others', () => {
    const fleet = settled(2);
    fleet.hold('c0');
    fleet.start(2, one());
    expect(fleet.take({ type: 'retry', clusters: ['c0'], ...ann }).refused).toMatchObject({ code: 'held' });
    expect(fleet.take({ type: 'retry', ...ann }).refused?.message).toContain('flotilla cluster unhold c0');
    expect(fleet.row('c0').state).toBe('deferred');
  });

  it('goes on with what a superseded rollout had it acknowledge, and only then waits', () => {
    const fleet = settled(2);
    fleet.start(2, one());
    fleet.report('c0', ack);
    fleet.hold('c0');
    fleet.start(3, one());
    expect(fleet.row('c0')).toMatchObject({ state: 'pending', carried: true, assignment: { release: 2 } });
    expect(fleet.wave(0).carried).toBe(1);
    fleet.report('c0');
    expect(fleet.row('c0')).toMatchObject({ state: 'deferred', reason: 'hold', assignment: { release: 2 } });
    fleet.unhold('c0');
    expect(fleet.row('c0')).toMatchObject({ state: 'assigned', assignment: { release: 3 } });
  });

  it('is no newcomer for a catch-up, which would be made again and again', () => {
    const fleet = settled(2);
    const newcomer = fleet.members(1, ['c9']).map((member) => ({ ...member, held: true }));
    const outcome = fleet.start(1, one(), { kind: 'catchUp', members: newcomer });
    expect(outcome.decisions[0]?.changed).toBe(false);
    expect(fleet.rollout.id).toBe('web-1');
  });

  it('is not withdrawn from while it is held', () => {
    const fleet = settled(3);
    fleet.hold('c0');
    fleet.take({ type: 'removed', clusters: ['c0', 'c1'], why: 'left' });
    expect(fleet.row('c0').assignment?.release).toBe(1);
    expect(fleet.row('c1').assignment?.release).toBeNull();
    expect(fleet.shell.header).toMatchObject({ leaving: ['c0'], wakeAt: null });
    fleet.unhold('c0');
    expect(fleet.row('c0').assignment?.release).toBeNull();
    expect(fleet.shell.header.leaving).toEqual([]);
  });

  it('has an assignment rewritten that a rollout left behind when it ended', () => {
    const fleet = settled(2);
    fleet.start(2, one({ maxUnreachable: 1 }));
    fleet.cutOff('c0');
    fleet.report('c1');
    fleet.pass(600_000);
    expect(fleet.rollout.state).toBe('succeededWithExceptions');
    expect(fleet.row('c0')).toMatchObject({ state: 'deferred', acked: false, assignment: { release: 2 } });
    fleet.hold('c0');
    expect(fleet.row('c0').assignment).toMatchObject({ release: 1, takesBack: { release: 2 } });
  });
});

describe('rule 13: in a rollback a cluster hold wins once acknowledged', () => {
  it('whoever has acknowledged the release keeps it, sticky, until it is let go and tried again', () => {
    const fleet = settled(3);
    fleet.start(2, one());
    fleet.passAll();
    fleet.hold('c0');
    fleet.take({ type: 'rollback', ...ann });
    expect(fleet.row('c0')).toMatchObject({ state: 'failed', reason: 'hold', assignment: { release: 2 } });
    fleet.report('c0');
    expect(fleet.row('c0').state).toBe('failed');
    fleet.report('c1');
    fleet.unhold('c0');
    expect(fleet.row('c0').state).toBe('failed');
    fleet.take({ type: 'retry', clusters: ['c0'], ...ann });
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
    expect(fleet.row('c0').assignment).toMatchObject({ release: 1, takesBack: { release: 2 } });
  });

  it('so does one that is held while it waits for its turn', () => {
    const fleet = settled(3);
    fleet.start(2, strategy([wave('all')], { rollback: { maxConcurrency: 1 } }));
    fleet.passAll();
    fleet.take({ type: 'rollback', ...ann });
    const [waiting = ''] = fleet.in('pending');
    fleet.hold(waiting);
    expect(fleet.row(waiting)).toMatchObject({ state: 'failed', reason: 'hold' });
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeededWithExceptions');
  });

  it('whoever has not acknowledged it gets its way back all the same', () => {
    const fleet = settled(2);
    fleet.start(2, one());
    fleet.shell.presence.set('c0', { online: true, seenAt: fleet.now, held: true });
    fleet.take({ type: 'rollback', ...ann });
    expect(fleet.row('c0')).toMatchObject({ state: 'assigned', assignment: { release: 1 } });
    fleet.hold('c0');
    expect(fleet.row('c0')).toMatchObject({ state: 'assigned', assignment: { release: 1 } });
  });
});
