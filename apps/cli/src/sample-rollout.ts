import type { RolloutView, WaveView } from '#contract';
import { TARGET_STATES } from '#domain';

const none = Object.fromEntries(TARGET_STATES.map((state) => [state, 0])) as WaveView['counts'];

/** Counts of a wave's or a rollout's clusters, all others none. */
export function countsOf(counts: Partial<WaveView['counts']>): WaveView['counts'] {
  return { ...none, ...counts };
}

/** A wave as the hub shows it, for tests. */
export function waveOf(
  name: string,
  phase: WaveView['phase'],
  counts: Partial<WaveView['counts']>,
  total = 2,
): WaveView {
  return { name, phase, total, counts: countsOf(counts), maxConcurrency: 1, maxFailures: 0, maxUnreachable: 0 };
}

/** A rollout that runs, for tests. */
export function rolloutOf(overrides: Partial<RolloutView> = {}): RolloutView {
  return {
    id: 'web-3',
    application: 'web',
    number: 3,
    kind: 'forward',
    release: 2,
    revision: 'abcdef0123456789',
    state: 'running',
    paused: false,
    wave: 0,
    waves: [waveOf('canary', 'progressing', { passed: 1, progressing: 1 }), waveOf('rest', 'pending', { pending: 2 })],
    counts: countsOf({ passed: 1, progressing: 1, pending: 2 }),
    total: 4,
    holds: [{ code: 'inFlight', message: '1 in flight', since: '2030-01-01T00:00:00Z' }],
    why: 'Rollout web-3 runs: 1 in flight',
    startedAt: '2030-01-01T00:00:00Z',
    startedBy: 'system',
    warnings: [],
    ...overrides,
  };
}
