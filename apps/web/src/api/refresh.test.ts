import { describe, expect, it } from '@jest/globals';
import type { LiveBatch } from '#contract';
import { staleBy } from './refresh.js';

const event = (more: object): LiveBatch['events'][number] => ({
  id: 1,
  seq: 1,
  at: '2030-01-01T00:00:00.000Z',
  application: 'web',
  event: 'waveOpened',
  message: 'Wave dev opened',
  ...more,
});

describe('what a batch of the live stream makes old', () => {
  it('is all lists, and the objects that its events name', () => {
    const isStale = staleBy({ events: [event({ rollout: 'web-1', cluster: 'eu-1' })] });
    for (const key of [
      ['rollouts', ''],
      ['fleet'],
      ['audit'],
      ['clusters', 'x'],
      ['rollout', 'web-1', ''],
      ['cluster', 'eu-1'],
      ['application', 'web', 'why'],
    ])
      expect([key, isStale(key)]).toEqual([key, true]);
    for (const key of [
      ['rollout', 'web-2'],
      ['cluster', 'eu-2'],
      ['application', 'api'],
      ['cells', ''],
      ['whoami'],
      ['preview'],
    ])
      expect([key, isStale(key)]).toEqual([key, false]);
  });

  it('is no rollout and no cluster where the events name none', () => {
    const isStale = staleBy({ events: [event({})] });
    expect([
      isStale(['rollout', undefined]),
      isStale(['cluster']),
      isStale(['clusters']),
      isStale(['constructor']),
    ]).toEqual([false, false, false, false]);
  });

  it('is the clusters whose cells changed, and their list', () => {
    const isStale = staleBy({ events: [], cells: { names: ['eu-1'], states: [0] } });
    expect([['cluster', 'eu-1'], ['clusters', ''], ['cluster', 'eu-2'], ['rollouts']].map(isStale)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('is everything after a reset', () => {
    expect(staleBy({ events: [], reset: true })(['cells', 'web'])).toBe(true);
  });
});
