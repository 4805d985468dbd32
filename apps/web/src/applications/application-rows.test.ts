import { describe, expect, it } from '@jest/globals';
import type { FleetView, RolloutView } from '#contract';
import type { ApplicationObject } from '../api/queries.js';
import { chosenRows, kindCounts, rowsOf } from './application-rows.js';

const object = (name: string, status?: ApplicationObject['status']): ApplicationObject => ({
  apiVersion: 'flotilla.dev/v1',
  kind: 'Application',
  metadata: { name },
  spec: {
    ...{ source: 'shop', path: `apps/${name}`, renderer: 'auto', placement: {}, strategy: 'careful' },
    ...{ namespace: 'default', drift: 'correct', ignoreDifferences: [], health: [] },
  },
  ...(status && { status }),
});

const hold = { code: 'render', message: 'kustomize says no', since: '2026-01-01T00:00:00.000Z' };
const fleet: Pick<FleetView, 'applications'> = {
  applications: [
    {
      name: 'api',
      release: 4,
      revision: 'abcdef0123',
      health: { healthy: 8, failed: 1, progressing: 1 },
      rollout: { id: 'api-4', state: 'running', paused: true },
      holds: [],
    },
    { name: 'web', release: 2, health: { healthy: 3 }, holds: [hold] },
  ],
};
const running = {
  id: 'api-4',
  state: 'running',
  release: 4,
  revision: 'fedcba9876',
  why: 'Wave canary holds: 1 cluster failed',
  counts: { passed: 5, unchanged: 1, failed: 1, pending: 3 },
  total: 10,
} as unknown as RolloutView;
const rows = rowsOf([object('api'), object('new'), object('web', { release: 2, holds: [hold] })], fleet, [running]);

describe('the list of applications', () => {
  it('puts together what the hub says of each', () => {
    expect(rows[0]).toMatchObject({
      name: 'api',
      release: 4,
      // Of the release's own commit, not of the source's newest.
      revision: 'fedcba9876',
      clusters: 10,
      rollout: { id: 'api-4', paused: true, done: 6, total: 10 },
      waitsFor: 'Wave canary holds: 1 cluster failed',
    });
  });

  it('says what keeps a release from being made, before anything else', () => {
    expect(rows[2]?.waitsFor).toBe('kustomize says no');
  });

  it('has a row for one that was never rolled out', () => {
    expect(rows[1]).toEqual({
      name: 'new',
      source: 'shop',
      strategy: 'careful',
      release: null,
      health: {},
      clusters: 0,
    });
  });

  it('is filtered by words in any of its columns, all of which must be there', () => {
    const names = (q: string): string[] => chosenRows(rows, { q }).map(({ name }) => name);
    expect(names('')).toEqual(['api', 'new', 'web']);
    expect(names('KUSTOMIZE')).toEqual(['web']);
    expect(names('shop api-4')).toEqual(['api']);
    expect(names('shop nothing')).toEqual([]);
  });

  it('knows the failing, the rolling and the waiting, and counts them', () => {
    expect(kindCounts(rows)).toEqual({ all: 3, failing: 1, rolling: 1, waiting: 2 });
    expect(chosenRows(rows, { show: 'failing' }).map(({ name }) => name)).toEqual(['api']);
    expect(chosenRows(rows, { show: 'waiting' }).map(({ name }) => name)).toEqual(['api', 'web']);
  });

  it('does without the fleet while it is not read yet', () => {
    expect(rowsOf([object('api', { release: 3 })], undefined)[0]).toMatchObject({ release: 3, clusters: 0 });
  });
});
