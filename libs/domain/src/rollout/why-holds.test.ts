import { describe, expect, it } from '@jest/globals';
import type { BundleDrop, Freeze } from './model.js';
import type { GateSpec, WindowSpec } from './strategy.js';
import { digest, Scenario, START, strategy, wave } from './testing/scenario.js';
import { explainRollout } from './why.js';
import { deriveHolds } from './why-holds.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const approval = (approvers: number): GateSpec => ({ type: 'approval', name: 'go', approvers });
const hook: GateSpec = { type: 'webhook', name: 'ci', url: 'https://ci.example/', intervalMs: MINUTE };
const metric: GateSpec = {
  type: 'metric',
  name: 'errors',
  url: 'https://prometheus.example/',
  query: 'up',
  successCondition: 'value < 1',
  intervalMs: MINUTE,
  count: 3,
  failureLimit: 0,
};
const gated = (gate: GateSpec) => strategy([wave('canary', { take: 1 }), wave('prod', { before: [gate] })]);
const waiting = (gate: GateSpec) => {
  const fleet = new Scenario(3);
  fleet.start(1, gated(gate));
  fleet.passAll();
  return fleet;
};
const why = (fleet: Scenario, freeze?: Freeze) => explainRollout(fleet.rollout, fleet.shell.header, fleet.now, freeze);
const answer = { type: 'gateAnswer', rollout: 'web-1', wave: 1, when: 'before' } as const;

describe('why a rollout waits at a gate', () => {
  it('for so many approvals, and whose were given', () => {
    const fleet = waiting(approval(2));
    expect(why(fleet).sentence).toBe('Rollout web-1 of release 1 waits: wave prod waits for 2 approvals');
    expect(why(fleet).can).toEqual(
      expect.arrayContaining(['flotilla rollout approve web', 'flotilla rollout reject web --reason WHY']),
    );
    fleet.take({ type: 'approve', actor: 'token:bob' });
    fleet.pass(3 * MINUTE);
    expect(why(fleet).sentence).toBe(
      'Rollout web-1 of release 1 waits: wave prod waits for 1 more approval of 2: bob approved 3m ago',
    );
    expect(why(fleet).holds).toMatchObject([{ code: 'approval', since: START }]);
    expect(why(fleet).evidence).toContain('Gate approval go, before wave prod: waiting, 1 of 2 approvals (bob 3m ago)');
  });

  it('with an approval of an earlier plan, which counts no more', () => {
    const fleet = waiting(approval(2));
    fleet.take({ type: 'approve', actor: 'token:bob' });
    const waves = fleet.rollout.waves.map((each) => ({ ...each, digest: 'another' }));
    fleet.shell.header = { ...fleet.shell.header, rollout: { ...fleet.rollout, waves } };
    expect(why(fleet).sentence).toContain('2 approvals: bob approved an earlier plan, which counts no more');
  });

  it('for its schedule, and when that opens', () => {
    const fleet = waiting({
      type: 'schedule',
      name: 'night',
      windows: [{ cron: '0 2 * * *', durationMs: HOUR, timeZone: 'Europe/Berlin' }],
    });
    expect(why(fleet).sentence).toBe(
      'Rollout web-1 of release 1 waits: wave prod waits for its schedule night: it opens at 1970-01-01 02:00 Europe/Berlin, in 43m20s',
    );
    expect(why(fleet).holds).toMatchObject([{ code: 'schedule', clearsAt: HOUR }]);
    expect(why(fleet).can).toContain('flotilla rollout promote web');
  });

  it('for a webhook: what it said, and when it is asked again', () => {
    const fleet = waiting(hook);
    expect(why(fleet).sentence).toContain('waits for webhook ci: it has not answered yet; it is asked again in 1m');
    fleet.take({ ...answer, gate: 'ci', outcome: 'failure', message: 'HTTP 503' });
    fleet.pass(20_000);
    expect(why(fleet).sentence).toContain(
      'wave prod waits for webhook ci: it said 20s ago: HTTP 503; it is asked again in 40s',
    );
    expect(why(fleet).can).toContain('flotilla rollout skip web --wave prod --reason WHY');
  });

  it('for a metric: its samples, what it said, and when it is asked again', () => {
    const fleet = waiting(metric);
    fleet.take({ ...answer, gate: 'errors', outcome: 'success', message: 'value 0' });
    expect(why(fleet).sentence).toContain(
      'wave prod waits for metric errors: 1 of 3 good samples, 0 bad of 0 that may be; it said 0s ago: value 0; it is asked again in 1m',
    );
    expect(why(fleet).holds).toMatchObject([{ code: 'metric' }]);
  });

  it('that said no: it is paused, with the words and the ways out', () => {
    const fleet = waiting(metric);
    fleet.take({ ...answer, gate: 'errors', outcome: 'failure', message: 'value 7' });
    expect(why(fleet).sentence).toBe(
      'Rollout web-1 of release 1 is paused: metric errors of wave prod said no: value 7',
    );
    expect(why(fleet).can).toEqual([
      'flotilla rollout resume web',
      'flotilla rollout skip web --wave prod --reason WHY',
      'flotilla rollout rollback web',
      'flotilla rollout cancel web',
    ]);
    expect(why(fleet).evidence).toContain(
      'Gate metric errors, before wave prod: refused, 0 good and 1 bad samples, last: value 7 (0s ago)',
    );
  });

  it('after its wave passed, before that is done', () => {
    const fleet = new Scenario(2);
    fleet.start(1, strategy([wave('canary', { take: 1, after: [approval(1)] }), wave('prod')]));
    fleet.passAll();
    expect(why(fleet).sentence).toBe('Rollout web-1 of release 1 waits: wave canary waits to be done for an approval');
  });

  it('while somebody of the wave before is tried again: that, besides the gate', () => {
    const fleet = waiting(approval(1));
    const [canary, prod] = fleet.rollout.waves;
    if (canary === undefined || prod === undefined) throw new Error('two waves are planned');
    const counts = { ...canary.counts, passed: 0, assigned: 1 };
    const retried = { ...fleet.rollout, waves: [{ ...canary, counts }, prod] };
    fleet.shell.header = { ...fleet.shell.header, rollout: retried };
    expect(why(fleet).holds.map(({ message }) => message)).toEqual([
      'wave prod waits for an approval',
      'wave prod opens once wave canary is quiet again: 1 cluster of it is under way',
    ]);
  });

  it('that is not its turn yet is only told of', () => {
    const fleet = new Scenario(3);
    fleet.start(1, gated(approval(1)));
    expect(why(fleet).holds).toMatchObject([{ code: 'inFlight' }]);
    expect(why(fleet).evidence).toContain('Gate approval go, before wave prod: not its turn yet, 0 of 1 approvals');
  });
});

describe('why a rollout waits for its time', () => {
  const freeze: Freeze = { by: 'token:ann', reason: 'holidays', since: START };
  const night: WindowSpec = { cron: '0 2 * * *', durationMs: HOUR, timeZone: { label: 'zone' } };
  const zoned = (zones: readonly string[], maxConcurrency = 10) => {
    const fleet = new Scenario(zones.length);
    const members = fleet.members(1, fleet.uids, (uid) => ({ zone: zones[Number(uid.slice(1))] ?? '' }));
    fleet.start(1, strategy([wave('all', { windows: [night], maxConcurrency })]), { members });
    return fleet;
  };

  it('for the end of a freeze: whose, why, until when', () => {
    const fleet = new Scenario(2);
    fleet.shell.freeze = freeze;
    fleet.start(1, strategy([wave('all')]));
    expect(why(fleet, freeze).sentence).toBe(
      'Rollout web-1 of release 1 waits: the fleet is frozen by ann until somebody unfreezes it: holidays',
    );
    expect(why(fleet, freeze).can).toContain('flotilla unfreeze');
    const until = { ...freeze, until: START + HOUR };
    expect(deriveHolds(fleet.shell.header, fleet.now, until)).toMatchObject([
      { code: 'freeze', clearsAt: START + HOUR, message: 'the fleet is frozen by ann for another 1h: holidays' },
    ]);
    expect(deriveHolds(fleet.shell.header, START + HOUR, until)).toEqual([]);
  });

  it('never in a rollback', () => {
    const fleet = new Scenario(2);
    fleet.start(1, strategy([wave('all')]));
    fleet.take({ type: 'rollback', withoutPrevious: 'withdraw', actor: 'token:ann' });
    expect(why(fleet, freeze).holds.map(({ code }) => code)).not.toContain('freeze');
  });

  it('for a window, where and when the next opens', () => {
    const fleet = zoned(['Europe/Berlin', 'Asia/Tokyo']);
    expect(why(fleet).sentence).toBe(
      'Rollout web-1 of release 1 waits: 2 clusters of wave all wait for a window: none is open in the time zones of those that are left; the next opens at 1970-01-01 02:00 Europe/Berlin, in 43m20s',
    );
    expect(why(fleet).holds).toMatchObject([{ code: 'window', clearsAt: HOUR }]);
    expect(zoned(['Asia/Tokyo']).shell.header.wakeAt).toBe(17 * HOUR);
    expect(why(zoned(['Asia/Tokyo'])).sentence).toContain(
      '1 cluster of wave all waits for a window: none is open in Asia/Tokyo',
    );
  });

  it('not while one is open for somebody who is left', () => {
    const fleet = zoned(['Europe/Berlin', 'Europe/Berlin', 'Asia/Tokyo'], 1);
    fleet.pass(HOUR - fleet.now);
    expect(why(fleet).holds.map(({ code }) => code)).toEqual(['inFlight']);
    expect(why(fleet).evidence).toContain(
      'Windows of wave all are open in 1 of 2 time zones; of the others the next opens at 1970-01-02 02:00 Asia/Tokyo',
    );
    fleet.passAll();
    expect(why(fleet).sentence).toContain('the next opens at 1970-01-02 02:00 Asia/Tokyo');
  });
});

describe('why a soak that is over does not end', () => {
  it('for clusters whose last word is progressing, with the exits', () => {
    const fleet = new Scenario(2);
    fleet.start(1, strategy([wave('canary', { take: 1, soakMs: MINUTE }), wave('prod')]));
    fleet.passAll();
    const [canary = ''] = fleet.in('passed');
    fleet.report(canary, { phase: 'progressing', steadyMs: 0 });
    fleet.pass(10 * MINUTE);
    expect(why(fleet).sentence).toBe(
      'Rollout web-1 of release 1 runs: wave canary has soaked and waits for 1 cluster that passed and whose last word is progressing: healthy again, or promoted as it is',
    );
    expect(why(fleet).can).toEqual(
      expect.arrayContaining(['flotilla rollout promote web', 'flotilla rollout skip web --wave canary --reason WHY']),
    );
    fleet.report(canary, { phase: 'failed', steadyMs: 0 });
    expect(why(fleet).sentence).toContain('1 cluster whose agent says failed, not yet for long enough to count');
  });
});

describe('why a rollout does not begin', () => {
  it('for what it deletes, with the objects', () => {
    const fleet = new Scenario(1);
    fleet.start(1, strategy([wave('all')]));
    fleet.passAll();
    const objects = Array.from({ length: 8 }, (_, index) => `ConfigMap shop/c${index}`);
    const drop: BundleDrop = { from: digest(1), to: digest(2), dropped: 8, of: 10, objects };
    fleet.start(2, strategy([wave('all')]), { drops: [drop] });
    expect(fleet.holds).toEqual(['deletions']);
    expect(why(fleet).sentence).toContain('is paused');
    expect(why(fleet).evidence[0]).toBe(
      'It drops 8 of 10 objects (bundle o-1000000000 -> o-2000000000): ConfigMap shop/c0, ConfigMap shop/c1, ConfigMap shop/c2, ConfigMap shop/c3, ConfigMap shop/c4 and 3 more',
    );
    expect(why(fleet).can[0]).toBe('flotilla rollout resume web --accept');
  });

  it('for a hard pause: agents stop before their next object', () => {
    const fleet = new Scenario(1);
    fleet.start(1, strategy([wave('all')]));
    fleet.take({ type: 'pause', hard: true, reason: 'smoke', actor: 'token:ann' });
    expect(why(fleet).sentence).toMatch(/is paused: .*smoke.*its agents stop before their next object$/);
  });
});
