import type { Selector } from '../selector.js';

/** An absolute number, or a percentage written `25%`. */
export type Count = number | `${number}%`;

/** When something may begin: from each time that the cron expression names, for so long. */
export interface WindowSpec {
  /** Five fields: minute, hour, day of month, month, day of week. */
  readonly cron: string;
  readonly durationMs: number;
  /** An IANA name, or the label or fact of each cluster that holds one. */
  readonly timeZone: string | { readonly label: string };
}

/** What must be open before a wave begins, or before it counts as done. */
export type GateSpec =
  /** `approvers` different people say yes, none of them the commit's author or whoever started the rollout. */
  | { readonly type: 'approval'; readonly name: string; readonly approvers: number }
  /** Open from `notBefore` on and, where there are windows, while one of them is. Their time zones are IANA names. */
  | {
      readonly type: 'schedule';
      readonly name: string;
      /** Milliseconds since the epoch. */
      readonly notBefore?: number;
      readonly windows: readonly (WindowSpec & { readonly timeZone: string })[];
    }
  /** Asked each interval; any 2xx opens it. */
  | { readonly type: 'webhook'; readonly name: string; readonly url: string; readonly intervalMs: number }
  /** A Prometheus query, each interval: `count` samples that meet the condition open it, more than `failureLimit` that do not refuse. */
  | {
      readonly type: 'metric';
      readonly name: string;
      /** The server's base address. */
      readonly url: string;
      readonly query: string;
      /** CEL over `result` (list of numbers) and `value` (the first of them). */
      readonly successCondition: string;
      readonly intervalMs: number;
      readonly count: number;
      readonly failureLimit: number;
    };

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
  readonly before?: readonly GateSpec[];
  readonly after?: readonly GateSpec[];
  /** New assignments of a cluster are made only while one of these is open for it; what is in flight goes on. */
  readonly windows?: readonly WindowSpec[];
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

export const GATE_DEFAULTS = {
  approvers: 1,
  intervalMs: 60_000,
  count: 1,
  failureLimit: 0,
  timeZone: 'UTC',
} as const;

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
