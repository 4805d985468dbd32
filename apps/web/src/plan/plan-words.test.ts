import { describe, expect, it } from '@jest/globals';
import type { PlannedClusterView, PlannedWaveView } from '#contract';
import { bundlesIn, changedIn, notesOf, runningText, stepsOf, windowText } from './plan-words.js';

const cluster = (more: Partial<PlannedClusterView> = {}): PlannedClusterView => ({
  cluster: 'eu-1',
  uid: 'u',
  overlay: 'overlays/prod',
  digest: 'a'.repeat(64),
  previous: null,
  change: 'changed',
  ...more,
});

describe('a plan in words', () => {
  it('goes up in steps from the first wave to the whole fleet', () => {
    const waves = [1, 9, 90].map((total) => ({ total }) as PlannedWaveView);
    expect(stepsOf({ waves, total: 100 })).toEqual([
      { from: 0, to: 1 },
      { from: 1, to: 10 },
      { from: 10, to: 100 },
    ]);
  });

  it('has no steps where there is nobody', () => {
    expect(stepsOf({ waves: [{ total: 0 } as PlannedWaveView], total: 0 })).toEqual([{ from: 0, to: 0 }]);
  });

  it('counts who changes and how many bundles they take', () => {
    const clusters = [cluster(), cluster({ change: 'new', digest: 'b' }), cluster({ change: 'unchanged' })];
    expect(changedIn({ clusters })).toBe(2);
    expect(bundlesIn({ clusters })).toBe(2);
  });

  it('says of a cluster only what is out of the ordinary', () => {
    expect(notesOf(cluster())).toEqual([]);
    expect(notesOf(cluster({ change: 'new', status: 'offline', healthBefore: 'failed', dropped: 3 }))).toEqual([
      'new',
      'offline now',
      'failed before',
      'deletes 3',
    ]);
    expect(notesOf(cluster({ change: 'unchanged' }))).toEqual(['has it already']);
  });

  it('reads a window, also one that goes by each cluster’s own zone', () => {
    const window = { cron: '0 8 * * 1-5', duration: '4h', timeZone: 'Europe/Berlin' };
    expect(windowText(window)).toBe('for 4h from "0 8 * * 1-5" Europe/Berlin');
    expect(windowText({ ...window, timeZone: 'label:tz' })).toContain("in the zone of each cluster's tz");
  });

  it('says what a start does to the rollout that runs', () => {
    expect(runningText({})).toBeUndefined();
    expect(runningText({ running: { rollout: 'web-3', then: 'supersedes' } })).toContain('supersede web-3');
    expect(runningText({ running: { rollout: 'web-3', then: 'queued' } })).toContain('wait for web-3');
    expect(runningText({ running: { rollout: 'web-3', then: 'refused' } })).toContain('refused while web-3');
  });
});
