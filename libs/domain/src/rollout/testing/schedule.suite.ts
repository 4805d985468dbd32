import * as fc from 'fast-check';
import { STRATEGY_DEFAULTS, WAVE_DEFAULTS, type WaveSpec } from '../strategy.js';
import { peoplePhrases } from './people.suite.js';
import type { Schedule } from './play-schedule.js';
import type { Phrase } from './phrases.js';
import type { GateFate } from './simulated-gates.js';
import { TIMES } from './times.js';
import { gated } from './gated-waves.suite.js';
import type { Fate } from './simulated-cluster.js';

const short = fc.constantFrom(0, 1000, 3000, 8000, 15_000, 30_000);
const long = fc.constantFrom(5000, 20_000, 70_000, 130_000, 200_000, 600_000);
const share = fc.constantFrom(0.1, 0.3, 0.5, 1);
const who = fc.nat(40);

const phrase: fc.Arbitrary<Phrase> = fc.oneof(
  ...peoplePhrases,
  { weight: 6, arbitrary: fc.record({ say: fc.constant('release' as const), automatic: fc.boolean(), then: long }) },
  { weight: 6, arbitrary: fc.record({ say: fc.constant('releaseAfterRelease' as const), between: short, then: long }) },
  { weight: 5, arbitrary: fc.record({ say: fc.constant('releaseThenRollback' as const), between: long, then: long }) },
  {
    weight: 5,
    arbitrary: fc.record({ say: fc.constant('cutReleaseRollbackRestore' as const), share, between: long, then: long }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ say: fc.constant('pauseThenRelease' as const), then: long, isResumed: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ say: fc.constant('pauseThenRetry' as const), then: long }) },
  { weight: 3, arbitrary: fc.record({ say: fc.constant('rollbackThenPoll' as const), then: long }) },
  {
    weight: 5,
    arbitrary: fc.record({
      say: fc.constant('cutThenRestore' as const),
      share,
      offset: who,
      between: long,
      then: short,
    }),
  },
  { weight: 4, arbitrary: fc.record({ say: fc.constant('releaseAndVanish' as const), away: long, then: long }) },
  { weight: 2, arbitrary: fc.record({ say: fc.constant('vanish' as const), away: long }) },
  { weight: 3, arbitrary: fc.record({ say: fc.constant('failPauseRetry' as const), then: short }) },
  { weight: 5, arbitrary: fc.record({ say: fc.constant('cutInFlightRestore' as const), then: long }) },
  {
    weight: 3,
    arbitrary: fc.record({ say: fc.constant('rollbackThenReplay' as const), between: short, then: long }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      say: fc.constantFrom(
        'pause' as const,
        'resume' as const,
        'accept' as const,
        'retry' as const,
        'rollback' as const,
        'cancel' as const,
        'poll' as const,
        'lift' as const,
        'replayOutbox' as const,
        'repeatReports' as const,
        'join' as const,
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      say: fc.constantFrom('skip' as const, 'leave' as const, 'end' as const, 'ahead' as const),
      who,
    }),
  },
  { weight: 4, arbitrary: fc.record({ say: fc.constant('wait' as const), ms: long }) },
);

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 12, arbitrary: fc.constant('ok' as const) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'bad' as const,
      'slow' as const,
      'flapping' as const,
      'cycling' as const,
      'late' as const,
      'cuts' as const,
      'dies' as const,
      'drains' as const,
    ),
  },
);
/** Most releases do the same everywhere, or nearly. */
const fates: fc.Arbitrary<readonly Fate[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(['ok' as const]) },
  { weight: 3, arbitrary: fate.map((one) => [one]) },
  { weight: 4, arbitrary: fc.array(fate, { minLength: 2, maxLength: 12 }) },
);

const waves: fc.Arbitrary<readonly WaveSpec[]> = fc
  .record({
    gating: gated,
    shape: fc.constantFrom<readonly (number | `${number}%` | { readonly ring: string } | undefined)[]>(
      [undefined],
      [1, undefined],
      [2, '50%', undefined],
      ['25%', undefined],
      [1, '10%', '50%', undefined],
      [{ ring: '0' }, { ring: '1' }, undefined],
    ),
    maxConcurrency: fc.constantFrom(1, 2, '25%' as const, '50%' as const, '100%' as const),
    maxFailures: fc.constantFrom(0, 1, '10%' as const, '30%' as const),
    maxUnreachable: fc.constantFrom(0, 1, '20%' as const, '50%' as const),
    soakMs: fc.constantFrom(0, 30_000),
  })
  .map(({ shape, gating, ...budgets }) =>
    shape.map((take, index): WaveSpec => ({
      ...WAVE_DEFAULTS,
      ...TIMES,
      ...budgets,
      name: `w${index}`,
      ...(typeof take === 'object' ? { selector: { matchLabels: take } } : take !== undefined && { take }),
      ...gating(index, shape.length),
    })),
  );

const gateFate: fc.Arbitrary<GateFate> = fc.constantFrom('yes', 'yes', 'yes', 'late', 'shaky', 'no', 'silent');

export const schedule: fc.Arbitrary<Schedule> = fc
  .record({
    clusters: fc.oneof(
      { weight: 13, arbitrary: fc.integer({ min: 1, max: 4 }) },
      { weight: 5, arbitrary: fc.integer({ min: 5, max: 12 }) },
      { weight: 1, arbitrary: fc.integer({ min: 13, max: 40 }) },
    ),
    fates: fc.array(fates, { minLength: 1, maxLength: 5 }),
    sameBytes: fc.array(fc.constantFrom(false, false, false, true), { minLength: 1, maxLength: 6 }),
    gates: fc.array(gateFate, { minLength: 1, maxLength: 4 }),
    waves,
    onFailure: fc.constantFrom('pause' as const, 'pause' as const, 'rollback' as const),
    supersede: fc.constantFrom('replace' as const, 'replace' as const, 'queue' as const),
    rollbackConcurrency: fc.constantFrom(1, '25%' as const, '100%' as const),
    phrases: fc.array(phrase, { minLength: 2, maxLength: 8 }),
  })
  .map(({ clusters, fates: each, sameBytes, gates, phrases, rollbackConcurrency, ...strategy }) => ({
    plan: { clusters, fates: each, sameBytes, gates },
    strategy: { ...STRATEGY_DEFAULTS, ...strategy, rollback: { maxConcurrency: rollbackConcurrency } },
    phrases: [{ say: 'release' as const, automatic: true, then: 60_000 }, ...phrases],
  }));
