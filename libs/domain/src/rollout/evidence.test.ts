import { describe, expect, it } from '@jest/globals';
import { digest, Scenario, strategy, wave } from './testing/scenario.js';

const canaryFirst = (more: Parameters<typeof wave>[1] = {}) =>
  strategy([wave('canary', { take: 1, ...more }), wave('rest', more)]);
const one = (more: Parameters<typeof wave>[1] = {}) => strategy([wave('all', more)]);
const ack = { phase: 'progressing', steadyMs: 0 } as const;
const failing = { phase: 'failed', steadyMs: 0, cause: 'health', message: 'pod p crashed 3 times' } as const;

describe('rule 1: a report counts only for the current generation and digest', () => {
  it.each([
    ['an older generation', { generation: 1 }],
    ['another digest', { digest: digest(9) }],
    ['a generation of nobody', { uid: 'stranger' }],
  ])('%s changes nothing', (_what, more) => {
    const fleet = new Scenario(1);
    fleet.start(1, one());
    fleet.passAll();
    fleet.start(2, one());
    const before = fleet.shell.header;
    fleet.report('c0', more);
    expect(fleet.shell.header).toBe(before);
    expect(fleet.row('c0').state).toBe('assigned');
  });

  it('the verdict of the previous release never opens a wave', () => {
    const fleet = new Scenario(3);
    fleet.start(1, canaryFirst());
    fleet.passAll();
    fleet.start(2, canaryFirst());
    for (const uid of fleet.uids) fleet.report(uid, { generation: 1, digest: digest(1), steadyMs: 1e9 });
    expect(fleet.wave(1).phase).toBe('pending');
  });

  it('the same report once more changes nothing', () => {
    const fleet = new Scenario(2);
    fleet.start(1, one());
    fleet.report('c0', ack);
    const before = fleet.shell.header;
    fleet.report('c0', ack);
    expect(fleet.shell.header).toBe(before);
  });
});

describe('rule 2: only a report passes a target', () => {
  it('a cluster that went silent after its acknowledgement never passes', () => {
    const fleet = new Scenario(1);
    fleet.start(1, one());
    fleet.report('c0', { phase: 'healthy', steadyMs: 29_999 });
    expect(fleet.row('c0').state).toBe('progressing');
    fleet.cutOff('c0');
    fleet.pass(3_600_000);
    expect(fleet.row('c0')).toMatchObject({ state: 'failed', reason: 'lost' });
  });

  it('healthy for healthyFor by the agent passes at once, even as the first word of that generation', () => {
    const fleet = new Scenario(1);
    fleet.start(1, one());
    fleet.report('c0', { steadyMs: 30_000 });
    expect(fleet.rollout.state).toBe('succeeded');
  });
});

describe('rule 3: a wave is done within its budgets and with somebody who passed', () => {
  it('one failure within maxFailures lets the next wave open; the rollout ends with exceptions', () => {
    const fleet = new Scenario(3);
    fleet.start(1, strategy([wave('a', { take: 2, maxFailures: 1 }), wave('b')]));
    const [bad, good] = fleet.in('assigned');
    fleet.report(bad ?? '', failing);
    expect(fleet.wave(1).phase).toBe('pending');
    fleet.report(good ?? '');
    expect(fleet.wave(1).phase).toBe('progressing');
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeededWithExceptions');
    expect(fleet.shell.header.baseline).toBe(1);
  });

  it('one failure over maxFailures holds, with the cluster counted and nothing more assigned', () => {
    const fleet = new Scenario(5);
    fleet.start(1, strategy([wave('all', { maxConcurrency: 2 })]));
    const [bad, other] = fleet.in('assigned');
    fleet.report(bad ?? '', failing);
    expect(fleet.holds).toEqual(['failures']);
    fleet.report(other ?? '');
    expect(fleet.in('assigned')).toEqual([]);
    expect(fleet.in('pending')).toHaveLength(3);
    expect(fleet.row(bad ?? '')).toMatchObject({ state: 'failed', reason: 'health', message: 'pod p crashed 3 times' });
  });

  it('a refusal of the agent is a failure to sync', () => {
    const fleet = new Scenario(1);
    fleet.start(1, one());
    fleet.report('c0', { phase: 'refused', steadyMs: 0 });
    expect(fleet.row('c0')).toMatchObject({ state: 'failed', reason: 'sync' });
  });

  it('nobody who passed holds for want of evidence, and clears when somebody comes back', () => {
    const fleet = new Scenario(1);
    fleet.cutOff('c0');
    fleet.start(1, one({ maxUnreachable: '100%' }));
    expect(fleet.row('c0').state).toBe('deferred');
    expect(fleet.holds).toEqual(['noEvidence']);
    expect(fleet.take({ type: 'resume', accept: true, actor: 'token:ann' }).refused).toMatchObject({
      code: 'no-evidence',
    });
    fleet.comeBack('c0');
    expect(fleet.holds).toEqual([]);
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('a wave of which all are skipped or removed is skipped', () => {
    const fleet = new Scenario(3);
    fleet.start(1, canaryFirst());
    const [canary = ''] = fleet.in('assigned');
    fleet.take({ type: 'skip', clusters: [canary], reason: 'broken', actor: 'token:ann' });
    expect(fleet.wave(0).phase).toBe('skipped');
    expect(fleet.wave(1).phase).toBe('progressing');
  });
});

describe('rule 3: no wave opens while one before it is under way again', () => {
  const waiting = () => {
    const fleet = new Scenario(4);
    const yes = { type: 'approval', name: 'yes', approvers: 1 } as const;
    fleet.start(1, strategy([wave('first', { take: 2 }), wave('rest', { before: [yes] })]));
    fleet.passAll();
    expect(fleet.wave(1).phase).toBe('gateBefore');
    return { fleet, first: fleet.in('passed')[0] ?? '' };
  };
  const approve = { type: 'approve', actor: 'token:bob' } as const;

  it('who regressed while it waited at its gate, and is tried again, has to pass first', () => {
    const { fleet, first } = waiting();
    fleet.report(first, failing);
    fleet.pass(30_000);
    fleet.take({ type: 'retry', actor: 'token:ann' });
    fleet.take(approve);
    expect(fleet.row(first).state).toBe('assigned');
    expect(fleet.wave(1).phase).toBe('gateBefore');
    fleet.report(first);
    expect(fleet.wave(1).phase).toBe('progressing');
  });

  it('nor while somebody there says failed, though not for long enough yet', () => {
    const { fleet, first } = waiting();
    fleet.report(first, failing);
    fleet.take(approve);
    expect(fleet.wave(1).phase).toBe('gateBefore');
    fleet.report(first, { breaks: 1 });
    expect(fleet.wave(1).phase).toBe('progressing');
  });
});

describe('rule 4: a regression is the verdict Failed that lasts for healthyFor', () => {
  const soaking = () => {
    const fleet = new Scenario(2);
    fleet.start(1, one({ soakMs: 300_000, maxFailures: 1 }));
    fleet.passAll();
    expect(fleet.wave(0).phase).toBe('soaking');
    return fleet;
  };

  it('progressing, as in a drain, is none', () => {
    const fleet = soaking();
    fleet.report('c0', ack);
    fleet.pass(100_000);
    expect(fleet.row('c0').state).toBe('passed');
  });

  it('a failure shorter than healthyFor is none', () => {
    const fleet = soaking();
    fleet.report('c0', failing);
    fleet.pass(29_000);
    fleet.report('c0', { steadyMs: 0 });
    fleet.pass(60_000);
    expect(fleet.row('c0').state).toBe('passed');
    expect(fleet.wave(0)).toMatchObject({ suspects: 0, counts: { failed: 0 } });
  });

  it('it restarts the soak, counts against its wave and stays until retry, however healthy it is afterwards', () => {
    const fleet = soaking();
    const first = fleet.wave(0).soakUntil ?? 0;
    fleet.pass(100_000);
    fleet.report('c0', failing);
    fleet.pass(30_000);
    expect(fleet.row('c0')).toMatchObject({ state: 'failed', reason: 'regressed' });
    expect(fleet.wave(0).soakUntil).toBe(first + 130_000);
    fleet.report('c0', { steadyMs: 1e9 });
    expect(fleet.row('c0').state).toBe('failed');
    fleet.take({ type: 'retry', actor: 'token:ann' });
    expect(fleet.row('c0').state).toBe('passed');
  });

  it('no wave ends while somebody says failed', () => {
    const fleet = soaking();
    fleet.pass(290_000);
    fleet.report('c0', failing);
    fleet.pass(15_000);
    expect(fleet.wave(0).phase).toBe('soaking');
  });

  it('over the budget it holds the rollout, and a wave that is done does not reopen', () => {
    const fleet = new Scenario(3);
    fleet.start(1, canaryFirst());
    const [canary = ''] = fleet.in('assigned');
    fleet.report(canary);
    fleet.report(canary, failing);
    fleet.pass(30_000);
    expect(fleet.holds).toEqual(['failures']);
    expect(fleet.wave(0).phase).toBe('done');
  });
});

describe('rule 4: a soak ends only with a sign of life of everybody since it began', () => {
  const silent = () => {
    const fleet = new Scenario(2);
    fleet.start(1, one({ soakMs: 60_000, maxFailures: 1 }));
    fleet.passAll();
    const seenAt = fleet.now - 1;
    fleet.now += 60_000;
    fleet.hear('c1');
    fleet.shell.presence.set('c0', { online: true, seenAt });
    fleet.take({ type: 'tick' });
    return fleet;
  };

  it('who was not heard of is asked while it seems to be there, and the soak waits', () => {
    const fleet = silent();
    expect(fleet.shell.probed).toEqual(['c0']);
    expect(fleet.wave(0).phase).toBe('soaking');
    fleet.hear('c0');
    fleet.pass(10_000);
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('and is lost once it is known to be away', () => {
    const fleet = silent();
    fleet.cutOff('c0');
    fleet.pass(10_000);
    expect(fleet.row('c0')).toMatchObject({ state: 'failed', reason: 'lost' });
    expect(fleet.rollout.state).toBe('succeededWithExceptions');
  });
});

describe('rule 5: silence before the acknowledgement defers, silence after it is a failure', () => {
  it('assigned and silent for ackTimeout: deferred', () => {
    const fleet = new Scenario(2);
    fleet.start(1, one({ maxUnreachable: 1 }));
    fleet.report('c0');
    fleet.pass(5 * 60_000);
    expect(fleet.row('c1')).toMatchObject({ state: 'deferred', reason: 'unreachable' });
    expect(fleet.rollout.state).toBe('succeededWithExceptions');
  });

  it('more than maxUnreachable hold the rollout', () => {
    const fleet = new Scenario(2);
    fleet.start(1, one());
    fleet.report('c0');
    fleet.pass(5 * 60_000);
    expect(fleet.holds).toEqual(['unreachable']);
  });

  it('acknowledged and heard of, but not healthy within progressDeadline: failed(deadline), and healthy in the end it passes', () => {
    const fleet = new Scenario(1);
    fleet.start(1, one());
    fleet.report('c0', ack);
    fleet.pass(10 * 60_000);
    expect(fleet.row('c0')).toMatchObject({ state: 'failed', reason: 'deadline' });
    fleet.report('c0');
    expect(fleet.row('c0').state).toBe('passed');
    expect(fleet.holds).toEqual(['failures']);
    expect(fleet.take({ type: 'resume', actor: 'token:ann' }).refused).toBeUndefined();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('a lost cluster recovers with a report of this generation, not with a sign of life', () => {
    const fleet = new Scenario(1);
    fleet.start(1, one());
    fleet.report('c0', ack);
    fleet.cutOff('c0');
    fleet.pass(10 * 60_000);
    fleet.comeBack('c0');
    expect(fleet.row('c0')).toMatchObject({ state: 'failed', reason: 'lost' });
    fleet.report('c0');
    expect(fleet.row('c0').state).toBe('passed');
  });

  it('retrying a cluster that went dark after its acknowledgement does not make it merely unreachable', () => {
    const fleet = new Scenario(2);
    fleet.start(1, one({ maxUnreachable: '100%' }));
    fleet.report('c0', ack);
    fleet.report('c1');
    fleet.cutOff('c0');
    fleet.pass(10 * 60_000);
    fleet.take({ type: 'retry', actor: 'token:ann' });
    expect(fleet.row('c0')).toMatchObject({ state: 'failed', reason: 'lost' });
    expect(fleet.holds).toEqual(['failures']);
  });

  it('a release that cuts links darkens no more clusters than may fail', () => {
    const fleet = new Scenario(40);
    fleet.start(1, strategy([wave('all', { maxConcurrency: 2, maxUnreachable: '20%' })]));
    for (let round = 0; round < 50; round += 1) {
      for (const uid of fleet.in('assigned')) {
        fleet.report(uid, ack);
        fleet.cutOff(uid);
      }
      fleet.pass(11 * 60_000);
    }
    expect(fleet.in('failed')).toHaveLength(2);
    expect(fleet.in('pending')).toHaveLength(38);
  });

  it('a cluster known to be offline is never assigned', () => {
    const fleet = new Scenario(3);
    fleet.cutOff('c1');
    fleet.start(1, one({ maxUnreachable: 1 }));
    expect(fleet.row('c1')).toMatchObject({ state: 'deferred', generation: 0, assignment: null });
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeededWithExceptions');
  });
});
