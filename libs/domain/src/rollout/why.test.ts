import { describe, expect, it } from '@jest/globals';
import { Scenario, strategy, wave } from './testing/scenario.js';
import { explainRollout } from './why.js';
import { explainCluster } from './why-cluster.js';
import { deriveHolds } from './why-holds.js';

const ann = { actor: 'token:ann' } as const;
const one = (more: Parameters<typeof wave>[1] = {}) => strategy([wave('all', more)]);
const why = (fleet: Scenario) => explainRollout(fleet.rollout, fleet.shell.header, fleet.now);
const clusterWhy = (fleet: Scenario, uid: string, online = true) =>
  explainCluster(
    { application: 'web', row: fleet.row(uid), header: fleet.shell.header, online, seenAt: fleet.now },
    fleet.now,
  );

describe('why a rollout waits', () => {
  it('for the clusters in flight', () => {
    const fleet = new Scenario(3);
    fleet.start(1, one({ maxConcurrency: 1 }));
    expect(why(fleet).sentence).toBe(
      'Rollout web-1 of release 1 runs: 1 cluster of wave all is in flight, 1 may be at once',
    );
    expect(why(fleet).holds).toMatchObject([{ code: 'inFlight' }]);
    expect(why(fleet).can).toContain('flotilla rollout pause web');
  });

  it('for the soak, and when that ends', () => {
    const fleet = new Scenario(1);
    fleet.start(1, one({ soakMs: 300_000 }));
    fleet.passAll();
    fleet.pass(60_000);
    expect(why(fleet).sentence).toContain('wave all soaks for another 4m');
    expect(deriveHolds(fleet.shell.header, fleet.now)).toMatchObject([{ code: 'soak', clearsAt: fleet.now + 240_000 }]);
  });

  it('for a person, with the reason given', () => {
    const fleet = new Scenario(1);
    fleet.start(1, one());
    fleet.take({ type: 'pause', reason: 'lunch', ...ann });
    expect(why(fleet).sentence).toBe('Rollout web-1 of release 1 is paused: paused by token:ann: lunch');
    expect(why(fleet).can[0]).toBe('flotilla rollout resume web');
  });

  it('for a budget, with the figures and the ways out', () => {
    const fleet = new Scenario(2);
    fleet.start(1, one({ maxConcurrency: 1 }));
    const [bad = ''] = fleet.in('assigned');
    fleet.report(bad, { phase: 'failed', steadyMs: 0, message: 'pod p crashed 3 times' });
    expect(why(fleet).sentence).toBe('Rollout web-1 of release 1 is paused: 1 cluster failed in wave all, 0 may');
    expect(why(fleet).can).toEqual(
      expect.arrayContaining([
        'flotilla rollout retry web',
        'flotilla rollout resume web --accept',
        'flotilla rollout rollback web',
      ]),
    );
    expect(clusterWhy(fleet, bad)).toMatchObject({
      sentence: `web on ${bad}: failed (health): pod p crashed 3 times`,
      can: [`flotilla rollout retry web --cluster ${bad}`, expect.stringContaining('skip')],
    });
    const [waiting = ''] = fleet.in('pending');
    expect(clusterWhy(fleet, waiting).sentence).toContain('waits, because the rollout is paused');
  });
});

describe('how a rollout ended', () => {
  it('succeeded, superseded, rolled back, cancelled, with exceptions', () => {
    const fleet = new Scenario(2);
    fleet.start(1, one({ maxUnreachable: 1 }));
    fleet.start(2, one({ maxUnreachable: 1 }));
    expect(explainRollout(fleet.shell.archive.get('web-1')?.rollout ?? fleet.rollout, null, fleet.now)).toEqual({
      sentence: 'Rollout web-1 of release 1 was superseded by web-2',
      holds: [],
      evidence: expect.any(Array),
      can: [],
    });
    fleet.passAll();
    expect(why(fleet).sentence).toBe('Rollout web-2 of release 2 succeeded: 2 clusters passed');
    fleet.cutOff('c0');
    fleet.start(3, one({ maxUnreachable: 1 }));
    fleet.passAll();
    expect(why(fleet).sentence).toBe('Rollout web-3 of release 3 ended with exceptions: 1 cluster passed, 1 deferred');
    fleet.take({ type: 'rollback', ...ann });
    fleet.take({ type: 'cancel', ...ann });
    expect(why(fleet).sentence).toBe(
      'Rollback web-4 of release 3 was cancelled; release 3 is barred until a person lifts it',
    );
    expect(why(fleet).holds).toMatchObject([{ code: 'barred' }]);
  });
});

describe('what a cluster waits for', () => {
  it('tells each state in a sentence', () => {
    const fleet = new Scenario(3);
    fleet.start(1, strategy([wave('first', { take: 1 }), wave('rest')]));
    const [first = ''] = fleet.in('assigned');
    const [later = ''] = fleet.in('pending');
    expect(clusterWhy(fleet, first).sentence).toBe(`web on ${first}: release 1 is assigned and not acknowledged yet`);
    expect(clusterWhy(fleet, later).sentence).toBe(
      `web on ${later}: waits for wave rest to open; wave first is not done`,
    );
    fleet.report(first, { phase: 'progressing', steadyMs: 0 });
    expect(clusterWhy(fleet, first).sentence).toBe(
      `web on ${first}: release 1 is being applied and must be healthy for 30s`,
    );
    fleet.report(first);
    expect(clusterWhy(fleet, first).sentence).toBe(`web on ${first}: passed release 1`);
    expect(clusterWhy(fleet, first, false).holds).toMatchObject([{ code: 'offline' }]);
    expect(clusterWhy(fleet, first).evidence).toEqual([
      'Assigned: release 1, generation 1, acknowledged',
      'Last report: healthy at generation 1, 0s ago, healthy for 30s then',
      'Last release that it passed: 1',
    ]);
  });
});
