import { describe, expect, it } from '@jest/globals';
import type { RolloutView, WaveView } from '#contract';
import { exitCodeOf, progressLines, statusText } from './rollout-text.js';

const none = {
  pending: 0,
  assigned: 0,
  progressing: 0,
  passed: 0,
  failed: 0,
  deferred: 0,
  unchanged: 0,
  skipped: 0,
  removed: 0,
};
const wave = (name: string, phase: WaveView['phase'], counts: Partial<WaveView['counts']>): WaveView => ({
  name,
  phase,
  total: 2,
  counts: { ...none, ...counts },
  maxConcurrency: 1,
  maxFailures: 0,
  maxUnreachable: 0,
});
const rollout: RolloutView = {
  id: 'web-3',
  application: 'web',
  number: 3,
  kind: 'forward',
  release: 2,
  revision: 'abcdef0123456789',
  state: 'running',
  paused: false,
  wave: 0,
  waves: [wave('canary', 'progressing', { passed: 1, progressing: 1 }), wave('rest', 'pending', { pending: 2 })],
  counts: { ...none, passed: 1, progressing: 1, pending: 2 },
  total: 4,
  holds: [{ code: 'inFlight', message: '1 in flight', since: '2030-01-01T00:00:00Z' }],
  why: 'Rollout web-3 runs: 1 in flight',
  startedAt: '2030-01-01T00:00:00Z',
  startedBy: 'system',
  warnings: [],
};

describe('the status of a rollout', () => {
  it.each<[RolloutView['state'], boolean, number]>([
    ['succeeded', false, 0],
    ['succeededWithExceptions', false, 1],
    ['rolledBack', false, 1],
    ['superseded', false, 1],
    ['cancelled', false, 1],
    ['running', true, 2],
    ['running', false, 3],
  ])('%s (waits for a person: %s) ends with %i', (state, paused, code) => {
    expect(exitCodeOf({ state, paused })).toBe(code);
  });

  it('tells what, the waves, the sentence and the holds', () => {
    expect(statusText(rollout, false, Date.parse('2030-01-01T00:01:30Z'))).toBe(
      [
        'web-3: release 2 (abcdef01) of web, running for 1m30s, 1/4 done',
        '',
        'WAVE     PHASE         DONE   CLUSTERS                  AT ONCE   MAY FAIL',
        'canary   progressing   1/2    1 progressing, 1 passed   1         0',
        'rest     pending       0/2    2 pending                 1         0',
        '',
        'Rollout web-3 runs: 1 in flight',
        '  inFlight: 1 in flight (for 1m30s)',
        '',
      ].join('\n'),
    );
  });

  it('tells in a pipe only the waves that moved', () => {
    expect(progressLines(null, rollout)).toBe(
      'web-3 release 2 (abcdef01), 4 clusters in 2 waves\nweb-3 wave canary progressing: 1 progressing, 1 passed\n',
    );
    expect(progressLines(rollout, rollout)).toBe('');
    const next = {
      ...rollout,
      waves: [wave('canary', 'done', { passed: 2 }), wave('rest', 'progressing', { assigned: 1, pending: 1 })],
    };
    expect(progressLines(rollout, next)).toBe(
      'web-3 wave canary done: 2 passed\nweb-3 wave rest progressing: 1 pending, 1 assigned\n',
    );
  });
});
