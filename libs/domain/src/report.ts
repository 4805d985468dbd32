import type { ReportPhase } from './rollout/model.js';

export type HealthStatus = 'healthy' | 'progressing' | 'failed' | 'suspended' | 'missing' | 'unknown';

/** One object that is not as it should be; never holds a Secret's values. */
export interface ObjectFinding {
  /** `group/version`, or `v1` for the core group. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly health: HealthStatus;
  /** CamelCase word, as in a Kubernetes condition. */
  readonly reason: string;
  readonly message: string;
}

/**
 * What an agent says of one application at one generation; the latest replaces the one before.
 * Ordered by (boot, seq), counters of the agent; no clock of the agent's is ever compared with the hub's.
 */
export interface AgentReport {
  readonly protocol: number;
  readonly cluster: string;
  readonly application: string;
  readonly generation: number;
  /** Digest that the generation asks for. */
  readonly digest: string;
  /** Digest that really runs now; empty when nothing was ever applied whole. */
  readonly runs: string;
  readonly phase: ReportPhase;
  readonly cause?: 'sync' | 'health';
  /** One sentence: the first thing that is wrong, or what is waited for. */
  readonly message?: string;
  /** How long healthy without a break, by the agent's monotonic clock; 0 when it is not. */
  readonly steadyMs: number;
  /** How often health was lost since it was first reached. */
  readonly breaks: number;
  readonly boot: number;
  readonly seq: number;
  /** How many objects it holds. */
  readonly objects: number;
  /** What is not healthy, bounded to 20, the worst first. */
  readonly findings: readonly ObjectFinding[];
  /** Corrections since the generation was applied, and what drifts now where it is only reported. */
  readonly drift?: { readonly corrected: number; readonly drifted: number; readonly fields?: readonly string[] };
}

/** The sign of life, core NATS, every minute. */
export interface Heartbeat {
  readonly protocol: number;
  readonly cluster: string;
  /** The manifest's sequence that it holds; 0: none yet. */
  readonly sequence: number;
  readonly boot: number;
  readonly version: string;
  /** Sent when they changed, and with the first heartbeat after a start. */
  readonly facts?: Readonly<Record<string, string>>;
  /** Digest of what its API server serves, told when the facts are; absent: an agent that can't tell. */
  readonly apis?: string;
  /** Generation of the trust document that it holds, stored where it survives a restart; absent: an agent that knows none. */
  readonly trust?: number;
  /** How far it came, where its manifest says to take down everything. */
  readonly withdrawal?: Withdrawal;
}

/** How far an agent came with taking down all that it holds. */
export interface Withdrawal {
  /** Nothing is left of what it is to delete. */
  readonly done: boolean;
  /** How many objects its inventories still name. */
  readonly left: number;
  /** How many it let be, for `flotilla.dev/prune: disabled`. */
  readonly kept: number;
  /** Some of those, as `Kind namespace/name`, at most 20. */
  readonly names: readonly string[];
  /** What is in the way, one sentence; absent: nothing. */
  readonly message?: string;
}
