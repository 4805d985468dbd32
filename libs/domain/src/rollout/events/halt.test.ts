import { describe, expect, it } from '@jest/globals';
import { Scenario, strategy, wave } from '../testing/scenario.js';

const ann = { actor: 'token:ann' } as const;
const ack = { phase: 'progressing', steadyMs: 0 } as const;
const one = (more: Parameters<typeof wave>[1] = {}) => strategy([wave('all', more)]);

const settled = (clusters: number) => {
  const fleet = new Scenario(clusters);
  fleet.start(1, one());
  fleet.passAll();
  return fleet;
};
/** Release 2 paused hard: c0 has acknowledged, c1 has not, c2 has passed, c3 waits. */
const halted = () => {
  const fleet = settled(4);
  fleet.start(2, one({ maxConcurrency: 3 }), { members: fleet.members(2) });
  const [first = '', second = '', third = ''] = fleet.in('assigned');
  fleet.report(third);
  fleet.report(first, ack);
  fleet.shell.dirty.clear();
  fleet.take({ type: 'pause', hard: true, reason: 'stop', ...ann });
  return { fleet, acknowledged: first, assigned: second, passed: third };
};
const marked = (fleet: Scenario) => fleet.uids.filter((uid) => fleet.row(uid).halted === true);

describe('a hard pause', () => {
  it('has the agents of whatever is in flight stop before their next object, and no others', () => {
    const { fleet, passed } = halted();
    expect(marked(fleet)).toEqual([...fleet.in('assigned'), ...fleet.in('progressing')].sort());
    expect([...fleet.shell.dirty].sort()).toEqual(marked(fleet));
    expect(fleet.row(passed).halted).toBeUndefined();
    expect(fleet.rollout).toMatchObject({
      hard: true,
      holds: [{ code: 'user', message: 'paused hard by token:ann: stop' }],
    });
  });

  it('hardens a soft one and keeps its time', () => {
    const fleet = settled(1);
    fleet.start(2, one());
    fleet.take({ type: 'pause', ...ann });
    const since = fleet.rollout.holds[0]?.since;
    fleet.pass(5000);
    fleet.take({ type: 'pause', hard: true, ...ann });
    expect(fleet.rollout).toMatchObject({ hard: true, holds: [{ since, message: 'paused hard by token:ann' }] });
    expect(marked(fleet)).toEqual(['c0']);
    const version = fleet.shell.header.version;
    fleet.take({ type: 'pause', hard: true, ...ann });
    fleet.take({ type: 'pause', ...ann });
    expect(fleet.shell.header.version).toBe(version);
  });

  it('reaches those that are given up and may be at it yet, should they come back', () => {
    const fleet = settled(2);
    fleet.start(2, one({ maxUnreachable: 1 }));
    fleet.cutOff('c0');
    fleet.report('c1', ack);
    fleet.pass(400_000);
    expect(fleet.row('c0').state).toBe('deferred');
    fleet.take({ type: 'pause', hard: true, ...ann });
    expect(marked(fleet)).toEqual(['c0', 'c1']);
    fleet.comeBack('c0');
    expect(fleet.row('c0')).toMatchObject({ state: 'assigned', halted: true });
  });

  it.each([
    ['resume', { type: 'resume', ...ann }],
    ['cancel', { type: 'cancel', ...ann }],
    ['rollback', { type: 'rollback', ...ann }],
  ] as const)('ends with a %s: all agents go on', (_name, event) => {
    const { fleet } = halted();
    const before = marked(fleet);
    fleet.shell.dirty.clear();
    fleet.take(event);
    expect(marked(fleet)).toEqual([]);
    for (const uid of before) expect(fleet.shell.dirty.has(uid)).toBe(true);
    expect(fleet.rollout.hard).toBeUndefined();
    expect(fleet.shell.header.frozenSince).toBeNull();
  });

  it('goes over to the release that supersedes, as the pause does, and ends with its resume', () => {
    const { fleet, acknowledged } = halted();
    fleet.start(3, one());
    expect(fleet.rollout).toMatchObject({ id: 'web-3', hard: true });
    expect(fleet.row(acknowledged)).toMatchObject({ state: 'pending', carried: true, halted: true });
    fleet.take({ type: 'resume', ...ann });
    expect(marked(fleet)).toEqual([]);
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('is a stop also where a rollback is under way', () => {
    const fleet = settled(2);
    fleet.start(2, one());
    fleet.passAll();
    fleet.take({ type: 'rollback', ...ann });
    fleet.take({ type: 'pause', hard: true, ...ann });
    expect(marked(fleet)).toEqual(fleet.in('assigned'));
    fleet.take({ type: 'resume', ...ann });
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('is undone also for whoever passed or was skipped meanwhile', () => {
    const { fleet, acknowledged, assigned } = halted();
    fleet.report(acknowledged);
    fleet.take({ type: 'skip', clusters: [assigned], reason: 'old', ...ann });
    expect(fleet.row(acknowledged)).toMatchObject({ state: 'passed', halted: true });
    fleet.take({ type: 'resume', ...ann });
    expect(marked(fleet)).toEqual([]);
  });
});
