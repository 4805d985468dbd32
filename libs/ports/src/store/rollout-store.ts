import type {
  ApplicationHeader,
  ClusterUid,
  Decision,
  EngineCheckpoint,
  HistoryEntry,
  LoadedRow,
  LogEntry,
  LoggedStep,
  Rollout,
  RowNeed,
  Scope,
  TargetRow,
} from '#domain';
import type { Page, PageRequest, ScopedRequest } from '../page.js';

export interface ArchivedRollout {
  readonly application: string;
  readonly rollout: Rollout;
}

export interface StoredEvent extends HistoryEntry {
  readonly id: number;
  readonly application: string;
  readonly seq: number;
  readonly at: number;
}

export interface EventQuery extends ScopedRequest {
  readonly application?: string | undefined;
  /** An id, `web-12`. */
  readonly rollout?: string | undefined;
  readonly cluster?: ClusterUid | undefined;
  /** What the actor begins with, letter by letter. */
  readonly actor?: string | undefined;
  /** From that time on. */
  readonly since?: number | undefined;
  /** Before that time. */
  readonly until?: number | undefined;
}

/** The engine's rows. `lock` and `commit` belong in one transaction. */
export interface RolloutStore {
  /** Locks the application's header for this transaction (made when missing), waiting for whoever holds it. */
  lock(application: string): Promise<ApplicationHeader>;
  /** Locks the headers whose wakeAt has come and that nobody holds, at most `limit`, names only. */
  lockDue(now: number, limit: number): Promise<readonly string[]>;
  header(application: string): Promise<ApplicationHeader | null>;
  headers(): Promise<readonly ApplicationHeader[]>;
  /** Each row once, whatever needs name it, in wave and position order. */
  rows(application: string, need: RowNeed): Promise<readonly LoadedRow[]>;
  /**
   * Saves header (only over `header.version - 1`), rows, history and dirty marks; archives the targets of ended rollouts. With
   * `step`, what was decided upon is appended to the engine's log in the same statement, and a checkpoint where a rollout began.
   * Whatever the hub commits bears one: without it a replay ends there.
   * @throws RetryableError `version-conflict`; BugError `no-checkpoint`: a rollout began, and `step.before` is not there.
   */
  commit(application: string, decision: Decision, step?: LoggedStep): Promise<void>;
  /**
   * Drops the header of a deleted application and all but the generations of its rows, marking its clusters dirty; releases,
   * history and the engine's log stay, which ends with a checkpoint of what there was.
   */
  forget(application: string): Promise<void>;

  /** Earliest wakeAt of all applications. */
  nextWake(): Promise<number | null>;
  rollout(application: string, number: number): Promise<Rollout | null>;
  /**
   * Newest first; of all applications without one. With scopes: those of which all targets are held, at least one, and those of
   * applications that a scope without a selector holds.
   */
  list(application: string | null, page: ScopedRequest): Promise<Page<ArchivedRollout>>;
  /**
   * Targets of a rollout: live rows of the present one, archived ones of an ended one. In wave and position order. With scopes:
   * those of clusters on which the application is held.
   */
  targets(
    application: string,
    number: number,
    page: ScopedRequest & { state?: string; wave?: number },
  ): Promise<Page<TargetRow>>;
  /** How many targets a rollout has, and how many of them the scopes hold; none of one that is unknown. */
  reach(application: string, number: number, scopes: readonly Scope[]): Promise<{ targets: number; held: number }>;
  /** Which applications those clusters were ever to run, deleted ones included. */
  placed(uids: readonly ClusterUid[]): Promise<readonly { uid: ClusterUid; application: string }[]>;
  /** All rows of one cluster, by application, those of deleted applications aside. */
  ofCluster(uid: ClusterUid): Promise<readonly { application: string; row: TargetRow }[]>;
  /**
   * Counts of clusters per application by state and phase, for the fleet's summary. Only rows with a release assigned; `phase` is
   * that of the report of the generation in force, null where there is none yet. With scopes: of the rows that they hold.
   */
  counts(
    scopes?: readonly Scope[],
  ): Promise<readonly { application: string; state: string; phase: string | null; count: number }[]>;
  /**
   * Newest first. `rollout` is an id, `web-12`. With scopes: events of a cluster where the application is held on it; those
   * without a cluster tell of all of them, and need a scope without a selector.
   */
  events(query: EventQuery): Promise<Page<StoredEvent>>;
  /** Of one rollout (its id, `web-12`), oldest first, with a seq above `after`; at most `limit`. */
  history(rollout: string, after: number, limit: number): Promise<readonly StoredEvent[]>;
  /** Events with an id above `id`, oldest first, for SSE's catch up. With scopes: as `events`. */
  eventsAfter(id: number, limit: number, scopes?: readonly Scope[]): Promise<readonly StoredEvent[]>;

  /** The state just before the step that began a rollout (its id, `web-12`); null: unknown, or older than the log. */
  checkpointOf(rollout: string): Promise<EngineCheckpoint | null>;
  /** The first checkpoint after a step: where the next rollout begins, or where the application was forgotten. */
  checkpointAfter(application: string, step: number): Promise<EngineCheckpoint | null>;
  /** What was decided from the rollout's first step to the last one before the next rollout's, in step order. */
  steps(rollout: string, page: PageRequest): Promise<Page<LogEntry>>;
}
