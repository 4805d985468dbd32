import { describe, expect, it } from '@jest/globals';
import { receiptOf } from './receipt.js';
import { digest, Scenario, strategy, wave } from './testing/scenario.js';

const ann = { actor: 'token:ann' } as const;
const all = strategy([wave('all')], { rollback: { maxConcurrency: '100%' } });

/** Release 1 everywhere, then release 2, passed by all but those named. */
const released = (clusters: number, ...without: readonly string[]) => {
  const fleet = new Scenario(clusters);
  fleet.start(1, all);
  fleet.passAll();
  fleet.start(2, all);
  for (const uid of fleet.in('assigned')) if (!without.includes(uid)) fleet.report(uid);
  return fleet;
};
const receipt = (fleet: Scenario) => receiptOf(fleet.rollout, [...fleet.shell.rows.values()]);
const line = (fleet: Scenario, uid: string) => receipt(fleet).clusters.find((each) => each.uid === uid);

describe("a rollback's receipt", () => {
  it('tells of each cluster what it runs by its own word, and of nobody that could not', () => {
    const fleet = released(2);
    fleet.take({ type: 'rollback', ...ann });
    fleet.pass(1000);
    fleet.passAll();
    const { clusters, ...rest } = receipt(fleet);
    expect(rest).toEqual({
      rollout: 'web-3',
      release: 2,
      state: 'succeeded',
      at: fleet.rollout.startedAt,
      couldNot: [],
    });
    expect(clusters.map(({ cluster, state }) => [cluster, state]).sort()).toEqual([
      ['c0', 'passed'],
      ['c1', 'passed'],
    ]);
    expect(line(fleet, 'c0')).toMatchObject({
      wanted: { release: 1, digest: digest(1) },
      runs: { release: 1, digest: digest(1), generation: 3, at: fleet.now },
    });
  });

  it('shows the release that is taken back where that is what a cluster still says it runs', () => {
    const fleet = released(2);
    fleet.take({ type: 'rollback', ...ann });
    fleet.report('c1');
    expect(line(fleet, 'c0')).toMatchObject({
      state: 'assigned',
      runs: { release: 2, digest: digest(2), generation: 2 },
    });
    expect(receipt(fleet).couldNot).toEqual([]);
  });

  it('names whoever could not go back and why', () => {
    const fleet = released(5);
    fleet.cutOff('c0');
    fleet.hold('c1');
    fleet.take({ type: 'rollback', ...ann });
    fleet.report('c2', { phase: 'failed', steadyMs: 0, cause: 'health', message: 'web: 0 of 3 ready' });
    fleet.take({ type: 'skip', clusters: ['c3'], reason: 'it is being rebuilt', ...ann });
    fleet.report('c4');
    const { state, couldNot } = receipt(fleet);
    expect(state).toBe('succeededWithExceptions');
    expect(Object.fromEntries(couldNot.map(({ cluster, why }) => [cluster, why]))).toEqual({
      c0: 'out of reach: it is offline; it goes back when it returns',
      c1: 'a person holds the cluster: it keeps release 2',
      c2: 'failed (health): web: 0 of 3 ready',
      c3: 'skipped by token:ann: it is being rebuilt',
    });
  });

  it('names whoever had nothing before, and keeps what it holds', () => {
    const fleet = new Scenario(1);
    fleet.start(1, all);
    fleet.passAll();
    fleet.take({ type: 'rollback', ...ann });
    expect(receipt(fleet)).toMatchObject({
      clusters: [{ wanted: 'keep', runs: { release: 1 } }],
      couldNot: [{ cluster: 'c0', why: 'it had no earlier release: it keeps what it holds' }],
    });
  });

  it('tells of a withdrawal that nothing runs there, and of a cluster that never said anything that nothing is known', () => {
    const fleet = new Scenario(2);
    fleet.start(1, all);
    fleet.report('c0');
    fleet.take({ type: 'rollback', withoutPrevious: 'withdraw', ...ann });
    fleet.report('c0');
    expect(line(fleet, 'c0')).toMatchObject({ wanted: 'withdraw', runs: { release: null, digest: '' } });
    expect(line(fleet, 'c1')).toMatchObject({ wanted: 'withdraw', runs: null });
  });

  it('of a rollback that was cancelled names those whose turn never came or of whom nothing was heard', () => {
    const fleet = new Scenario(2);
    fleet.start(1, all);
    fleet.passAll();
    fleet.start(2, strategy([wave('all')], { rollback: { maxConcurrency: 1 } }));
    fleet.passAll();
    fleet.take({ type: 'rollback', ...ann });
    fleet.take({ type: 'cancel', ...ann });
    expect(receipt(fleet).couldNot.map(({ why }) => why)).toEqual([
      'the rollback is cancelled, and nothing was heard of how it went',
      'its turn never came: the rollback is cancelled',
    ]);
  });
});
