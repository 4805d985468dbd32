import { describe, expect, it } from '@jest/globals';
import type { FleetPlan, FleetStatus } from '#contract';
import { applyAnswer, stateSentence, withWord } from './declared-words.js';

const REVISION = 'abcdef0123456789';
const status = (state: FleetStatus['state'], more: Partial<FleetStatus> = {}): FleetStatus => ({
  ...{ source: 'fleet', path: '.', byHand: 'report', prune: true, apply: 'automatic', state, revision: REVISION },
  ...{ holds: [], drift: [], undeclared: [], ...more },
});
const drift = { kind: 'Strategy', name: 'quick', file: 'a.yaml', change: 'deleted', declared: {}, now: null };

describe('how the fleet stands to its files', () => {
  it.each<[FleetStatus, RegExp]>([
    [status('current'), /^All is as commit abcdef01 says\.$/],
    [status('current', { byHand: 'refuse' }), /nobody changes it by hand/],
    [status('drifted', { drift: [drift as unknown as FleetStatus['drift'][number]] }), /^1 object was changed by hand/],
    [status('pending'), /is not applied yet/],
    [status('pending', { apply: 'manual' }), /waits for a person/],
    [status('new', { apply: 'manual' }), /waits for a person/],
    [status('new'), /is on its way/],
    [{ ...status('new'), revision: undefined }, /has not been read yet/],
    [status('held'), /all stays as it is/],
    [
      status('held', { applied: { revision: '0123456789', at: '2030-01-01T00:00:00Z', objects: 2 } }),
      /all stays as commit 01234567 said/,
    ],
  ])('is one sentence (%#)', (of, sentence) => {
    expect(stateSentence(of)).toMatch(sentence);
  });
});

describe('what applying does', () => {
  const plan: FleetPlan = {
    ...{ source: 'fleet', path: '.', revision: REVISION, objects: 3 },
    changes: [
      { kind: 'Cluster', name: 'eu-1', file: 'eu.yaml', change: 'released', before: null, after: null },
      { kind: 'Strategy', name: 'quick', file: 'strategies.yaml', change: 'deleted', before: null, after: null },
    ],
  };

  it('is told object by object, with the file', () => {
    expect(applyAnswer({ ...plan, dryRun: true })).toEqual({
      changed: true,
      changes: [
        'Cluster eu-1: declared no more, and left as it is (eu.yaml)',
        'Strategy quick: deleted (strategies.yaml)',
      ],
      message: 'Commit abcdef01, which declares 3 objects: 2 changes.',
    });
    expect(applyAnswer({ ...plan, changes: [] })).toMatchObject({
      changed: false,
      message: 'Applied: commit abcdef01, which declares 3 objects: nothing changes.',
    });
  });

  it('is filtered by kind, name and file', () => {
    expect(withWord(plan.changes, 'CLUSTER/eu')).toHaveLength(1);
    expect(withWord(plan.changes, 'strategies.yaml')).toMatchObject([{ name: 'quick' }]);
    expect(withWord(plan.changes, ' ')).toHaveLength(2);
  });
});
