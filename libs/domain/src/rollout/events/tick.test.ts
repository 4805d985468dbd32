import { describe, expect, it } from '@jest/globals';
import type { Freeze } from '../model.js';
import type { WindowSpec } from '../strategy.js';
import { Scenario, START, strategy, wave } from '../testing/scenario.js';
import { explainRollout } from '../why.js';

const ann = { actor: 'token:ann' } as const;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const freeze: Freeze = { by: 'token:ann', reason: 'holidays', since: START };
const two = (more: Parameters<typeof wave>[1] = {}) => strategy([wave('canary', { take: 1, ...more }), wave('rest')]);

describe('during a freeze', () => {
  const frozen = (more: Partial<Freeze> = {}) => {
    const fleet = new Scenario(4);
    fleet.start(1, two());
    fleet.shell.freeze = { ...freeze, ...more };
    return fleet;
  };

  it('no wave opens and nothing new is assigned, and what is in flight goes on', () => {
    const fleet = frozen();
    fleet.passAll();
    expect(fleet.wave(0).phase).toBe('done');
    expect(fleet.wave(1).phase).toBe('pending');
    fleet.pass(24 * HOUR);
    expect(fleet.in('assigned')).toEqual([]);
    fleet.shell.freeze = null;
    fleet.take({ type: 'tick' });
    expect(fleet.in('assigned', 1)).toHaveLength(3);
  });

  it('a canary that failed meanwhile and is tried again keeps the next wave closed until it has passed', () => {
    const fleet = frozen();
    const [canary = ''] = fleet.in('assigned');
    fleet.passAll();
    fleet.report(canary, { phase: 'failed', cause: 'health' });
    fleet.pass(MINUTE);
    expect(fleet.row(canary)).toMatchObject({ state: 'failed', reason: 'regressed' });
    expect(fleet.take({ type: 'retry', ...ann }).refused).toBeUndefined();
    fleet.take({ type: 'resume', ...ann });
    fleet.shell.freeze = null;
    fleet.take({ type: 'tick' });
    expect(fleet.in('assigned')).toEqual([canary]);
    expect(fleet.wave(1).phase).toBe('pending');
    expect(explainRollout(fleet.rollout, fleet.shell.header, fleet.now).sentence).toMatch(
      /1 cluster of wave canary is in flight/,
    );
    fleet.report(canary);
    expect(fleet.in('assigned', 1)).toHaveLength(3);
  });

  it('an open wave assigns nobody, whatever its slots', () => {
    const fleet = new Scenario(4);
    fleet.start(1, strategy([wave('all', { maxConcurrency: 1 })]));
    fleet.shell.freeze = freeze;
    fleet.passAll();
    expect(fleet.in('passed')).toHaveLength(1);
    expect(fleet.in('pending')).toHaveLength(3);
  });

  it('deadlines, soaks and gates go on', () => {
    const fleet = new Scenario(4);
    const hook = { type: 'webhook', name: 'ci', url: 'https://ci.example/', intervalMs: MINUTE } as const;
    fleet.start(
      1,
      strategy([wave('canary', { take: 2, maxUnreachable: 1, soakMs: MINUTE }), wave('rest', { before: [hook] })]),
    );
    fleet.shell.freeze = freeze;
    const [first = '', second = ''] = fleet.in('assigned');
    fleet.report(first);
    fleet.pass(5 * MINUTE);
    expect(fleet.row(second).state).toBe('deferred');
    fleet.pass(MINUTE);
    expect(fleet.wave(0).phase).toBe('done');
    expect(fleet.wave(1)).toMatchObject({
      phase: 'gateBefore',
      gates: [{ state: 'waiting', askAt: expect.any(Number) }],
    });
    const answer = { type: 'gateAnswer', rollout: 'web-1', wave: 1, when: 'before', gate: 'ci' } as const;
    fleet.take({ ...answer, outcome: 'success', message: 'HTTP 200' });
    expect(fleet.wave(1)).toMatchObject({ phase: 'gateBefore', gates: [{ state: 'open' }] });
    fleet.shell.freeze = null;
    fleet.take({ type: 'tick' });
    expect(fleet.wave(1).phase).toBe('progressing');
  });

  it('a rollback goes on', () => {
    const fleet = frozen();
    fleet.passAll();
    fleet.take({ type: 'rollback', withoutPrevious: 'withdraw', ...ann });
    expect(fleet.in('assigned')).toHaveLength(1);
  });

  it('with an end, the tick wakes then, and goes on by itself', () => {
    const fleet = frozen({ until: START + HOUR });
    fleet.passAll();
    expect(fleet.shell.header.wakeAt).toBe(START + HOUR);
    fleet.pass(HOUR);
    expect(fleet.in('assigned', 1)).toHaveLength(3);
  });

  it('without an end, it is looked at once a minute and not more often', () => {
    const fleet = frozen();
    fleet.passAll();
    expect(fleet.shell.header.wakeAt).toBe(fleet.now + MINUTE);
  });

  it('nobody who left is withdrawn until it is over', () => {
    const fleet = new Scenario(3);
    fleet.start(1, strategy([wave('all')]));
    fleet.passAll();
    fleet.shell.freeze = freeze;
    fleet.take({ type: 'removed', clusters: ['c0'], why: 'left' });
    expect(fleet.row('c0').assignment?.release).toBe(1);
    expect(fleet.shell.header.leaving).toEqual(['c0']);
    expect(fleet.shell.header.wakeAt).toBe(fleet.now + MINUTE);
    fleet.shell.freeze = null;
    fleet.take({ type: 'tick' });
    expect(fleet.row('c0').assignment?.release).toBeNull();
  });
});

describe('windows', () => {
  const night: WindowSpec = { cron: '0 2 * * *', durationMs: HOUR, timeZone: { label: 'zone' } };
  const zones = ['UTC', 'Europe/Berlin', 'Asia/Tokyo'];
  const zoned = (fleet: Scenario) =>
    fleet.members(1, fleet.uids, (uid) => ({ zone: zones[Number(uid.slice(1)) % zones.length] ?? '' }));
  /** c0, c3 in UTC, c1, c4 in Berlin (UTC+1), c2, c5 in Tokyo (UTC+9); it is 00:16:40 UTC on 1 January 1970. */
  const started = (more: Parameters<typeof wave>[1] = {}) => {
    const fleet = new Scenario(6);
    fleet.start(1, strategy([wave('all', { windows: [night], ...more })]), { members: zoned(fleet) });
    return fleet;
  };
  const at = (hour: number, minute = 0) => Date.UTC(1970, 0, 1, hour, minute);

  it('let clusters be assigned when it is their time, each by its own clock', () => {
    const fleet = started();
    expect(fleet.in('assigned')).toEqual([]);
    expect(fleet.shell.header.wakeAt).toBe(at(1));
    fleet.pass(at(1) - fleet.now);
    expect(fleet.in('assigned').sort()).toEqual(['c1', 'c4']);
    fleet.passAll();
    fleet.pass(at(2) - fleet.now);
    expect(fleet.in('assigned').sort()).toEqual(['c0', 'c3']);
    fleet.passAll();
    fleet.pass(at(17) - fleet.now);
    expect(fleet.in('assigned').sort()).toEqual(['c2', 'c5']);
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('stop nothing that is in flight, and nothing is woken in between', () => {
    const fleet = started({ maxConcurrency: 1 });
    fleet.pass(at(1) - fleet.now);
    const [first = ''] = fleet.in('assigned');
    fleet.report(first, { phase: 'progressing', steadyMs: 0 });
    fleet.pass(at(2) - MINUTE - fleet.now);
    expect(fleet.row(first)).toMatchObject({ state: 'failed', reason: 'deadline' });
    expect(fleet.in('assigned').length).toBeLessThanOrEqual(1);
  });

  it('hold for a retried cluster too, of a wave that is done, which keeps nobody else waiting', () => {
    const fleet = new Scenario(6);
    const canary = wave('canary', {
      selector: { matchLabels: { zone: 'Europe/Berlin' } },
      maxFailures: 1,
      windows: [night],
    });
    fleet.start(1, strategy([canary, wave('rest', { maxConcurrency: 1, ackTimeoutMs: 100 * HOUR })]), {
      members: zoned(fleet),
    });
    fleet.pass(at(1) - fleet.now);
    fleet.report('c1', { phase: 'failed', steadyMs: 0 });
    fleet.report('c4');
    expect(fleet.wave(1).phase).toBe('progressing');
    fleet.pass(at(2) - fleet.now);
    fleet.take({ type: 'retry', clusters: ['c1'], ...ann });
    expect(fleet.row('c1').state).toBe('pending');
    const flying = fleet.in('assigned');
    fleet.passAll();
    expect(flying).toHaveLength(1);
    expect(fleet.in('passed')).toHaveLength(5);
    expect(fleet.rollout.state).toBe('running');
    fleet.pass(at(25) - fleet.now);
    expect(fleet.row('c1').state).toBe('assigned');
  });

  it('a wave of which some time zones are open and their clusters done keeps no other wave waiting', () => {
    const fleet = new Scenario(6);
    const canary = wave('canary', {
      selector: { matchExpressions: [{ key: 'zone', operator: 'In', values: ['Europe/Berlin', 'Asia/Tokyo'] }] },
      maxUnreachable: '100%',
      windows: [night],
    });
    fleet.cutOff('c2', 'c5');
    fleet.start(1, strategy([canary, wave('rest', { maxConcurrency: 1, ackTimeoutMs: 100 * HOUR })]), {
      members: zoned(fleet),
    });
    fleet.pass(at(1) - fleet.now);
    fleet.passAll();
    fleet.pass(at(17) - fleet.now);
    expect(fleet.in('deferred').sort()).toEqual(['c2', 'c5']);
    expect(fleet.wave(1).phase).toBe('progressing');
    // Tokyo is back, and its time is over; Berlin's windows are open, and nobody of Berlin is left.
    fleet.pass(at(25) - fleet.now);
    fleet.comeBack('c2', 'c5');
    fleet.passAll();
    expect(fleet.in('passed').sort()).toEqual(['c0', 'c1', 'c3', 'c4']);
    expect(fleet.wave(0).closedUntil).toBe(at(41));
    fleet.pass(at(41) - fleet.now);
    expect(fleet.in('assigned').sort()).toEqual(['c2', 'c5']);
  });

  it('are no reason for a busy loop: a day of waiting costs a tick for each opening', () => {
    const fleet = started();
    const before = fleet.shell.header.version;
    fleet.shell.freeze = null;
    fleet.cutOff(...fleet.uids);
    fleet.pass(at(0, 59) - fleet.now);
    expect(fleet.shell.header.version).toBe(before);
  });
});

describe('a soak with a cluster whose last word is progressing', () => {
  const soaking = () => {
    const fleet = new Scenario(4);
    fleet.start(1, two({ soakMs: 5 * MINUTE }));
    fleet.passAll();
    const [canary = ''] = fleet.in('passed');
    fleet.report(canary, { phase: 'progressing', steadyMs: 0 });
    return { fleet, canary };
  };

  it('does not end, for as long as that lasts', () => {
    const { fleet } = soaking();
    fleet.pass(24 * HOUR);
    expect(fleet.wave(0)).toMatchObject({ phase: 'soaking', unsteady: 1, counts: { failed: 0 } });
  });

  it('ends with the very report that says healthy, once its time is over', () => {
    const { fleet, canary } = soaking();
    fleet.pass(10 * MINUTE);
    fleet.report(canary, { steadyMs: 0 });
    expect(fleet.wave(0).phase).toBe('done');
    expect(fleet.wave(1).phase).toBe('progressing');
  });

  it('is not ended before its time by a report', () => {
    const { fleet, canary } = soaking();
    fleet.pass(MINUTE);
    fleet.report(canary, { steadyMs: 0 });
    expect(fleet.wave(0).phase).toBe('soaking');
  });
});
