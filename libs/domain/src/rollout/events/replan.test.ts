import { describe, expect, it } from '@jest/globals';
import type { Member, RolloutEvent } from '../model.js';
import type { GateSpec, StrategySpec } from '../strategy.js';
import { digest, Scenario, strategy, wave } from '../testing/scenario.js';

const ann = { actor: 'token:ann' } as const;
const bob = { actor: 'token:bob' } as const;
const ack = { phase: 'progressing', steadyMs: 0 } as const;
const approval: GateSpec = { type: 'approval', name: 'go', approvers: 1 };
const night = { cron: '0 2 * * *', durationMs: 3_600_000, timeZone: { label: 'zone' } } as const;

type Labels = Record<string, Record<string, string>>;
const byTier = (more: Parameters<typeof wave>[1] = {}) => [
  wave('dev', { selector: { matchLabels: { tier: 'dev' } } }),
  wave('mid', { selector: { matchLabels: { tier: 'mid' } } }),
  wave('prod', more),
];
const tiers = (text: string): Labels =>
  Object.fromEntries(
    [...text].map((tier, index) => [`c${index}`, { tier: { d: 'dev', m: 'mid', p: 'prod' }[tier] ?? '' }]),
  );
const members = (fleet: Scenario, labels: Labels, more: Partial<Member> = {}): Member[] =>
  fleet.members(2, fleet.uids, (uid) => labels[uid] ?? {}).map((member) => ({ ...member, ...more }));
const event = (
  fleet: Scenario,
  spec: StrategySpec,
  labels: Labels,
  more: Partial<Member> = {},
): Extract<RolloutEvent, { type: 'replan' }> => ({
  type: 'replan',
  strategy: spec,
  members: members(fleet, labels, more),
  ...ann,
});
/** Release 2 on its way: wave dev is open. Letters are tiers of c0, c1, … */
const started = (text: string, waves = byTier(), more: Partial<StrategySpec> = {}) => {
  const fleet = new Scenario(text.length);
  fleet.start(1, strategy([wave('all')]));
  fleet.passAll();
  fleet.start(2, strategy(waves, more), { members: members(fleet, tiers(text)) });
  return fleet;
};
const waves = (fleet: Scenario) => fleet.uids.map((uid) => fleet.row(uid).wave);

describe('rule 15: labels change and nothing moves; replan moves only pending targets', () => {
  it('into waves from the open one on, and whoever is assigned stays', () => {
    const fleet = started('ddmmpp');
    expect(waves(fleet)).toEqual([0, 0, 1, 1, 2, 2]);
    fleet.take(event(fleet, strategy(byTier()), tiers('pdpdmd')));
    // c0 is assigned; c2 goes to prod, c3 and c5 to the open wave, c4 to mid.
    expect(waves(fleet)).toEqual([0, 0, 2, 0, 1, 0]);
    expect(fleet.rollout.waves.map(({ total }) => total)).toEqual([4, 1, 1]);
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('whose new wave is over goes to the open one', () => {
    const fleet = started('dmmpp', byTier({ maxConcurrency: 1 }));
    for (const uid of fleet.in('assigned', 0)) fleet.report(uid);
    expect(fleet.rollout.wave).toBe(1);
    fleet.take(event(fleet, strategy(byTier({ maxConcurrency: 1 })), tiers('dmmdp')));
    expect(waves(fleet)).toEqual([0, 1, 1, 1, 2]);
    expect(fleet.wave(0)).toMatchObject({ phase: 'done', total: 1 });
    expect(
      new Set(fleet.uids.filter((uid) => fleet.row(uid).wave === 1).map((uid) => fleet.row(uid).position)).size,
    ).toBe(3);
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('and follows the overlay of now, of the same release, for those alone', () => {
    const fleet = started('dp');
    fleet.take(event(fleet, strategy(byTier()), tiers('dp'), { overlay: 'q', digest: digest(2, 'q') }));
    expect(fleet.row('c0').desired).toEqual({ release: 2, overlay: 'o', digest: digest(2) });
    expect(fleet.row('c1').desired).toEqual({ release: 2, overlay: 'q', digest: digest(2, 'q') });
    expect(fleet.rollout.warnings.at(-1)).toContain('no earlier wave tests this bundle of wave prod');
    fleet.passAll();
    expect(fleet.row('c1').assignment).toMatchObject({ overlay: 'q', digest: digest(2, 'q') });
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('lets newcomers wait for the baseline, and does not miss those that left the list', () => {
    const fleet = started('dmp');
    const all = members(fleet, tiers('dmp'));
    fleet.take({
      type: 'replan',
      strategy: strategy(byTier()),
      members: [...all.filter(({ uid }) => uid !== 'c1'), ...fleet.members(2, ['c9'])],
      ...ann,
    });
    expect(fleet.shell.rows.has('c9')).toBe(false);
    expect(waves(fleet)).toEqual([0, 1, 2]);
    expect(
      fleet.take({ type: 'replan', strategy: strategy(byTier()), members: fleet.members(2, ['c9']), ...ann }).refused
        ?.code,
    ).toBe('no-members');
  });

  it('carries whoever is in flight on an earlier release along, with its time', () => {
    const fleet = started('ddp');
    fleet.report('c0', ack);
    fleet.start(3, strategy(byTier()), { members: members(fleet, tiers('mdp')) });
    const before = fleet.row('c0');
    expect(before).toMatchObject({ state: 'pending', carried: true, wave: 1 });
    fleet.take(event(fleet, strategy(byTier()), tiers('pdp')));
    expect(fleet.row('c0')).toMatchObject({ carried: true, requeued: true, wave: 2, dueAt: before.dueAt });
    expect(fleet.rollout.waves.map(({ carried }) => carried)).toEqual([0, 0, 1]);
    fleet.report('c0', { phase: 'failed', steadyMs: 0 });
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('leaves who was tried before in its wave', () => {
    const fleet = started('dmp');
    fleet.report('c0', { phase: 'failed', steadyMs: 0, cause: 'health' });
    fleet.take({ type: 'pause', ...ann });
    fleet.take({ type: 'retry', ...ann });
    expect(fleet.row('c0')).toMatchObject({ state: 'pending', requeued: true });
    fleet.take(event(fleet, strategy(byTier()), tiers('pmp')));
    expect(waves(fleet)).toEqual([0, 1, 2]);
  });
});

describe('a replan', () => {
  it('resolves the budgets of waves that are not over anew, and takes over the rest of the strategy', () => {
    const fleet = started('dmpppp');
    for (const uid of fleet.in('assigned', 0)) fleet.report(uid);
    const first = fleet.wave(0);
    const spec = strategy(
      byTier({ maxConcurrency: '50%', maxFailures: 2, soakMs: 5000 }).map((each) => ({
        ...each,
        ackTimeoutMs: 77_000,
      })),
      { onFailure: 'rollback', maxDeletions: 9, rollback: { maxConcurrency: 3 }, supersede: 'queue' },
    );
    const { planDigest } = fleet.rollout;
    fleet.take(event(fleet, spec, tiers('dmpppp')));
    expect(fleet.wave(0)).toEqual(first);
    expect(fleet.wave(2)).toMatchObject({ maxConcurrency: 2, maxFailures: 2, soakMs: 5000, ackTimeoutMs: 77_000 });
    expect(fleet.rollout.strategy).toEqual(spec);
    expect(fleet.rollout.planDigest).not.toBe(planDigest);
  });

  it('is refused where waves up to the open one are others, and works for those after it', () => {
    const fleet = started('dmp');
    const renamed = [{ ...byTier()[0], name: 'first' }, ...byTier().slice(1)] as StrategySpec['waves'];
    expect(fleet.take(event(fleet, strategy(renamed), tiers('dmp'))).refused).toMatchObject({ code: 'waves-changed' });
    const [dev, mid, prod] = byTier() as [StrategySpec['waves'][0], StrategySpec['waves'][0], StrategySpec['waves'][0]];
    fleet.take(event(fleet, strategy([dev, { ...prod, name: 'rest' }]), tiers('dmp')));
    expect(waves(fleet)).toEqual([0, 1, 1]);
    fleet.take(event(fleet, strategy([dev, mid, { ...prod, name: 'rest' }, wave('none')]), tiers('dmp')));
    expect(waves(fleet)).toEqual([0, 1, 2]);
    fleet.passAll();
    expect(fleet.rollout.waves.map(({ phase }) => phase)).toEqual(['done', 'done', 'done', 'skipped']);
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('sends a skipped cluster of a wave that is gone to the last', () => {
    const fleet = started('dmp');
    fleet.take({ type: 'skip', clusters: ['c1'], reason: 'old', ...ann });
    const [dev] = byTier();
    fleet.take(event(fleet, strategy(dev ? [dev, wave('a'), wave('b')] : []), tiers('dmp')));
    expect(fleet.row('c1')).toMatchObject({ state: 'skipped', wave: 2 });
    fleet.passAll();
    expect(fleet.rollout.waves.map(({ phase }) => phase)).toEqual(['done', 'done', 'skipped']);
  });

  it('takes a wave that was given up seriously again where it sends somebody there', () => {
    const fleet = started('dmp', byTier({ soakMs: 60_000 }));
    fleet.take({ type: 'skip', wave: 'prod', reason: 'later', ...ann });
    fleet.take(event(fleet, strategy(byTier({ soakMs: 60_000 })), tiers('dpp')));
    expect(fleet.wave(2).givenUp).toBeUndefined();
    fleet.passAll();
    expect(fleet.wave(2)).toMatchObject({ phase: 'soaking', counts: { passed: 1, skipped: 1 } });
  });

  it('has whoever comes to a soaking wave pass first, and all of it soak again', () => {
    const soaking = byTier().map((each) => ({ ...each, soakMs: 60_000 }));
    const fleet = started('dmp', soaking);
    fleet.report('c0');
    expect(fleet.wave(0).phase).toBe('soaking');
    fleet.take(event(fleet, strategy(soaking), tiers('ddp')));
    expect(fleet.wave(0).phase).toBe('progressing');
    expect(fleet.in('assigned', 0)).toEqual(['c1']);
    fleet.report('c1');
    expect(fleet.wave(0)).toMatchObject({ phase: 'soaking', total: 2 });
    fleet.pass(60_000);
    expect(fleet.wave(1).phase).toBe('skipped');
    expect(fleet.in('assigned', 2)).toEqual(['c2']);
  });

  it('leaves a held cluster put off, and a paused rollout paused', () => {
    const fleet = started('ddp');
    fleet.hold('c0');
    fleet.take({ type: 'pause', hard: true, ...ann });
    fleet.take(event(fleet, strategy(byTier()), tiers('mdm')));
    expect(waves(fleet)).toEqual([0, 0, 1]);
    expect(fleet.row('c0')).toMatchObject({ state: 'deferred', reason: 'hold' });
    expect(fleet.row('c1').halted).toBe(true);
    expect(fleet.rollout).toMatchObject({ hard: true, holds: [{ code: 'user' }] });
    fleet.unhold('c0');
    fleet.take({ type: 'resume', ...ann });
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('with nothing new in it changes nothing', () => {
    const fleet = started('dmp');
    const { header } = fleet.shell;
    fleet.take(event(fleet, strategy(byTier()), tiers('dmp')));
    expect(fleet.shell.header).toBe(header);
  });

  it('is refused for rollbacks, catch-ups, and what has ended or is all but over', () => {
    const fleet = started('dmp');
    const again = event(fleet, strategy(byTier()), tiers('dmp'));
    fleet.take({ type: 'rollback', ...ann });
    expect(fleet.take(again).refused?.code).toBe('not-forward');
    fleet.take({ type: 'cancel', ...ann });
    expect(fleet.take(again).refused?.code).toBe('not-running');
  });

  it('lets go of a hold whose budget is wider now', () => {
    const fleet = started('ddp');
    fleet.report('c0', { phase: 'failed', steadyMs: 0, cause: 'health' });
    expect(fleet.holds).toEqual(['failures']);
    const spec = strategy(byTier().map((each) => ({ ...each, maxFailures: 1 })));
    fleet.take(event(fleet, spec, tiers('ddp')));
    expect(fleet.holds).toEqual([]);
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeededWithExceptions');
  });

  it('forgets drops that the new budget lets go, and keeps the others', () => {
    const drop = { from: digest(1), to: digest(2), dropped: 12, of: 40, objects: [] };
    const fleet = new Scenario(1);
    fleet.start(1, strategy([wave('all')]));
    fleet.passAll();
    fleet.start(2, strategy([wave('all')]), { drops: [drop] });
    fleet.take(event(fleet, strategy([wave('all')], { maxDeletions: 11 }), {}));
    expect(fleet.rollout.drops).toEqual([drop]);
    fleet.take(event(fleet, strategy([wave('all')], { maxDeletions: 12 }), {}));
    expect(fleet.rollout.drops).toBeUndefined();
    expect(fleet.take({ type: 'resume', ...ann }).refused).toBeUndefined();
    expect(fleet.row('c0').assignment?.release).toBe(2);
  });

  it('snapshots the time zones of now', () => {
    const windowed = byTier({ windows: [night] });
    const fleet = started('dp', windowed);
    expect(fleet.row('c1').zone).toBe('UTC');
    const labels = { ...tiers('dp'), c1: { tier: 'prod', zone: 'Asia/Tokyo' } };
    fleet.take(event(fleet, strategy(windowed), labels));
    expect(fleet.row('c1').zone).toBe('Asia/Tokyo');
    expect(fleet.wave(2).zones).toEqual(['Asia/Tokyo']);
    expect(fleet.rollout.warnings).toEqual([expect.stringContaining('wave mid has no cluster')]);
    fleet.take(event(fleet, strategy(byTier()), labels));
    expect(fleet.row('c1').zone).toBeUndefined();
    expect(fleet.wave(2).zones).toBeUndefined();
  });

  it('moves the end of a soak by as much as the soak is longer', () => {
    const soaking = (soakMs: number) => byTier().map((each) => ({ ...each, soakMs }));
    const fleet = started('dp', soaking(60_000));
    fleet.report('c0');
    const until = fleet.wave(0).soakUntil ?? 0;
    fleet.take(event(fleet, strategy(soaking(90_000)), tiers('dp')));
    expect(fleet.wave(0)).toMatchObject({ phase: 'soaking', soakUntil: until + 30_000 });
    fleet.take(event(fleet, strategy(soaking(0)), tiers('dp')));
    fleet.pass(1);
    expect(fleet.wave(0).phase).toBe('done');
  });
});

describe('an approval binds to the wave as it was planned', () => {
  const gated = byTier({ before: [approval] });

  it('a replan that changes the wave makes it void and says whose it was', () => {
    const fleet = started('ddpp', gated);
    fleet.take({ type: 'approve', wave: 'prod', ...bob });
    fleet.take(event(fleet, strategy(gated), tiers('ddpm')));
    expect(fleet.shell.history.at(-1)?.message).toBe(
      'wave prod is another one now: the approval of token:bob counts no more',
    );
    fleet.passAll();
    expect(fleet.wave(2).phase).toBe('gateBefore');
    fleet.take({ type: 'approve', ...bob });
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('a replan that leaves the wave as it is leaves its approval, too', () => {
    const fleet = started('ddpp', gated);
    fleet.take({ type: 'approve', wave: 'prod', ...bob });
    fleet.take(
      event(
        fleet,
        strategy(gated.map((each) => (each.name === 'dev' ? { ...each, maxFailures: 1 } : each))),
        tiers('ddpp'),
      ),
    );
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('an open wave that it let begin asks again before anything more of it is assigned; what is in flight goes on', () => {
    const fleet = started('dppm', byTier({ before: [approval], maxConcurrency: 1 }));
    fleet.passAll();
    fleet.take({ type: 'approve', ...bob });
    expect(fleet.in('assigned', 2)).toHaveLength(1);
    const wider = byTier({ before: [approval], maxConcurrency: 2 });
    fleet.take(event(fleet, strategy(wider), tiers('dppm')));
    expect(fleet.wave(2)).toMatchObject({ phase: 'gateBefore', maxConcurrency: 2 });
    for (const uid of fleet.in('assigned', 2)) fleet.report(uid);
    expect(fleet.in('pending', 2)).toHaveLength(1);
    fleet.take({ type: 'approve', ...bob });
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
  });

  it('gates that an open wave has left behind are not put before it anew', () => {
    const fleet = started('ddp');
    const [dev, ...others] = byTier();
    fleet.take(event(fleet, strategy(dev ? [{ ...dev, before: [approval] }, ...others] : []), tiers('ddp')));
    expect(fleet.wave(0).phase).toBe('progressing');
    expect(fleet.wave(0).gates).toBeUndefined();
  });
});
