import type { ClusterUid, Labels } from '../cluster.js';
import type { Hold, StoredHoldCode } from '../hold.js';
import type { GateSpec, StrategySpec, WindowSpec } from './strategy.js';

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

export type WavePhase = 'pending' | 'gateBefore' | 'progressing' | 'soaking' | 'gateAfter' | 'done' | 'skipped';

/** A person's yes. It binds to the digest of the wave as it was planned then, and is never carried over to another plan. */
export interface Approval {
  readonly actor: string;
  readonly at: Millis;
  readonly reason?: string;
  /** `WaveProgress.digest` when it was given. */
  readonly digest: string;
}

/** Where one gate of a wave stands. There is one for each gate of `before` and `after`, from the plan on. */
export interface GateProgress {
  readonly when: 'before' | 'after';
  /** Unique among the gates of its wave and side. */
  readonly name: string;
  /** `refused`: it said no (rejected, or too many bad samples): the rollout holds (`gate`) until a person resumes. */
  readonly state: 'waiting' | 'open' | 'refused';
  /** Since when it is asked. */
  readonly since?: Millis;
  readonly openedAt?: Millis;
  /** Who promoted it, where a person opened it early. */
  readonly openedBy?: string;
  /** Approvals so far; each counts while its digest is the wave's. */
  readonly approvals?: readonly Approval[];
  /** Metric: samples so far. */
  readonly samples?: { readonly ok: number; readonly failed: number };
  /** The last answer of a webhook or metric, or a rejection: one sentence. */
  readonly last?: { readonly message: string; readonly at: Millis };
  /** When it is asked next; hub's clock. */
  readonly askAt?: Millis;
}

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
  /** A person saw what it deletes and accepted it: the agent's own breaker lets it pass. */
  readonly deletionsAccepted?: true;
  /** A rollback: what is taken back. What that bundle had and this one has not is exempt from the agent's breaker. */
  readonly takesBack?: { readonly release: number; readonly digest: string };
  /** As of HeldRelease. */
  readonly terms?: string;
}

/** One release as one cluster holds it. */
export interface HeldRelease {
  readonly release: number;
  readonly overlay: string;
  readonly digest: string;
  /** Digest of what the release says besides its bundles (ReleaseTerms): with other terms a bundle is not the same to a cluster. */
  readonly terms?: string;
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
  /** `deferred(hold)`: a person's cluster hold; it is `accepted` by nature and counts against no budget. */
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
  /** Its time zone (IANA), where its wave has windows: snapshotted at plan. */
  readonly zone?: string;
  /** What its agent said of this application when the rollout was planned, where that was not healthy. */
  readonly healthBefore?: ReportPhase;
  /** Paused hard: its agent is told to stop before its next object. */
  readonly halted?: true;
  /** Failed or deferred, and acknowledged by a person (`resume --accept`): it no longer counts against the budgets. */
  readonly accepted?: boolean;
}

/** A row as the shell loads it, with what the clusters table knows of its presence. */
export interface LoadedRow {
  readonly row: TargetRow;
  readonly online: boolean;
  /** When its last heartbeat or report came, hub's clock; null: never. */
  readonly seenAt: Millis | null;
  /** A person holds this cluster: nothing new is assigned to it. */
  readonly held?: boolean;
}

/** What one loaded row was said to be besides its own content: input of a step, kept with the event for replays. */
export type PresenceInput = Omit<LoadedRow, 'row'> & { readonly uid: ClusterUid };

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
  /** Absent: none. All of them must be open at once. */
  readonly before?: readonly GateSpec[];
  readonly after?: readonly GateSpec[];
  /** New assignments of a cluster are made only while one of these is open for it; absent: always. */
  readonly windows?: readonly WindowSpec[];
  /** The distinct time zones of its clusters, sorted, where it has windows. */
  readonly zones?: readonly string[];
}

export interface WaveProgress extends ResolvedWave {
  /** SHA-256 of what was planned for it: budgets, gates, windows, and each cluster's overlay and bundle. Approvals bind to it. */
  readonly digest: string;
  /** One for each gate; absent where it has none. */
  readonly gates?: readonly GateProgress[];
  /** A person gave the wave up: whoever has not passed is skipped, its gates and soak are not waited for. */
  readonly givenUp?: { readonly by: string; readonly reason: string };
  readonly phase: WavePhase;
  readonly counts: Readonly<Record<TargetState, number>>;
  /** Pending targets that are still in flight on a superseded rollout's assignment. */
  readonly carried: number;
  /** Passed targets whose agent says Failed, not yet for healthyFor: no soak ends while there is one. */
  readonly suspects: number;
  /** Passed targets whose agent's last word is progressing: no regression, but no soak ends well on it either. */
  readonly unsteady: number;
  /** How many of `counts.failed` and `counts.deferred` a person acknowledged. */
  readonly accepted: { readonly failed: number; readonly deferred: number };
  readonly openedAt?: Millis;
  readonly doneAt?: Millis;
  /** End of the soak, in active time. */
  readonly soakUntil?: Millis;
  readonly soakSince?: Millis;
  /** Who ended the soak early: unsteady clusters are no longer waited for. */
  readonly soakEndedBy?: string;
  /**
   * Whoever is pending has closed windows: nobody is to be assigned before then (hub's clock). Gone as soon as another cluster
   * becomes pending.
   */
  readonly closedUntil?: Millis;
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
  /** SHA-256 over the waves' digests: what `flotilla rollout plan` showed and approvals were given for. */
  readonly planDigest: string;
  /** Who wrote the release's commit, for approvals: not one's own. */
  readonly author?: { readonly name: string; readonly email: string };
  /** Paused with `--hard`: agents stop before their next object. */
  readonly hard?: true;
  /** What the release drops from clusters' bundles beyond the budget, as planned; bounded. */
  readonly drops?: readonly BundleDrop[];
  /** A person saw the drops and accepted them. */
  readonly deletionsAccepted?: true;
  readonly startedAt: Millis;
  readonly startedBy: string;
  readonly reason?: string;
  readonly endedAt?: Millis;
  /** Id of the rollout that superseded it or took it back. */
  readonly endedBy?: string;
  readonly warnings: readonly string[];
}

/** What one bundle has and the one that replaces it has not. */
export interface BundleDrop {
  /** Digests. */
  readonly from: string;
  readonly to: string;
  readonly dropped: number;
  /** How many objects `from` has. */
  readonly of: number;
  /** The dropped ones as `Kind namespace/name`, at most 20. */
  readonly objects: readonly string[];
}

/** A fleet freeze in force: nothing new is assigned by forward rollouts and catch-ups, no wave opens. Derived, never stored in a rollout. */
export interface Freeze {
  readonly by: string;
  readonly reason: string;
  readonly since: Millis;
  /** Until when; absent: until a person lifts it. */
  readonly until?: Millis;
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
export interface Member extends Omit<HeldRelease, 'release'> {
  readonly uid: ClusterUid;
  readonly name: string;
  readonly labels: Labels;
  readonly facts: Labels;
  /** Whether it is heard of now, for a `catchUp`: newcomers that are away wait for the next one. */
  readonly online?: boolean;
  /** Whether a person holds it, for a `catchUp` and the plan: held newcomers wait as those that are away do. */
  readonly held?: boolean;
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
      readonly author?: { readonly name: string; readonly email: string };
      /** What the release drops, for each distinct pair of bundles that drops anything; absent: not known, not checked. */
      readonly drops?: readonly BundleDrop[];
      /** The digest of the plan that the person saw: refused (`plan-changed`) if it is another one by now. */
      readonly plan?: string;
      /** Clusters that the application has no row of begin above this generation: their agents may hold what another hub gave out. */
      readonly generationsAbove?: number;
    } & Act)
  | ({ readonly type: 'rollback'; readonly withoutPrevious?: 'keep' | 'withdraw' } & Act)
  | ({ readonly type: 'pause'; readonly hard?: boolean } & Act)
  | ({ readonly type: 'resume'; readonly accept?: boolean } & Act)
  | ({ readonly type: 'retry'; readonly clusters?: readonly ClusterUid[] } & Act)
  /** Gives clusters up, or a whole wave by its name; one of the two. Needs a reason. */
  | ({ readonly type: 'skip'; readonly clusters?: readonly ClusterUid[]; readonly wave?: string } & Act)
  /** A yes for the approval gates of a wave: the one that waits, or the one named. */
  | ({
      readonly type: 'approve';
      readonly wave?: string;
      /** The plan's digest that the person saw: refused (`plan-changed`) if it is another one by now. */
      readonly plan?: string;
      /** The approver's mail address, to tell the commit's author. */
      readonly email?: string;
    } & Act)
  /** A no: the rollout holds (`gate`). Needs a reason. */
  | ({ readonly type: 'reject'; readonly wave?: string } & Act)
  /** Ends the present soak, or opens the schedule gates that the present wave waits at. */
  | ({ readonly type: 'promote' } & Act)
  /** Labels, membership or strategy changed: pending targets move, budgets are resolved anew, approvals of changed waves are void. */
  | ({ readonly type: 'replan'; readonly strategy: StrategySpec; readonly members: readonly Member[] } & Act)
  /** A person holds clusters, or lets them go again. Sent to every application of theirs. */
  | ({ readonly type: 'held'; readonly clusters: readonly ClusterUid[] } & Act)
  | ({ readonly type: 'unheld'; readonly clusters: readonly ClusterUid[] } & Act)
  /** What a webhook or metric gate answered; `noData`: no answer that says anything, ask again. */
  | {
      readonly type: 'gateAnswer';
      readonly rollout: string;
      readonly wave: number;
      readonly when: 'before' | 'after';
      readonly gate: string;
      readonly outcome: 'success' | 'failure' | 'noData';
      /** One sentence for a person, without secrets. */
      readonly message: string;
    }
  | ({ readonly type: 'cancel' } & Act)
  | ({ readonly type: 'lift'; readonly release: number } & Act)
  | { readonly type: 'reports'; readonly reports: readonly ReportInput[] }
  /** A deferred cluster is heard of again. */
  | { readonly type: 'returned'; readonly clusters: readonly ClusterUid[] }
  /**
   * Clusters that left the placement (`left`), that leave the fleet and are to hold nothing any more (`leaving`), or whose
   * registration ended (`ended`).
   */
  | { readonly type: 'removed'; readonly clusters: readonly ClusterUid[]; readonly why: 'left' | 'leaving' | 'ended' }
  /** The agent holds a higher generation than the database: go on from there. */
  | { readonly type: 'ahead'; readonly cluster: ClusterUid; readonly generation: number }
  /** The hub itself was away for so long. */
  | { readonly type: 'gap'; readonly ms: Millis }
  | { readonly type: 'tick'; readonly freeze?: Freeze };

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
  readonly pending?: {
    readonly wave: number;
    readonly limit: number;
    /** Only rows of these time zones, or of none: the wave's windows are closed for the others. */
    readonly zones?: readonly string[];
  };
  /** Rows of a wave, passed or unchanged, with `seenAt` null or below `since` (the end of a soak), at most `limit`. */
  readonly silent?: { readonly wave: number; readonly since: Millis; readonly limit: number };
}

export type Effect =
  /** The cluster's manifest is to be written anew. */
  | { readonly type: 'dirty'; readonly cluster: ClusterUid }
  /** Ask the cluster for a heartbeat now. */
  | { readonly type: 'probe'; readonly cluster: ClusterUid }
  /** Ask a webhook or metric gate of the present rollout, after the commit, and answer with `gateAnswer`. */
  | {
      readonly type: 'ask';
      readonly rollout: string;
      readonly wave: number;
      readonly when: 'before' | 'after';
      readonly gate: GateSpec;
    }
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
