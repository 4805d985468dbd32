import { describe, expect, it } from '@jest/globals';
import type { Freeze } from './model.js';
import type { GateSpec, WindowSpec } from './strategy.js';
import { Scenario, START, strategy, wave } from './testing/scenario.js';
import { explainCluster, type ClusterPart } from './why-cluster.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ann = { actor: 'token:ann' } as const;
const why = (fleet: Scenario, uid: string, more: Partial<ClusterPart> = {}) => {
  const { header } = fleet.shell;
  return explainCluster(
    { application: 'web', row: fleet.row(uid), header, online: true, seenAt: fleet.now, ...more },
    fleet.now,
  );
};

describe('what a cluster waits for', () => {
  it('for its own window, by its own clock', () => {
    const night: WindowSpec = { cron: '0 2 * * *', durationMs: HOUR, timeZone: { label: 'zone' } };
    const fleet = new Scenario(1);
    const members = fleet.members(1, fleet.uids, () => ({ zone: 'Asia/Tokyo' }));
    fleet.start(1, strategy([wave('all', { windows: [night] })]), { members });
    expect(why(fleet, 'c0')).toMatchObject({
      sentence:
        'web on c0: waits: no window of wave all is open for it: it is 1970-01-01 09:16 Asia/Tokyo now, the next opens at 1970-01-02 02:00 Asia/Tokyo, in 16h43m',
      holds: [{ code: 'window', clearsAt: 17 * HOUR }],
      evidence: expect.arrayContaining([
        'Time zone of its windows: Asia/Tokyo, where it is 1970-01-01 09:16 Asia/Tokyo',
      ]),
    });
  });

  it('for the gate of its wave', () => {
    const go: GateSpec = { type: 'approval', name: 'go', approvers: 1 };
    const fleet = new Scenario(1);
    fleet.start(1, strategy([wave('all', { before: [go] })]));
    expect(why(fleet, 'c0').sentence).toBe('web on c0: waits: wave all waits for an approval');
    expect(why(fleet, 'c0').can).toContain('flotilla rollout approve web');
  });

  it('for the end of a freeze', () => {
    const freeze: Freeze = { by: 'token:ann', reason: 'holidays', since: START };
    const fleet = new Scenario(2);
    fleet.shell.freeze = freeze;
    fleet.start(1, strategy([wave('all')]));
    expect(why(fleet, 'c0', { freeze }).sentence).toContain('waits: the fleet is frozen by ann');
    expect(why(fleet, 'c0', { freeze }).can).toContain('flotilla unfreeze');
  });

  it('for the person who holds it, with the reason and the way out', () => {
    const fleet = new Scenario(2);
    fleet.shell.presence.set('c0', { online: true, seenAt: fleet.now, held: true });
    fleet.start(1, strategy([wave('all')]));
    const held = { by: 'token:dan', reason: 'disk swap', since: START };
    expect(fleet.row('c0')).toMatchObject({ state: 'deferred', reason: 'hold' });
    expect(why(fleet, 'c0', { held })).toMatchObject({
      sentence: 'web on c0: put off: dan holds c0: disk swap',
      holds: [{ code: 'clusterHold', since: START }],
      can: ['flotilla cluster unhold c0', 'flotilla rollout skip web --cluster c0 --reason WHY'],
    });
    fleet.take({ type: 'cancel', ...ann });
    expect(why(fleet, 'c0', { held }).can).toEqual(['flotilla cluster unhold c0']);
  });

  it('for its agent, which a hard pause stopped', () => {
    const fleet = new Scenario(1);
    fleet.start(1, strategy([wave('all')]));
    fleet.report('c0', { phase: 'progressing', steadyMs: 0 });
    fleet.take({ type: 'pause', hard: true, ...ann });
    expect(why(fleet, 'c0').sentence).toContain('paused hard: its agent stops before its next object');
  });

  it('tells a cluster that passed and is unsteady, or fails since, from one that is fine', () => {
    const fleet = new Scenario(1);
    fleet.start(1, strategy([wave('all', { soakMs: HOUR })]));
    fleet.passAll();
    fleet.report('c0', { phase: 'progressing', steadyMs: 0 });
    expect(why(fleet, 'c0').sentence).toBe("web on c0: passed release 1, but its agent's last word is progressing");
    fleet.report('c0', { phase: 'failed', steadyMs: 0, message: 'pod p crashed' });
    fleet.pass(10_000);
    expect(why(fleet, 'c0').sentence).toBe(
      'web on c0: passed release 1, but its agent has said failed for 10s: pod p crashed',
    );
  });

  it('says that it was not healthy before', () => {
    const fleet = new Scenario(1);
    fleet.start(1, strategy([wave('all')]));
    fleet.passAll();
    fleet.report('c0', { phase: 'failed', steadyMs: 0 });
    fleet.start(2, strategy([wave('all')]));
    expect(why(fleet, 'c0').evidence).toContain(
      'Not healthy before this rollout already: its agent said failed when it was planned',
    );
  });
});
