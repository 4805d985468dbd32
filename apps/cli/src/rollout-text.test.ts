import { describe, expect, it } from '@jest/globals';
import type { RolloutView } from '#contract';
import { exitCodeOf, progressLines, statusText } from './rollout-text.js';
import { rolloutOf, waveOf } from './sample-rollout.js';

const rollout = rolloutOf();

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
      waves: [waveOf('canary', 'done', { passed: 2 }), waveOf('rest', 'progressing', { assigned: 1, pending: 1 })],
    };
    expect(progressLines(rollout, next)).toBe(
      'web-3 wave canary done: 2 passed\nweb-3 wave rest progressing: 1 pending, 1 assigned\n',
    );
  });
});
