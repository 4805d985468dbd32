import { describe, expect, it } from '@jest/globals';
import { step } from './step.js';
import type { Member, RolloutEvent } from './model.js';
import { planRollout, type PlanRequest, type RolloutPlan } from './plan.js';
import type { GateSpec } from './strategy.js';
import { digest, Scenario, strategy, wave } from './testing/scenario.js';

const approval: GateSpec = { type: 'approval', name: 'go', approvers: 1 };
const night = { cron: '0 2 * * *', durationMs: 3_600_000, timeZone: { label: 'zone' } } as const;

const planOf = (fleet: Scenario, request: Partial<PlanRequest> = {}): RolloutPlan =>
  planRollout(
    fleet.shell.header,
    fleet.shell.load({ all: true }),
    { kind: 'forward', release: 2, strategy: strategy([wave('all')]), members: fleet.members(2), ...request },
    fleet.now,
  );
const settled = (clusters: number) => {
  const fleet = new Scenario(clusters);
  fleet.start(1, strategy([wave('all')]));
  fleet.passAll();
  return fleet;
};
const changed = (members: readonly Member[], uid: string, more: Partial<Member>): Member[] =>
  members.map((member) => (member.uid === uid ? { ...member, ...more } : member));
const clusters = (plan: RolloutPlan) => plan.waves.flatMap((each) => each.clusters);

describe('a plan', () => {
  it('shows who goes in which wave with what, and what it would go back to', () => {
    const fleet = settled(3);
    const plan = planOf(fleet, { strategy: strategy([wave('first', { take: 1 }), wave('rest')]) });
    expect(plan).toMatchObject({ application: 'web', release: 2, kind: 'forward', total: 3 });
    expect(plan.waves.map(({ name, total, clusters: inWave }) => [name, total, inWave.length])).toEqual([
      ['first', 1, 1],
      ['rest', 2, 2],
    ]);
    expect(clusters(plan).find(({ uid }) => uid === 'c0')).toEqual({
      ...{ uid: 'c0', name: 'c0', overlay: 'o', digest: digest(2), change: 'changed' },
      previous: { release: 1, overlay: 'o', digest: digest(1) },
    });
  });

  it('is plain JSON, and changes nothing', () => {
    const fleet = settled(3);
    const { header } = fleet.shell;
    const plan = planOf(fleet, { drops: [] });
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    expect(fleet.shell.header).toBe(header);
  });

  it('tells new clusters, changed ones and those that have these very bytes on these terms', () => {
    const fleet = settled(3);
    const same = changed(fleet.members(2, ['c0', 'c1', 'c2', 'c9']), 'c1', { digest: digest(1) });
    const members = changed(same, 'c2', { digest: digest(1), terms: 'other' });
    expect(Object.fromEntries(clusters(planOf(fleet, { members })).map(({ uid, change }) => [uid, change]))).toEqual({
      c0: 'changed',
      c1: 'unchanged',
      c2: 'changed',
      c9: 'new',
    });
  });

  it('tells who is offline, who is held, and who was not healthy before', () => {
    const fleet = settled(3);
    fleet.cutOff('c0');
    fleet.hold('c1');
    fleet.report('c2', { phase: 'failed', steadyMs: 0 });
    const plan = planOf(fleet, {
      members: [...fleet.members(2), ...changed(fleet.members(2, ['c9']), 'c9', { online: false })],
    });
    expect(Object.fromEntries(clusters(plan).map((each) => [each.uid, each.status ?? each.healthBefore]))).toEqual({
      c0: 'offline',
      c1: 'held',
      c2: 'failed',
      c9: 'offline',
    });
    expect(plan.warnings).toEqual(
      expect.arrayContaining(['not healthy before: c2', 'held by a person, and put off when their turn comes: c1']),
    );
  });

  it('lists the distinct bundles, the most used first, with who shares each', () => {
    const fleet = new Scenario(3);
    const members = changed(fleet.members(2), 'c1', { overlay: 'p', digest: digest(2, 'p') });
    expect(planOf(fleet, { members }).bundles).toEqual([
      { digest: digest(2), overlays: ['o'], clusters: 2, names: ['c0', 'c2'], waves: ['all'] },
      { digest: digest(2, 'p'), overlays: ['p'], clusters: 1, names: ['c1'], waves: ['all'] },
    ]);
  });

  it('warns of a bundle that no earlier wave tests, unless the cluster has it already', () => {
    const fleet = settled(3);
    const spec = strategy([wave('dev', { selector: { matchLabels: { env: 'dev' } } }), wave('prod')]);
    const members = changed(fleet.members(2), 'c0', { labels: { env: 'dev' } });
    expect(planOf(fleet, { strategy: spec, members }).warnings).toEqual([]);
    const others = changed(members, 'c1', { overlay: 'p', digest: digest(2, 'p') });
    expect(planOf(fleet, { strategy: spec, members: others }).warnings).toEqual([
      `no earlier wave tests this bundle of wave prod: ${digest(2, 'p').slice(0, 12)} (overlay p: c1)`,
    ]);
    const same = changed(members, 'c1', { digest: digest(1) });
    expect(planOf(fleet, { strategy: spec, members: same }).warnings).toEqual([]);
  });

  it('takes the first wave that has clusters for the first', () => {
    const fleet = new Scenario(2);
    const spec = strategy([wave('none', { selector: { matchLabels: { env: 'dev' } } }), wave('rest')]);
    expect(planOf(fleet, { strategy: spec }).warnings).toEqual([
      'wave none has no cluster: its selector matches no cluster that an earlier wave left',
    ]);
  });

  it('snapshots time zones where a wave has windows, and says whose label is missing or wrong', () => {
    const fleet = new Scenario(3);
    const zones: Record<string, Record<string, string>> = { c0: { zone: 'Europe/Berlin' }, c1: { zone: 'Mars/Base' } };
    const members = fleet.members(2, fleet.uids, (uid) => zones[uid] ?? {});
    const plan = planOf(fleet, { strategy: strategy([wave('all', { windows: [night] })]), members });
    expect(plan.waves[0]?.zones).toEqual(['Europe/Berlin', 'UTC']);
    expect(
      clusters(plan)
        .map(({ uid, zone }) => [uid, zone])
        .sort(),
    ).toEqual([
      ['c0', 'Europe/Berlin'],
      ['c1', 'UTC'],
      ['c2', 'UTC'],
    ]);
    expect(plan.warnings).toHaveLength(2);
    expect(plan.warnings.join()).toContain('c2 are taken in UTC: no label zone');
  });

  it('counts the drops of each cluster from what it has now', () => {
    const fleet = settled(3);
    const members = changed(fleet.members(2), 'c2', { digest: digest(1) });
    const pair = { from: digest(1), to: digest(2), dropped: 2, of: 40, objects: ['ConfigMap shop/a', 'Secret shop/b'] };
    const plan = planOf(fleet, { members, drops: [pair, { ...pair, from: 'another' }] });
    expect(plan.drops).toEqual([{ ...pair, budget: 4, clusters: 2, names: ['c0', 'c1'] }]);
    expect(plan.excessive).toEqual([]);
    expect(plan.holds).toEqual([]);
    expect(clusters(plan).filter(({ dropped }) => dropped === 2)).toHaveLength(2);
  });

  it('shows the holds that it would start with', () => {
    const fleet = settled(1);
    const drops = [{ from: digest(1), to: digest(2), dropped: 5, of: 40, objects: [] }];
    expect(planOf(fleet, { drops }).holds.map(({ code }) => code)).toEqual(['deletions']);
    fleet.start(3, strategy([wave('all')]));
    fleet.take({ type: 'pause', actor: 'token:ann' });
    expect(planOf(fleet).holds.map(({ code }) => code)).toEqual(['user']);
    // Behind a rollback it waits, and inherits nothing.
    fleet.take({ type: 'rollback', actor: 'token:ann' });
    fleet.take({ type: 'pause', actor: 'token:ann' });
    expect(planOf(fleet).holds).toEqual([]);
  });
});

describe("a plan's digest", () => {
  const fleet = new Scenario(4);
  const spec = strategy([wave('first', { take: 1 }), wave('rest')]);
  const base = planOf(fleet, { strategy: spec });
  const rest = wave('rest');

  it('is the same whatever the order of the clusters, and whoever is there', () => {
    fleet.cutOff('c0');
    expect(planOf(fleet, { strategy: spec, members: fleet.members(2).reverse() }).digest).toBe(base.digest);
  });

  it.each<[string, Partial<PlanRequest>]>([
    ['the release', { release: 3 }],
    ['a bundle', { members: changed(fleet.members(2), 'c1', { digest: digest(9) }) }],
    ['an overlay', { members: changed(fleet.members(2), 'c1', { overlay: 'p' }) }],
    ['a cluster more', { members: fleet.members(2, [...fleet.uids, 'c9']) }],
    ['another registration', { members: changed(fleet.members(2), 'c1', { uid: 'new' }) }],
    ['a budget', { strategy: strategy([wave('first', { take: 1 }), { ...rest, maxFailures: 1 }]) }],
    ['a duration', { strategy: strategy([wave('first', { take: 1 }), { ...rest, soakMs: 1 }]) }],
    ['a gate', { strategy: strategy([wave('first', { take: 1 }), { ...rest, before: [approval] }]) }],
    ['a window', { strategy: strategy([wave('first', { take: 1 }), { ...rest, windows: [night] }]) }],
    ["a wave's name", { strategy: strategy([wave('first', { take: 1 }), { ...rest, name: 'others' }]) }],
  ])('changes with %s', (_name, request) => {
    expect(planOf(fleet, { strategy: spec, ...request }).digest).not.toBe(base.digest);
  });

  it('of a wave changes with its own clusters only', () => {
    const moved = planOf(fleet, {
      strategy: spec,
      members: changed(fleet.members(2), base.waves[1]?.clusters[0]?.uid ?? '', { digest: digest(9) }),
    });
    expect(moved.waves[0]?.digest).toBe(base.waves[0]?.digest);
    expect(moved.waves[1]?.digest).not.toBe(base.waves[1]?.digest);
  });
});

describe('what is shown is what is done', () => {
  it('a start takes over waves, digests, gates, zones and warnings from the plan', () => {
    const fleet = settled(4);
    const spec = strategy([wave('first', { take: 1 }), wave('rest', { before: [approval], windows: [night] })]);
    const plan = planOf(fleet, { strategy: spec });
    fleet.start(2, spec, { plan: plan.digest });
    expect(fleet.rollout).toMatchObject({ planDigest: plan.digest, warnings: plan.warnings });
    plan.waves.forEach(({ clusters: planned, ...each }, index) => {
      expect(fleet.wave(index)).toMatchObject({
        digest: each.digest,
        total: each.total,
        ...(each.gates && { gates: each.gates }),
      });
      planned.forEach(({ uid, previous, zone }, position) => {
        expect(fleet.row(uid)).toMatchObject({ wave: index, position, previous, ...(zone && { zone }) });
      });
    });
  });
});

/** Processor time: others may keep the machine busy. */

describe('10,000 clusters', () => {
  const count = 10_000;
  const fleet = new Scenario(0);
  const members = Array.from({ length: count }, (_, index): Member => {
    const overlay = `overlays/${index % 40}`;
    return {
      uid: `uid-${index}`,
      name: `c${index}`,
      labels: { region: `r${index % 7}` },
      facts: {},
      overlay,
      digest: digest(2, overlay),
    };
  });
  const spec = strategy([
    wave('one', { take: 1 }),
    wave('few', { take: '5%', before: [approval] }),
    wave('r1', { selector: { matchLabels: { region: 'r1' } } }),
    wave('rest'),
  ]);

  it('are started as they were planned', () => {
    const request = { kind: 'forward', release: 2, strategy: spec, members } as const;
    const plan = planRollout(fleet.shell.header, [], request, 0);
    const event: RolloutEvent = { type: 'start', ...request, automatic: false, actor: 'token:ann', plan: plan.digest };
    const decision = step(fleet.shell.header, [], event, 0);
    expect(decision.rows).toHaveLength(count);
  });
});
