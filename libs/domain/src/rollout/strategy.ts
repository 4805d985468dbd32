import type { Selector } from '../selector.js';

/** An absolute number, or a percentage written `25%`. */
export type Count = number | `${number}%`;

/** One wave as a strategy declares it, every default already filled in; all durations in milliseconds. */
export interface WaveSpec {
  readonly name: string;
  /** Absent: everything that earlier waves left. */
  readonly selector?: Selector;
  /** Absent: all. A percentage is of all clusters that the selector matches, rounded up, at least 1. */
  readonly take?: Count;
  readonly maxConcurrency: Count;
  readonly maxFailures: Count;
  readonly maxUnreachable: Count;
  readonly ackTimeoutMs: number;
  readonly progressDeadlineMs: number;
  readonly healthyForMs: number;
  readonly soakMs: number;
}

export interface StrategySpec {
  readonly waves: readonly WaveSpec[];
  readonly onFailure: 'pause' | 'rollback';
  readonly supersede: 'replace' | 'queue';
  readonly rollback: { readonly maxConcurrency: Count };
  /** Objects that a release may drop from one cluster's bundle; a percentage is at least 3. */
  readonly maxDeletions: Count;
}

/** The model's defaults of one wave. */
export const WAVE_DEFAULTS = {
  maxConcurrency: '10%',
  maxFailures: '1%',
  maxUnreachable: '20%',
  ackTimeoutMs: 5 * 60_000,
  progressDeadlineMs: 10 * 60_000,
  healthyForMs: 30_000,
  soakMs: 0,
} as const satisfies Omit<WaveSpec, 'name'>;

export const STRATEGY_DEFAULTS = {
  onFailure: 'pause',
  supersede: 'replace',
  rollback: { maxConcurrency: '25%' },
  maxDeletions: '10%',
} as const satisfies Omit<StrategySpec, 'waves'>;

/** The strategy that an application without one gets: 1 cluster, 5 %, 25 %, the rest, with a soak of 5 minutes each. */
export const DEFAULT_STRATEGY: StrategySpec = {
  ...STRATEGY_DEFAULTS,
  waves: [
    { ...WAVE_DEFAULTS, name: 'first', take: 1, soakMs: 5 * 60_000 },
    { ...WAVE_DEFAULTS, name: 'few', take: '5%', soakMs: 5 * 60_000 },
    { ...WAVE_DEFAULTS, name: 'quarter', take: '25%', soakMs: 5 * 60_000 },
    { ...WAVE_DEFAULTS, name: 'rest', soakMs: 5 * 60_000 },
  ],
};
