import type { ClusterUid, Labels } from '../cluster.js';
import type { Hold, StoredHoldCode } from '../hold.js';
import type { StrategySpec } from './strategy.js';

/** Milliseconds since the epoch by the hub's clock, never an agent's. */
export type Millis = number;

export type RolloutKind = 'forward' | 'rollback' | 'catchUp';

export type TargetState =
  'pending' | 'assigned' | 'progressing' | 'passed' | 'failed' | 'deferred' | 'unchanged' | 'skipped' | 'removed';

export const TARGET_STATES = [
  'pending',
  'assigned',
  'progressing',
  'passed',
  'failed',
  'deferred',
  'unchanged',
  'skipped',
  'removed',
] as const satisfies readonly TargetState[];

export type FailureReason = 'sync' | 'health' | 'deadline' | 'regressed' | 'lost' | 'hold';

export type RolloutState =
  'running' | 'succeeded' | 'succeededWithExceptions' | 'superseded' | 'rolledBack' | 'cancelled';

export type WavePhase = 'pending' | 'progressing' | 'soaking' | 'done' | 'skipped';

/** What one cluster is told to run: the only thing its agent obeys. */
export interface Assignment {
  /** Number of the release within its application. `null`: withdraw the application from the cluster. */
  readonly release: number | null;
  /** The overlay's path within the source. */
  readonly overlay: string;
  /** SHA-256 of the bundle, 64 hexadecimal digits; empty with `release: null`. */
  readonly digest: string;
  /** Only grows, per (cluster UID, application). */
  readonly generation: number;
  readonly healthyForMs: number;
  /** The rollout that made it, `<application>-<number>`. */
  readonly rollout: string;
}

/** One release as one cluster holds it. */
export interface HeldRelease {
  readonly release: number;
  readonly overlay: string;
  readonly digest: string;
}

/** What the agent said last of this application, as far as the engine needs it. */
export interface LastReport {
  readonly generation: number;
  readonly digest: string;
  readonly phase: ReportPhase;
  readonly steadyMs: number;
  readonly breaks: number;
  readonly at: Millis;
}

export type ReportPhase = 'progressing' | 'healthy' | 'failed' | 'refused';

/**
 * One row per (application, cluster UID), kept for as long as the registration lives: the assignment, its evidence,
 * and the cluster's part in the application's present (or last) rollout.
 */
export interface TargetRow {
  readonly uid: ClusterUid;
  /** The cluster's name when the rollout was planned: for sentences only, never for identity. */
  readonly name: string;
  /** Id of the rollout whose part the fields below describe. */
  readonly rollout: string;
  /** Index of its wave. */
  readonly wave: number;
  /** Its place in the wave's order, from 0, unique in the wave. */
  readonly position: number;
  readonly state: TargetState;
  readonly reason?: FailureReason | 'unreachable';
  /** Why it is in this state, one sentence; the agent's own words for a failure. */
  readonly message?: string;
  /** What this rollout wants the cluster to run. `keep`: whatever it holds (a rollback with nothing before). */
  readonly desired: HeldRelease | 'keep' | 'withdraw';
  /**
   * The assignment in force. Null before the first, and after an unacknowledged first one was taken back: the application is
   * then left out of the manifest, which tells the agent to keep what it holds, untouched.
   */
  readonly assignment: Assignment | null;
  /** Whether any report of the assignment's generation has come. */
  readonly acked: boolean;
  /** The highest generation ever given out, also when the assignment was withdrawn; 0 before the first. */
  readonly generation: number;
  /** The last release that this cluster passed before this rollout, snapshotted at plan. */
  readonly previous: HeldRelease | null;
  /** The last release that it passed, at any time. */
  readonly lastPassed: HeldRelease | null;
  readonly report: LastReport | null;
  /** When a deadline fires, in active time (`now - clockOffset`); null when none runs. */
  readonly dueAt: Millis | null;
  /** Since when the agent's verdict is Failed without a break after it passed; hub's clock; for regressions. */
  readonly failedSince?: Millis;
  /** A deferred cluster that came back, or a retried one: it goes before the wave's pending ones. */
  readonly requeued?: boolean;
  /**
   * Pending here, but still in flight on an assignment of a superseded rollout: it counts in its wave, its timer (dueAt) goes
   * on, and assigning it costs no slot.
   */
  readonly carried?: boolean;
  /** Failed or deferred, and acknowledged by a person (`resume --accept`): it no longer counts against the budgets. */
  readonly accepted?: boolean;
}

/** A row as the shell loads it, with what the clusters table knows of its presence. */
export interface LoadedRow {
  readonly row: TargetRow;
  readonly online: boolean;
  /** When its last heartbeat or report came, hub's clock; null: never. */
  readonly seenAt: Millis | null;
}

/** Budgets of a wave, resolved to integers at plan. */
export interface ResolvedWave {
  readonly name: string;
  readonly total: number;
  readonly maxConcurrency: number;
  readonly maxFailures: number;
  readonly maxUnreachable: number;
  readonly ackTimeoutMs: number;
  readonly progressDeadlineMs: number;
  readonly healthyForMs: number;
  readonly soakMs: number;
}

export interface WaveProgress extends ResolvedWave {
  readonly phase: WavePhase;
  readonly counts: Readonly<Record<TargetState, number>>;
  /** Pending targets that are still in flight on a superseded rollout's assignment. */
  readonly carried: number;
  /** Passed targets whose agent says Failed, not yet for healthyFor: no soak ends while there is one. */
  readonly suspects: number;
  /** How many of `counts.failed` and `counts.deferred` a person acknowledged. */
  readonly accepted: { readonly failed: number; readonly deferred: number };
  readonly openedAt?: Millis;
  readonly doneAt?: Millis;
  /** End of the soak, in active time. */
  readonly soakUntil?: Millis;
  readonly soakSince?: Millis;
}

export interface StoredHold extends Hold {
  readonly code: StoredHoldCode;
}

export interface Rollout {
  /** `<application>-<number>`. */
  readonly id: string;
  readonly number: number;
  readonly kind: RolloutKind;
  /** The release it brings; for a rollback the one that it takes back. */
  readonly release: number;
  readonly state: RolloutState;
  readonly strategy: StrategySpec;
  readonly waves: readonly WaveProgress[];
  /** Index of the open wave; equals waves.length when all are done. */
  readonly wave: number;
  readonly holds: readonly StoredHold[];
  /** onFailure is `rollback` and a budget was exceeded: the next tick takes the release back. */
  readonly takeBack?: boolean;
  readonly startedAt: Millis;
  readonly startedBy: string;
  readonly reason?: string;
  readonly endedAt?: Millis;
  /** Id of the rollout that superseded it or took it back. */
  readonly endedBy?: string;
  readonly warnings: readonly string[];
}

/** A release that waits for the present rollout to end. */
export interface QueuedRelease {
  readonly release: number;
  readonly since: Millis;
}

/** One per application: the lock, the clock, the present rollout. */
export interface ApplicationHeader {
  readonly application: string;
  /** Raised at each commit; the shell refuses to save over another. */
  readonly version: number;
  /** The greatest `now` ever seen. */
  readonly now: Millis;
  /** Wall time minus active time. */
  readonly clockOffset: Millis;
  /** Since when the active clock stands still, because the rollout has holds; null: it runs. */
  readonly frozenSince: Millis | null;
  /** Number of the last rollout made. */
  readonly rolloutNumber: number;
  /** The running rollout, or the last one that ended. */
  readonly rollout: Rollout | null;
  readonly queued: QueuedRelease | null;
  /** The last release whose rollout succeeded (exceptions or not) and was not rolled back. */
  readonly baseline: number | null;
  /** Earlier baselines, oldest first, at most 20: what is fallen back to when the baseline is rolled back. */
  readonly earlierBaselines: readonly number[];
  /** The highest release that a forward rollout was made for: the poll starts only newer ones. Lifting its bar lowers it. */
  readonly newest: number | null;
  /** Clusters that left the placement while a rollout ran: withdrawn when it ends. */
  readonly leaving: readonly ClusterUid[];
  readonly barred: readonly number[];
  /** When the next tick has something to do; hub's clock; null: nothing runs. */
  readonly wakeAt: Millis | null;
  /** Number of the last event. */
  readonly seq: number;
}

/** A cluster as the plan sees it: identity, its overlay and that overlay's digest in the release. */
export interface Member {
  readonly uid: ClusterUid;
  readonly name: string;
  readonly labels: Labels;
  readonly facts: Labels;
  readonly overlay: string;
  readonly digest: string;
  /** Whether it is heard of now, for a `catchUp`: newcomers that are away wait for the next one. */
  readonly online?: boolean;
}

export interface ReportInput {
  readonly uid: ClusterUid;
  readonly generation: number;
  readonly digest: string;
  readonly phase: ReportPhase;
  readonly steadyMs: number;
  readonly breaks: number;
  /** `sync`: it could not be applied; `health`: applied and failed. Only with `failed` and `refused`. */
  readonly cause?: 'sync' | 'health';
  readonly message?: string;
}

export interface Act {
  /** Who, as `token:<name>` or `system`. */
  readonly actor: string;
  readonly reason?: string;
}

export type RolloutEvent =
  /** A new release, or a person's wish to roll one out. Starts, supersedes or queues. `members` is never empty. */
  | ({
      readonly type: 'start';
      readonly kind: 'forward' | 'catchUp';
      readonly release: number;
      readonly strategy: StrategySpec;
      readonly members: readonly Member[];
      /** By a person: a barred release is refused with the way to lift it; by the poll: it is only noted. */
      readonly automatic: boolean;
    } & Act)
  | ({ readonly type: 'rollback'; readonly withoutPrevious?: 'keep' | 'withdraw' } & Act)
  | ({ readonly type: 'pause' } & Act)
  | ({ readonly type: 'resume'; readonly accept?: boolean } & Act)
  | ({ readonly type: 'retry'; readonly clusters?: readonly ClusterUid[] } & Act)
  | ({ readonly type: 'skip'; readonly clusters: readonly ClusterUid[] } & Act)
  | ({ readonly type: 'cancel' } & Act)
  | ({ readonly type: 'lift'; readonly release: number } & Act)
  | { readonly type: 'reports'; readonly reports: readonly ReportInput[] }
  /** A deferred cluster is heard of again. */
  | { readonly type: 'returned'; readonly clusters: readonly ClusterUid[] }
  /** Clusters that left the placement (`left`), or whose registration ended (`ended`). */
  | { readonly type: 'removed'; readonly clusters: readonly ClusterUid[]; readonly why: 'left' | 'ended' }
  /** The agent holds a higher generation than the database: go on from there. */
  | { readonly type: 'ahead'; readonly cluster: ClusterUid; readonly generation: number }
  /** The hub itself was away for so long. */
  | { readonly type: 'gap'; readonly ms: Millis }
  | { readonly type: 'tick' };

/** Which rows the shell loads for an event, besides those that it names itself. */
export interface RowNeed {
  /** Id of the present rollout; `due`, `next`, `pending` and `silent` look at rows of this rollout only. */
  readonly rollout?: string;
  /** All rows of the application: plans and rollbacks only. */
  readonly all?: boolean;
  readonly uids?: readonly ClusterUid[];
  /** Rows whose dueAt has come, at most `limit`, earliest first. */
  readonly due?: { readonly before: Millis; readonly limit: number };
  /** The one row whose dueAt comes first after `after`, if any: it tells when to wake next. */
  readonly next?: { readonly after: Millis };
  /** The next pending rows of a wave, requeued ones first, then by position. */
  readonly pending?: { readonly wave: number; readonly limit: number };
  /** Rows of a wave, passed or unchanged, with `seenAt` null or below `since` (the end of a soak), at most `limit`. */
  readonly silent?: { readonly wave: number; readonly since: Millis; readonly limit: number };
}

export type Effect =
  /** The cluster's manifest is to be written anew. */
  | { readonly type: 'dirty'; readonly cluster: ClusterUid }
  /** Ask the cluster for a heartbeat now. */
  | { readonly type: 'probe'; readonly cluster: ClusterUid }
  /**
   * The rollout ended: `final` and its targets are archived (over an earlier archive of it), a queued release may start. Its
   * targets are the rows whose `rollout` it is: first save those of `Decision.rows` that still bear it, then archive, then save
   * the other rows, which may belong to the rollout that comes after it already.
   */
  | { readonly type: 'ended'; readonly rollout: string; readonly final: Rollout };

/** What is written into the history, one or more per event. */
export interface HistoryEntry {
  readonly rollout: string | null;
  readonly event: string;
  readonly message: string;
  readonly cluster?: ClusterUid;
  readonly actor?: string;
  readonly reason?: string;
}

/** What a step decides: written in one transaction, or not at all. */
export interface Decision {
  /** False: nothing to write, the header is the one that was given. */
  readonly changed: boolean;
  readonly header: ApplicationHeader;
  /** Changed and new rows, whole. */
  readonly rows: readonly TargetRow[];
  readonly effects: readonly Effect[];
  readonly history: readonly HistoryEntry[];
  /** The command makes no sense in this state: nothing changed, and why. */
  readonly refused?: { readonly code: string; readonly message: string };
  /** More is due at this very `now` (a wave opened, more than one page of rows): tick again. */
  readonly again: boolean;
}
