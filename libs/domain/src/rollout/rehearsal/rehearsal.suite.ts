import type { Millis, PresenceInput } from '../model.js';
import { newHeader } from '../new-header.js';
import type { StrategySpec } from '../strategy.js';
import { digest, START, strategy, wave } from '../testing/scenario.js';
import type { RehearsalRates } from './rates.js';
import { rehearse, type RehearsalInput } from './rehearsal.js';
import type { RehearsalReport } from './run-figures.js';

export const SOAK: Millis = 120_000;
export const HEALTHY_FOR: Millis = 30_000;
export const EXACT = { median: 10_000, p99: 10_000 };

/** One, a quarter, the rest; each with its soak. */
export const threeWaves = (more: Partial<StrategySpec> = {}, waveMore: Parameters<typeof wave>[1] = {}): StrategySpec =>
  strategy(
    [
      wave('canary', { take: 1, soakMs: SOAK, ...waveMore }),
      wave('few', { take: '25%', soakMs: SOAK, maxConcurrency: '50%', ...waveMore }),
      wave('rest', { soakMs: SOAK, maxConcurrency: '25%', ...waveMore }),
    ],
    more,
  );

export interface Told extends Partial<Omit<RehearsalInput, 'start'>> {
  readonly clusters?: number;
  readonly strategy?: StrategySpec;
  readonly release?: number;
  readonly offline?: number;
}

/** A fleet of twenty that is online and has nothing yet, unless told. */
export function input(rates: Partial<RehearsalRates> = {}, told: Told = {}): RehearsalInput {
  const { clusters = 20, strategy: spec = threeWaves(), release = 2, offline = 0, ...more } = told;
  const uids = Array.from({ length: clusters }, (_, index) => `c${index}`);
  return {
    header: newHeader('web'),
    rows: [],
    start: {
      type: 'start',
      kind: 'forward',
      release,
      strategy: spec,
      members: uids.map((uid) => ({
        ...{ uid, name: uid, labels: {}, facts: {}, overlay: 'o', digest: digest(release) },
      })),
      automatic: false,
      actor: 'token:ann',
    },
    presence: uids.map((uid, index): PresenceInput => ({ uid, online: index >= offline, seenAt: START - 5000 })),
    seed: 1,
    now: START,
    ...more,
    rates,
  };
}

export function reportOf(given: RehearsalInput, runs = 40): RehearsalReport {
  const result = rehearse(given, runs);
  if ('refused' in result) throw new Error(result.refused.message);
  return result.report;
}
