import { describe, expect, it } from '@jest/globals';
import type { Member } from './model.js';
import { planWaves } from './plan-waves.js';
import { strategy, wave } from './testing/scenario.js';

const member = (uid: string, labels: Record<string, string> = {}, facts: Record<string, string> = {}): Member => ({
  uid,
  name: `name-${uid}`,
  labels,
  facts,
  overlay: 'o',
  digest: 'd',
});
const fleet = (count: number, labels: (index: number) => Record<string, string> = () => ({})): Member[] =>
  Array.from({ length: count }, (_, index) => member(`uid-${index}`, labels(index)));
const inWave = (plan: ReturnType<typeof planWaves>, index: number): string[] =>
  plan.targets.filter(({ wave: each }) => each === index).map(({ uid }) => uid);

describe('a plan', () => {
  it('puts each cluster in the first wave that selects it', () => {
    const spec = strategy([wave('dev', { selector: { matchLabels: { env: 'dev' } } }), wave('all', { selector: {} })]);
    const plan = planWaves(
      'web',
      spec,
      fleet(4, (index) => ({ env: index < 2 ? 'dev' : 'prod' })),
    );
    expect(inWave(plan, 0).sort()).toEqual(['uid-0', 'uid-1']);
    expect(inWave(plan, 1).sort()).toEqual(['uid-2', 'uid-3']);
    expect(plan.warnings).toEqual([]);
  });

  it('lets those whom no wave selects join the last, and says so', () => {
    const spec = strategy([
      wave('dev', { selector: { matchLabels: { env: 'dev' } } }),
      wave('prod', { selector: { matchLabels: { env: 'prod' } } }),
    ]);
    const plan = planWaves('web', spec, [member('a', { env: 'dev' }), member('b'), member('c', { env: 'prod' })]);
    expect(inWave(plan, 1).sort()).toEqual(['b', 'c']);
    expect(plan.warnings).toEqual(['no wave selects name-b: joined the last wave, prod']);
  });

  it('warns of a wave without a cluster', () => {
    const spec = strategy([wave('eu', { selector: { matchLabels: { region: 'eu' } } }), wave('rest')]);
    expect(planWaves('web', spec, fleet(2)).warnings).toEqual([
      'wave eu has no cluster: its selector matches no cluster that an earlier wave left',
    ]);
  });

  it('takes a share of all that the selector matches, rounded up, before earlier waves took theirs', () => {
    const spec = strategy([
      wave('one', { take: 1 }),
      wave('few', { take: '5%' }),
      wave('quarter', { take: '25%' }),
      wave('rest'),
    ]);
    expect(planWaves('web', spec, fleet(12)).waves.map(({ total }) => total)).toEqual([1, 1, 3, 7]);
    expect(planWaves('web', spec, fleet(100)).waves.map(({ total }) => total)).toEqual([1, 5, 25, 69]);
    expect(planWaves('web', spec, fleet(1)).waves.map(({ total }) => total)).toEqual([1, 0, 0, 0]);
  });

  it('has the same canaries each time, whatever the order of the list, and others for another application', () => {
    const spec = strategy([wave('canary', { take: 3 }), wave('rest')]);
    const members = fleet(50);
    const first = inWave(planWaves('web', spec, members), 0);
    expect(inWave(planWaves('web', spec, [...members].reverse()), 0)).toEqual(first);
    expect(inWave(planWaves('api', spec, members), 0)).not.toEqual(first);
    const without = members.filter(({ uid }) => !first.includes(uid)).slice(1);
    expect(
      inWave(planWaves('web', spec, [...without, ...members.filter(({ uid }) => first.includes(uid))]), 0),
    ).toEqual(first);
  });

  it('selects by facts', () => {
    const spec = strategy([wave('new', { selector: { matchLabels: { 'fact.k8s': '1.36' } } }), wave('rest')]);
    const plan = planWaves('web', spec, [member('a', {}, { k8s: '1.36' }), member('b', {}, { k8s: '1.35' })]);
    expect(inWave(plan, 0)).toEqual(['a']);
  });

  it('resolves budgets to integers by the table: concurrency down and at least 1, tolerance down', () => {
    const spec = strategy([wave('all', { maxConcurrency: '10%', maxFailures: '1%', maxUnreachable: '20%' })]);
    const budgets = (count: number) => {
      const [resolved] = planWaves('web', spec, fleet(count)).waves;
      return [resolved?.maxConcurrency, resolved?.maxFailures, resolved?.maxUnreachable];
    };
    expect(budgets(4)).toEqual([1, 0, 0]);
    expect(budgets(29)).toEqual([2, 0, 5]);
    expect(budgets(250)).toEqual([25, 2, 50]);
  });

  it('gives each target a place in its wave', () => {
    const plan = planWaves('web', strategy([wave('a', { take: 4 }), wave('b')]), fleet(10));
    expect(plan.targets.filter(({ wave: each }) => each === 1).map(({ position }) => position)).toEqual([
      0, 1, 2, 3, 4, 5,
    ]);
    expect(new Set(plan.targets.map(({ uid }) => uid)).size).toBe(10);
  });

  it('gives each of 10,000 clusters its place', () => {
    const spec = strategy([
      wave('one', { take: 1 }),
      wave('eu', { selector: { matchLabels: { region: 'eu' } }, take: '10%' }),
      wave('half', { take: '50%' }),
      wave('rest'),
    ]);
    const members = fleet(10_000, (index) => ({ region: index % 2 === 0 ? 'eu' : 'us' }));
    const plan = planWaves('web', spec, members);
    expect(plan.targets).toHaveLength(10_000);
  });
});
