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
