import { describe, expect, it } from '@jest/globals';
import { digest, Scenario, strategy, wave } from './testing/scenario.js';

const one = (more: Parameters<typeof wave>[1] = {}) => strategy([wave('all', more)]);
const ack = { phase: 'progressing', steadyMs: 0 } as const;
const failing = { phase: 'failed', steadyMs: 0, cause: 'health' } as const;
const ann = { actor: 'token:ann' } as const;

describe('rule 7: no new assignment takes a wave above maxConcurrency', () => {
  it('a slot is free again once a target has settled, not when it acknowledges', () => {
    const fleet = new Scenario(5);
    fleet.start(1, one({ maxConcurrency: 2 }));
    const [first = ''] = fleet.in('assigned');
    fleet.report(first, ack);
    expect(fleet.in('pending')).toHaveLength(3);
    fleet.report(first);
    expect(fleet.in('pending')).toHaveLength(2);
  });

  it('a deferred cluster that returns takes a slot at once, over the cap, and blocks new ones', () => {
    const fleet = new Scenario(3);
    fleet.start(1, one({ maxConcurrency: 1, maxUnreachable: 2 }));
    const [away = ''] = fleet.in('assigned');
    fleet.cutOff(away);
    fleet.pass(5 * 60_000);
    const [second = ''] = fleet.in('assigned');
    fleet.comeBack(away);
    expect(fleet.in('assigned').sort()).toEqual([away, second].sort());
    fleet.report(second);
    expect(fleet.in('pending')).toHaveLength(1);
    fleet.report(away);
    expect(fleet.in('pending')).toHaveLength(0);
  });

  it('one that was never assigned waits for a slot, before the others', () => {
    const fleet = new Scenario(4);
    const plan = one({ maxConcurrency: 1, maxUnreachable: 1 });
    const probe = new Scenario(4);
    probe.start(1, plan);
    const [first = ''] = probe.in('assigned');
    fleet.cutOff(first);
    fleet.start(1, plan);
    const [second = ''] = fleet.in('assigned');
    fleet.comeBack(first);
    expect(fleet.row(first)).toMatchObject({ state: 'pending', requeued: true });
    fleet.report(second);
    expect(fleet.in('assigned')).toEqual([first]);
  });
});

describe('rule 8: in flight belongs to the cluster', () => {
  it('clusters in flight count in the rollout that supersedes, their timers go on, and assigning them costs no slot', () => {
    const fleet = new Scenario(6);
    const plan = one({ maxConcurrency: 2 });
    fleet.start(1, plan);
    const flying = fleet.in('assigned');
    for (const uid of flying) fleet.report(uid, ack);
    fleet.start(2, plan);
    expect(fleet.in('assigned').sort()).toEqual([...flying].sort());
    expect(flying.map((uid) => fleet.row(uid).assignment?.release)).toEqual([2, 2]);
  });

  it('those of a later wave keep their slots and their time until that wave opens', () => {
    const fleet = new Scenario(4);
    fleet.start(1, one());
    for (const uid of fleet.uids) fleet.report(uid, ack);
    fleet.pass(60_000);
    fleet.start(2, strategy([wave('first', { take: 1 }), wave('rest')]));
    expect(fleet.wave(1)).toMatchObject({ phase: 'pending', carried: 3, counts: { pending: 3 } });
    const [first = ''] = fleet.in('assigned', 0);
    fleet.report(first, ack);
    const [late = ''] = fleet.in('pending', 1);
    fleet.report(late);
    expect(fleet.wave(1).carried).toBe(2);
    expect(fleet.row(late).lastPassed).toMatchObject({ release: 1 });
    fleet.pass(9 * 60_000);
    expect(fleet.wave(1).carried).toBe(0);
  });
});

describe('rule 9: failures are counted from the present states', () => {
  const overBudget = () => {
    const fleet = new Scenario(4);
    fleet.start(1, one({ maxConcurrency: 1 }));
    const [bad = ''] = fleet.in('assigned');
    fleet.report(bad, failing);
    return { fleet, bad };
  };

  it('resume over budget is refused and tells the ways out', () => {
    const { fleet } = overBudget();
    const before = fleet.shell.header;
    expect(fleet.take({ type: 'resume', ...ann }).refused).toMatchObject({
      code: 'over-budget',
      message: expect.stringContaining('--accept'),
    });
    expect(fleet.shell.header).toBe(before);
  });

  it('resume --accept acknowledges the failed by name, and whoever fails next holds again', () => {
    const { fleet, bad } = overBudget();
    fleet.take({ type: 'resume', accept: true, ...ann });
    expect(fleet.holds).toEqual([]);
    expect(fleet.row(bad).accepted).toBe(true);
    const [next = ''] = fleet.in('assigned');
    fleet.report(next, failing);
    expect(fleet.holds).toEqual(['failures']);
    expect(fleet.rollout.holds[0]?.message).toContain('1 cluster failed');
  });

  it('retry tries again under the cap and with a new generation, and keeps a person’s hold', () => {
    const { fleet, bad } = overBudget();
    fleet.take({ type: 'pause', ...ann });
    expect(fleet.holds).toEqual(['failures', 'user']);
    fleet.take({ type: 'retry', ...ann });
    expect(fleet.holds).toEqual(['user']);
    expect(fleet.in('assigned')).toEqual([]);
    fleet.take({ type: 'resume', ...ann });
    expect(fleet.in('assigned')).toEqual([bad]);
    expect(fleet.row(bad).generation).toBe(2);
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('a retried cluster of a wave that is done goes again, and the wave stays done', () => {
    const fleet = new Scenario(4);
    fleet.start(1, strategy([wave('a', { take: 2, maxFailures: 1 }), wave('b', { maxConcurrency: 1 })]));
    const [bad = '', good = ''] = fleet.in('assigned');
    fleet.report(bad, failing);
    fleet.report(good);
    fleet.take({ type: 'retry', clusters: [bad], ...ann });
    expect(fleet.row(bad).state).toBe('assigned');
    expect(fleet.wave(0).phase).toBe('done');
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });
});

describe('holds are a set', () => {
  it('a person’s pause outlives a failure that comes and goes', () => {
    const fleet = new Scenario(3);
    fleet.start(1, one({ maxConcurrency: 1 }));
    const [bad = ''] = fleet.in('assigned');
    fleet.take({ type: 'pause', reason: 'lunch', ...ann });
    fleet.report(bad, failing);
    fleet.take({ type: 'skip', clusters: [bad], reason: 'old', ...ann });
    expect(fleet.rollout.holds).toMatchObject([{ code: 'user', message: 'paused by token:ann: lunch' }]);
    expect(fleet.in('assigned')).toEqual([]);
  });

  it('a commit does not undo a person’s pause', () => {
    const fleet = new Scenario(3);
    fleet.start(1, one());
    fleet.take({ type: 'pause', ...ann });
    fleet.start(2, one(), { automatic: true });
    expect(fleet.rollout).toMatchObject({ id: 'web-2', release: 2 });
    expect(fleet.holds).toEqual(['user']);
    expect(fleet.uids.map((uid) => fleet.row(uid).assignment?.release)).not.toContain(2);
  });

  it('pause when paused, resume when nothing is held, change nothing and are no error', () => {
    const fleet = new Scenario(2);
    fleet.start(1, one());
    const { header } = fleet.shell;
    expect(fleet.take({ type: 'resume', ...ann })).not.toHaveProperty('refused');
    expect(fleet.shell.header).toBe(header);
    fleet.take({ type: 'pause', ...ann });
    const paused = fleet.shell.header;
    fleet.take({ type: 'pause', ...ann });
    expect(fleet.shell.header).toBe(paused);
  });
});

describe('what changes no byte', () => {
  it('is unchanged where the cluster is healthy on it: its pointer moves, and no slot and no generation is spent', () => {
    const fleet = new Scenario(3);
    fleet.start(1, one());
    fleet.passAll();
    fleet.shell.dirty.clear();
    fleet.start(2, one({ maxConcurrency: 1 }), {
      members: fleet.members(2).map((member) => ({ ...member, digest: digest(1) })),
    });
    expect(fleet.rollout.state).toBe('succeeded');
    expect(fleet.wave(0).counts.unchanged).toBe(3);
    expect(fleet.row('c0')).toMatchObject({ generation: 1, lastPassed: { release: 2 }, assignment: { release: 2 } });
    expect(fleet.shell.dirty.size).toBe(0);
  });

  it('is a change all the same where the release says something else besides, and is taken back with it', () => {
    const fleet = new Scenario(4);
    const [old, other] = ['terms-1', 'terms-2'];
    const told = (terms: string) => fleet.members(1).map((member) => ({ ...member, terms }));
    const spec = strategy([wave('first', { take: 1 }), wave('rest', { maxConcurrency: 1 })]);
    fleet.start(1, spec, { members: told(old) });
    fleet.passAll();
    const terms = () => fleet.uids.map((uid) => fleet.row(uid).assignment?.terms).sort();
    expect(terms()).toEqual([old, old, old, old]);
    fleet.start(2, spec, { members: told(other) });
    // Nobody but the first wave has heard of it, though no byte of any bundle is another.
    expect(terms()).toEqual([old, old, old, other]);
    for (const uid of fleet.in('assigned')) fleet.report(uid);
    expect(terms()).toEqual([old, old, other, other]);
    fleet.passAll();
    expect(terms()).toEqual([other, other, other, other]);
    expect(fleet.row('c0')).toMatchObject({ generation: 2, lastPassed: { release: 2, terms: other } });
    fleet.take({ type: 'rollback', ...ann });
    fleet.passAll();
    expect(terms()).toEqual([old, old, old, old]);
    expect(fleet.row('c0')).toMatchObject({ generation: 3, lastPassed: { release: 1, terms: old } });
  });
});

describe('rule 19: time never goes back, stands still under a hold, and fires deadlines on ticks alone', () => {
  it('that goes back stands still', () => {
    const fleet = new Scenario(1);
    fleet.start(1, one());
    const { now } = fleet.shell.header;
    fleet.now -= 60_000;
    fleet.report('c0', ack);
    expect(fleet.shell.header.now).toBe(now);
    expect(fleet.row('c0').report?.at).toBe(now);
  });

  it('stands still under a hold: deadlines go on where they stood', () => {
    const fleet = new Scenario(1);
    fleet.start(1, one());
    fleet.pass(4 * 60_000);
    fleet.take({ type: 'pause', ...ann });
    expect(fleet.shell.header.wakeAt).toBeNull();
    fleet.pass(3_600_000);
    fleet.take({ type: 'resume', ...ann });
    fleet.pass(59_000);
    expect(fleet.row('c0').state).toBe('assigned');
    fleet.pass(1_000);
    expect(fleet.row('c0').state).toBe('deferred');
  });

  it('fires deadlines on a tick, never on a report', () => {
    const fleet = new Scenario(2);
    fleet.start(1, one());
    fleet.now += 6 * 60_000;
    fleet.report('c0', ack);
    expect(fleet.row('c1').state).toBe('assigned');
  });
});

describe('rule 20: the hub’s own absence is nobody’s silence', () => {
  it('in which the hub was away is nobody’s silence', () => {
    const fleet = new Scenario(1);
    fleet.start(1, one());
    fleet.now += 15 * 60_000;
    fleet.take({ type: 'gap', ms: 15 * 60_000 });
    fleet.take({ type: 'tick' });
    expect(fleet.row('c0').state).toBe('assigned');
    fleet.pass(5 * 60_000);
    expect(fleet.row('c0').state).toBe('deferred');
  });
});
