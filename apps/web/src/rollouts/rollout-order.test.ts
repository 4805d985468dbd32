import { describe, expect, it } from '@jest/globals';
import type { RolloutView } from '#contract';
import { listed, passedOf, shownState } from './rollout-order.js';

const hold = (code: string) => ({ code, message: '', since: '' });
const rollout = (id: string, minute: number, more: Partial<RolloutView> = {}): RolloutView => ({
  ...{
    id,
    application: 'web',
    number: 1,
    kind: 'forward',
    release: 1,
    revision: '',
    state: 'succeeded',
    paused: false,
  },
  ...{ wave: 0, waves: [], counts: {} as RolloutView['counts'], total: 1, holds: [], why: '' },
  ...{ startedAt: `2030-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`, startedBy: 'ann', warnings: [] },
  ...more,
});

const all = [
  rollout('old', 1),
  rollout('runs', 2, { state: 'running', holds: [hold('inFlight')] }),
  rollout('waits', 3, { state: 'running', holds: [hold('approval')] }),
  rollout('held', 4, { state: 'running', paused: true, holds: [hold('failures')] }),
  rollout('new', 9, { state: 'cancelled' }),
];

describe('the list of rollouts', () => {
  it('begins with those that want a person, then those that run, then the newest', () => {
    expect(listed(all, {}).map(({ id }) => id)).toEqual(['held', 'waits', 'runs', 'new', 'old']);
  });

  it('takes paused and waiting ones for running ones', () => {
    expect(listed(all, { state: 'running' }).map(({ id }) => id)).toEqual(['held', 'waits', 'runs']);
    expect(listed(all, { state: 'paused' }).map(({ id }) => id)).toEqual(['held']);
    expect(listed(all, { state: 'cancelled' }).map(({ id }) => id)).toEqual(['new']);
  });

  it('calls what is in flight running', () => {
    expect(all.map(shownState)).toEqual(['succeeded', 'running', 'waiting', 'paused', 'cancelled']);
  });
});

it('what is done are those that run the release, whether it was new to them or not', () => {
  expect(passedOf({ passed: 3, unchanged: 1 })).toBe(4);
});
