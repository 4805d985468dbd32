import { describe, expect, it } from '@jest/globals';
import type { FleetView } from '#contract';
import { countsOf, rolloutOf, waveOf } from './sample-rollout.js';
import { topText } from './top-text.js';

const now = Date.parse('2030-01-01T00:01:30Z');
const rollout = rolloutOf({
  wave: 1,
  waves: [
    waveOf('dev', 'done', { passed: 2 }),
    waveOf('staging', 'progressing', { passed: 50, progressing: 9, failed: 1, pending: 40 }, 100),
    waveOf('production', 'pending', { pending: 300 }, 300),
  ],
  counts: countsOf({ passed: 52, progressing: 9, failed: 1, pending: 340 }),
  total: 402,
  why: 'Rollout web-3 runs:\u001b[2J 9 in flight',
});
const fleet: FleetView = {
  clusters: { total: 402, ready: 400, offline: 2, waiting: 0, leaving: 0 },
  healthy: 391,
  applications: [
    {
      name: 'web',
      release: 2,
      revision: 'abcdef0123456789',
      health: { healthy: 391, progressing: 11 },
      rollout: { id: 'web-3', state: 'running', paused: false },
      holds: [],
    },
  ],
};

describe('the picture of flotilla top', () => {
  it('has the fleet, each running rollout with its waves as bars and its sentence, the applications and the newest events', () => {
    const text = topText(
      {
        hub: 'https://hub.example:8443',
        fleet,
        rollouts: [rollout],
        more: 2,
        events: [
          {
            id: 7,
            seq: 1,
            at: '2030-01-01T00:01:00Z',
            application: 'web',
            rollout: 'web-3',
            event: 'failed',
            message: 'Cluster eu-9 failed',
          },
        ],
      },
      false,
      now,
    );
    expect(text.split('\n')).toEqual([
      'https://hub.example:8443 at 00:01:30Z',
      '402 clusters: 400 ready, 2 offline, 0 waiting to join, 391 healthy',
      '',
      'web-3  release 2 (abcdef01)  running for 1m30s, 52/402 done',
      '  dev         ████████████████████       2/2  done: 2 passed',
      '  staging     ██████████▒×········    50/100  progressing: 40 pending, 9 progressing, 50 passed, 1 failed',
      '  production  ····················     0/300  pending: 300 pending',
      '  Rollout web-3 runs: [2J 9 in flight',
      '',
      'and 2 more: flotilla get rollouts --status running',
      '',
      'APPLICATION   HEALTHY   RELEASE   REVISION   ROLLOUT         WHY',
      'web           391/402   2         abcdef01   web-3 running   -',
      '',
      '30s ago      web-3  Cluster eu-9 failed',
      '',
    ]);
  });

  it('says that nothing runs', () => {
    expect(topText({ hub: 'h', fleet, rollouts: [], more: 0, events: [] }, false, now)).toContain('No rollout runs.');
  });

  it('always fills a bar, however few of a state there are', () => {
    for (let failed = 0; failed <= 40; failed += 1) {
      const waves = [waveOf('w', 'progressing', { failed, pending: 40 - failed }, 40)];
      const text = topText({ hub: 'h', fleet, rollouts: [{ ...rollout, waves }], more: 0, events: [] }, false, now);
      const [bar = ''] = /[█▒×·]+/.exec(text) ?? [];
      expect(bar).toHaveLength(20);
      expect(bar.includes('×')).toBe(failed > 0);
      expect(bar.includes('·')).toBe(failed < 40);
    }
  });
});
