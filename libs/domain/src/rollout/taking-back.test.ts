import { describe, expect, it } from '@jest/globals';
import { Scenario, strategy, wave } from './testing/scenario.js';

const one = (more: Parameters<typeof wave>[1] = {}) => strategy([wave('all', more)]);
const ack = { phase: 'progressing', steadyMs: 0 } as const;
const failing = { phase: 'failed', steadyMs: 0, cause: 'health' } as const;
const ann = { actor: 'token:ann' } as const;

/** Everybody on release 1. */
const settled = (clusters: number) => {
  const fleet = new Scenario(clusters);
  fleet.start(1, one());
  fleet.passAll();
  return fleet;
};
const releases = (fleet: Scenario) => fleet.uids.map((uid) => fleet.row(uid).assignment?.release ?? null);

describe('rule 10: whoever has not acknowledged gets its assignment rewritten in the same step', () => {
  it('by a rollback, whatever the slots, also when a person had paused', () => {
    const fleet = settled(4);
    fleet.start(2, strategy([wave('all')], { rollback: { maxConcurrency: 1 } }));
    fleet.cutOff('c0', 'c1');
    fleet.take({ type: 'pause', ...ann });
    fleet.take({ type: 'rollback', ...ann });
    expect(releases(fleet)).toEqual([1, 1, 1, 1]);
    expect(fleet.row('c0')).toMatchObject({ state: 'deferred', generation: 3 });
    expect(fleet.row('c2').state).toBe('assigned');
    expect(fleet.holds).toEqual([]);
  });

  it('by a cancel; whoever acknowledged keeps what it has', () => {
    const fleet = settled(2);
    fleet.start(2, one());
    fleet.report('c0', ack);
    fleet.take({ type: 'cancel', ...ann });
    expect(releases(fleet)).toEqual([2, 1]);
    expect(fleet.rollout.state).toBe('cancelled');
    expect(fleet.shell.header.wakeAt).toBeNull();
  });

  it('by a release that supersedes, also where its own wave is far off', () => {
    const fleet = settled(4);
    fleet.start(2, one());
    fleet.start(3, strategy([wave('first', { take: 1 }), wave('rest')]));
    expect(releases(fleet).sort()).toEqual([1, 1, 1, 3]);
  });

  it('to nothing where there was nothing before: its agent keeps what it holds', () => {
    const fleet = new Scenario(2);
    fleet.start(1, one());
    fleet.take({ type: 'cancel', ...ann });
    expect(fleet.row('c0')).toMatchObject({ assignment: null, generation: 1 });
    expect(fleet.shell.dirty.has('c0')).toBe(true);
  });

  it('by skipping a cluster', () => {
    const fleet = settled(2);
    fleet.start(2, one());
    fleet.take({ type: 'skip', clusters: ['c0'], reason: 'old', ...ann });
    expect(releases(fleet)).toEqual([1, 2]);
  });
});

describe('who may have begun with a release without a word is a part of its rollback', () => {
  it('also where its assignment was rewritten already, because a person skipped it', () => {
    const fleet = settled(2);
    fleet.start(2, one());
    fleet.take({ type: 'skip', clusters: ['c0'], reason: 'old', ...ann });
    fleet.take({ type: 'rollback', ...ann });
    expect(fleet.row('c0')).toMatchObject({ state: 'assigned', rollout: 'web-3', assignment: { release: 1 } });
    fleet.report('c1');
    expect(fleet.rollout.state).toBe('running');
  });
});

describe('what a hard pause stopped half-way goes on no more when it is taken back', () => {
  const stopped = (clusters: number, releases: number) => {
    const fleet = releases > 1 ? settled(clusters) : new Scenario(clusters);
    fleet.start(releases, one());
    fleet.report('c0', ack);
    fleet.take({ type: 'pause', hard: true, ...ann });
    expect(fleet.row('c0').halted).toBe(true);
    return fleet;
  };

  it('and whoever comes back under it begins with nothing, not even with what an earlier rollout left to it', () => {
    const fleet = settled(2);
    fleet.start(2, one({ maxUnreachable: '100%' }));
    fleet.cutOff('c0');
    fleet.report('c1');
    fleet.pass(5 * 60_000);
    fleet.start(3, one({ maxUnreachable: '100%' }));
    expect(fleet.row('c0')).toMatchObject({
      state: 'deferred',
      assignment: { release: 2 },
      acked: false,
    });
    fleet.take({ type: 'pause', hard: true, ...ann });
    expect(fleet.row('c0').halted).toBe(true);
    fleet.take({ type: 'resume', ...ann });
    expect(fleet.row('c0').halted).toBeUndefined();
  });

  it('where there is nothing to go back to, it is left out of its manifest', () => {
    const fleet = stopped(2, 1);
    fleet.take({ type: 'rollback', ...ann });
    expect(fleet.row('c0')).toMatchObject({ state: 'skipped', assignment: null });
    expect(fleet.row('c0').halted).toBeUndefined();
    expect(fleet.shell.dirty.has('c0')).toBe(true);
  });

  it('away it stays stopped until its way back is written', () => {
    const fleet = stopped(2, 2);
    fleet.cutOff('c0');
    fleet.take({ type: 'rollback', ...ann });
    expect(fleet.row('c0')).toMatchObject({ state: 'pending', halted: true, assignment: { release: 2 } });
    fleet.pass(11 * 60_000);
    expect(fleet.row('c0')).toMatchObject({ assignment: { release: 1 } });
    expect(fleet.row('c0').halted).toBeUndefined();
  });

  it('held it stays stopped through the next release, until its turn there has come', () => {
    const fleet = stopped(2, 2);
    fleet.hold('c0');
    fleet.take({ type: 'rollback', ...ann });
    fleet.passAll();
    expect(fleet.row('c0')).toMatchObject({ state: 'failed', reason: 'hold', halted: true });
    fleet.unhold('c0');
    fleet.start(3, one({ maxConcurrency: 1 }));
    for (const uid of fleet.in('pending')) expect(fleet.row(uid).halted ?? uid !== 'c0').toBe(true);
    fleet.passAll();
    expect(fleet.row('c0')).toMatchObject({ state: 'passed', assignment: { release: 3 } });
    expect(fleet.row('c0').halted).toBeUndefined();
  });
});

describe('rule 11: each cluster goes back to its own previous release', () => {
  it('failed and in-flight first, then the latest wave', () => {
    const fleet = settled(6);
    fleet.start(
      2,
      strategy([wave('a', { take: 2 }), wave('b', { take: 2, maxFailures: 1 }), wave('c')], {
        rollback: { maxConcurrency: 1 },
      }),
    );
    for (const uid of fleet.in('assigned')) fleet.report(uid);
    const [bad = '', fine = ''] = fleet.in('assigned');
    fleet.report(bad, failing);
    fleet.report(fine);
    const last = fleet.in('assigned');
    for (const uid of last) fleet.report(uid);
    fleet.take({ type: 'rollback', ...ann });
    const order = [...fleet.shell.rows.values()].sort((a, b) => a.position - b.position).map(({ uid }) => uid);
    expect(order[0]).toBe(bad);
    expect(order.slice(1, 3).sort()).toEqual([...last].sort());
    expect(order[3]).toBe(fine);
    expect(fleet.in('assigned')).toEqual([bad]);
  });

  it('works long after the rollout has ended', () => {
    const fleet = settled(2);
    fleet.start(2, one());
    fleet.passAll();
    fleet.pass(30 * 86_400_000);
    fleet.take({ type: 'rollback', reason: 'leaks memory', ...ann });
    expect(fleet.shell.archive.get('web-2')?.rollout).toMatchObject({ state: 'rolledBack', endedBy: 'web-3' });
    fleet.passAll();
    expect(releases(fleet)).toEqual([1, 1]);
  });

  it('the first release is kept where there is nothing to go back to, unless a person says withdraw', () => {
    const kept = settled(2);
    kept.take({ type: 'rollback', ...ann });
    expect(kept.rollout.state).toBe('succeededWithExceptions');
    expect(releases(kept)).toEqual([1, 1]);
    const withdrawn = settled(2);
    withdrawn.take({ type: 'rollback', withoutPrevious: 'withdraw', ...ann });
    withdrawn.passAll();
    expect(withdrawn.rollout.state).toBe('succeeded');
    expect(withdrawn.row('c0')).toMatchObject({ assignment: { release: null, digest: '' }, lastPassed: null });
  });

  it('never to a release that was rolled back itself', () => {
    const fleet = settled(1);
    fleet.start(2, one());
    fleet.passAll();
    fleet.take({ type: 'rollback', ...ann });
    fleet.pass(1);
    fleet.report('c0', failing);
    fleet.take({ type: 'cancel', ...ann });
    fleet.start(3, one());
    expect(fleet.row('c0').previous).toMatchObject({ release: 1 });
  });

  it('an offline cluster is written its way back when its turn comes, so that it does not come back with what was taken back', () => {
    const fleet = settled(3);
    fleet.start(2, one());
    fleet.passAll();
    fleet.cutOff('c0');
    fleet.take({ type: 'rollback', ...ann });
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeededWithExceptions');
    expect(fleet.row('c0')).toMatchObject({ state: 'deferred', assignment: { release: 1 } });
  });

  it('also one that a person holds and that has not acknowledged the release: it is put off, not assigned', () => {
    const fleet = settled(2);
    fleet.start(2, one({ maxUnreachable: '100%' }));
    fleet.cutOff('c0');
    fleet.take({ type: 'rollback', ...ann });
    fleet.take({ type: 'pause', ...ann });
    fleet.take({ type: 'retry', clusters: ['c0'], ...ann });
    fleet.hold('c0');
    fleet.report('c1');
    fleet.take({ type: 'resume', ...ann });
    expect(fleet.row('c0')).toMatchObject({ state: 'deferred', reason: 'unreachable', assignment: { release: 1 } });
  });

  it('a rollback does not stop for failures, and holds only when nobody confirmed it', () => {
    const fleet = settled(3);
    fleet.start(2, one());
    fleet.passAll();
    fleet.take({ type: 'rollback', ...ann });
    for (const uid of fleet.in('assigned')) fleet.report(uid, failing);
    while (fleet.in('assigned').length > 0) for (const uid of fleet.in('assigned')) fleet.report(uid, failing);
    expect(fleet.holds).toEqual(['noEvidence']);
    fleet.take({ type: 'retry', ...ann });
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });
});

describe('rule 12: a rolled-back release is barred', () => {
  it('the next poll does not start it, a person has to lift it first', () => {
    const fleet = settled(1);
    fleet.start(2, one());
    fleet.passAll();
    fleet.take({ type: 'rollback', ...ann });
    fleet.passAll();
    const { header } = fleet.shell;
    expect(fleet.start(2, one(), { automatic: true })).not.toHaveProperty('refused');
    expect(fleet.shell.header).toBe(header);
    expect(fleet.start(2, one()).refused).toMatchObject({ code: 'barred' });
    fleet.take({ type: 'lift', release: 2, ...ann });
    fleet.start(2, one(), { automatic: true });
    expect(fleet.rollout).toMatchObject({ release: 2, state: 'running' });
  });

  it('a rollback is not superseded: the newest release queues behind it', () => {
    const fleet = settled(2);
    fleet.start(2, one());
    fleet.passAll();
    fleet.take({ type: 'rollback', ...ann });
    fleet.start(3, one(), { automatic: true });
    fleet.start(4, one(), { automatic: true });
    expect(fleet.shell.header.queued).toMatchObject({ release: 4 });
    fleet.passAll();
    expect(fleet.shell.header).toMatchObject({
      rollout: { kind: 'rollback', state: 'succeeded' },
      queued: { release: 4 },
    });
    fleet.start(4, one(), { automatic: true });
    expect(fleet.shell.header).toMatchObject({ rollout: { release: 4, state: 'running' }, queued: null });
  });

  it('the baseline falls back to the one before', () => {
    const fleet = settled(1);
    fleet.start(2, one());
    fleet.passAll();
    expect(fleet.shell.header.baseline).toBe(2);
    fleet.take({ type: 'rollback', ...ann });
    expect(fleet.shell.header.baseline).toBe(1);
  });

  it('asked for twice is asked for once, and after it there is nothing to take back', () => {
    const fleet = settled(1);
    fleet.start(2, one());
    fleet.passAll();
    fleet.take({ type: 'rollback', ...ann });
    const { header } = fleet.shell;
    expect(fleet.take({ type: 'rollback', ...ann })).not.toHaveProperty('refused');
    expect(fleet.shell.header).toBe(header);
    fleet.passAll();
    expect(fleet.take({ type: 'rollback', ...ann }).refused).toMatchObject({ code: 'nothing-to-roll-back' });
  });
});

describe('onFailure: rollback', () => {
  it('takes the release back by itself when too many fail', () => {
    const fleet = settled(4);
    fleet.start(2, strategy([wave('all', { maxConcurrency: 2 })], { onFailure: 'rollback' }));
    const [bad = '', other = ''] = fleet.in('assigned');
    fleet.report(other, ack);
    fleet.report(bad, failing);
    expect(fleet.rollout).toMatchObject({ kind: 'rollback', startedBy: 'system', release: 2 });
    fleet.passAll();
    expect(releases(fleet)).toEqual([1, 1, 1, 1]);
    expect(fleet.shell.header.barred).toEqual([2]);
  });
});

describe('supersede', () => {
  it('queue waits for the rollout to end, and the newest wins', () => {
    const fleet = new Scenario(2);
    fleet.start(1, strategy([wave('all')], { supersede: 'queue' }));
    fleet.start(2, one(), { automatic: true });
    expect(fleet.rollout.release).toBe(1);
    expect(fleet.shell.header.queued).toMatchObject({ release: 2 });
  });

  it('an older release, or the one that runs, changes nothing when the poll offers it', () => {
    const fleet = new Scenario(2);
    fleet.start(5, one());
    const { header } = fleet.shell;
    fleet.start(4, one(), { automatic: true });
    fleet.start(5, one(), { automatic: true });
    expect(fleet.shell.header).toBe(header);
  });

  it('the superseded rollout is archived with the states that it ended in', () => {
    const fleet = new Scenario(2);
    fleet.start(1, one());
    fleet.report('c0');
    fleet.start(2, one());
    const old = fleet.shell.archive.get('web-1');
    expect(old?.rollout).toMatchObject({ state: 'superseded', endedBy: 'web-2' });
    expect(old?.rows.map(({ state }) => state).sort()).toEqual(['assigned', 'passed']);
  });
});

describe('commands that make no sense', () => {
  it.each(['pause', 'resume', 'cancel', 'retry'] as const)(
    '%s before the first rollout, and after one has ended, is refused',
    (type) => {
      const fresh = new Scenario(1);
      expect(fresh.take({ type, ...ann }).refused).toMatchObject({ code: 'no-rollout' });
      expect(settled(1).take({ type, ...ann }).refused).toMatchObject({
        code: 'not-running',
        message: expect.stringContaining('web-1 ended (succeeded)'),
      });
    },
  );

  it('each says why and what to do instead, and changes nothing', () => {
    const fleet = settled(2);
    fleet.start(2, one());
    fleet.report('c0');
    const { header } = fleet.shell;
    const refusals = [
      [{ type: 'retry', ...ann }, 'nothing-to-retry'],
      [{ type: 'retry', clusters: ['c0'], ...ann }, 'not-retryable'],
      [{ type: 'retry', clusters: ['nobody'], ...ann }, 'unknown-cluster'],
      [{ type: 'skip', clusters: ['c1'], ...ann }, 'reason-required'],
      [{ type: 'skip', clusters: ['c0'], reason: 'x', ...ann }, 'not-skippable'],
    ] as const;
    for (const [event, code] of refusals) expect(fleet.take(event).refused).toMatchObject({ code });
    expect(fleet.shell.header).toBe(header);
    expect(new Scenario(1).take({ type: 'rollback', ...ann }).refused).toMatchObject({ code: 'no-rollout' });
  });
});
