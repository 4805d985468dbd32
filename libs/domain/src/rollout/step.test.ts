import { describe, expect, it } from '@jest/globals';
import { Scenario, strategy, wave } from './testing/scenario.js';

const two = strategy([wave('canary', { take: 1 }), wave('rest')]);

describe('a rollout', () => {
  it('goes from the first wave to the end, and its release becomes the baseline', () => {
    const fleet = new Scenario(4);
    fleet.start(1, two);
    expect(fleet.in('assigned')).toHaveLength(1);
    expect(fleet.wave(1).phase).toBe('pending');
    fleet.passAll();
    expect(fleet.rollout.state).toBe('succeeded');
    expect(fleet.shell.header).toMatchObject({ baseline: 1, wakeAt: null });
    expect(fleet.shell.archive.get('web-1')?.rows).toHaveLength(4);
  });

  it('costs one row for a report, and no more rows for a tick than slots are free, however many clusters there are', () => {
    const fleet = new Scenario(2000);
    fleet.start(1, strategy([wave('all', { maxConcurrency: 10 })]));
    const [first = ''] = fleet.in('assigned');
    const before = fleet.shell.rowsLoaded;
    fleet.report(first, { phase: 'progressing', steadyMs: 0 });
    expect(fleet.shell.rowsLoaded - before).toBe(1);
    fleet.report(first);
    expect(fleet.shell.rowsLoaded - before).toBeLessThan(70);
    expect(fleet.in('assigned')).toHaveLength(10);
  });

  it('of an empty wave, and of nobody at all, ends', () => {
    const fleet = new Scenario(1);
    fleet.start(1, strategy([wave('none', { selector: { matchLabels: { a: 'b' } } }), wave('rest')]));
    expect(fleet.wave(0).phase).toBe('skipped');
    fleet.take({ type: 'skip', clusters: ['c0'], reason: 'broken', actor: 'token:ann' });
    expect(fleet.rollout.state).toBe('succeededWithExceptions');
    expect(fleet.shell.header.baseline).toBeNull();
  });

  it('tells the shell to archive it with its last word, before the rows go on to the next', () => {
    const fleet = new Scenario(2);
    fleet.start(1, two);
    const { decisions } = fleet.start(2, two);
    expect(decisions[0]?.effects).toContainEqual(
      expect.objectContaining({
        type: 'ended',
        rollout: 'web-1',
        final: expect.objectContaining({ state: 'superseded' }),
      }),
    );
  });

  it('is taken back to what each cluster had before', () => {
    const fleet = new Scenario(4);
    fleet.start(1, two);
    fleet.passAll();
    fleet.start(2, two);
    fleet.passAll();
    fleet.take({ type: 'rollback', actor: 'token:ann' });
    fleet.passAll();
    expect(fleet.rollout).toMatchObject({ kind: 'rollback', state: 'succeeded', release: 2 });
    expect(fleet.uids.map((uid) => fleet.row(uid).assignment?.release)).toEqual([1, 1, 1, 1]);
    expect(fleet.shell.header).toMatchObject({ baseline: 1, barred: [2] });
  });
});
