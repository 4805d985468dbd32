import type {
  AgentReport,
  ApplicationHeader,
  ClusterState,
  ClusterUid,
  Decision,
  EngineCheckpoint,
  Freeze,
  HistoryEntry,
  JsonObject,
  Labels,
  LoadedRow,
  LogEntry,
  LoggedStep,
  Rollout,
  RowNeed,
  Scope,
  Selector,
  TargetRow,
  Withdrawal,
} from '#domain';
import type { AuditStore, CredentialStore, GrantStore, TokenStore, WebhookStore } from './access-store.js';
import type { ApiStore } from './api-store.js';
import type { CellStore } from './cell-store.js';
import type { GitSignature } from './git-source.js';
import type { ClusterLeaving, RevocationStore } from './membership-store.js';
import type { Page, PageRequest, ScopedRequest } from './page.js';
import type { LoginCodeStore, SessionStore } from './session-store.js';
import type { TrustStore } from './trust-store.js';

export type ResourceKind = 'Source' | 'Application' | 'Strategy' | 'Policy' | 'Fleet';

/** A declared object: `spec` as its user wrote it, checked by the contract's schema before it came here. */
export interface StoredResource {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly spec: JsonObject;
  /** Raised by each change of spec, from 1. */
  readonly generation: number;
  /** What the hub found out about it: last commit, errors, holds. */
  readonly status: JsonObject;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface ResourceStore {
  get(kind: ResourceKind, name: string): Promise<StoredResource | null>;
  list(kind: ResourceKind): Promise<readonly StoredResource[]>;
  /** Equal specs change nothing. */
  put(kind: ResourceKind, name: string, spec: JsonObject, now: number): Promise<'created' | 'configured' | 'unchanged'>;
  /** Replaces the status; writes nothing where it is equal. */
  setStatus(kind: ResourceKind, name: string, status: JsonObject): Promise<void>;
  /** The same of many of one kind, in one statement. */
  setStatuses(kind: ResourceKind, statuses: ReadonlyMap<string, JsonObject>): Promise<void>;
  delete(kind: ResourceKind, name: string): Promise<boolean>;
}

/** A person holds a cluster: nothing new is assigned to it. */
export interface ClusterHold {
  readonly reason: string;
  /** `token:<name>`. */
  readonly by: string;
  readonly since: number;
}

export interface StoredCluster {
  readonly uid: ClusterUid;
  readonly name: string;
  readonly labels: Labels;
  readonly facts: Labels;
  /** Digest of what its API server serves; absent: its agent has not told. */
  readonly apis?: string;
  readonly state: ClusterState;
  /** The agent's public nkey, once joined. */
  readonly publicKey: string | null;
  readonly agentVersion: string | null;
  readonly protocol: number | null;
  readonly online: boolean;
  readonly seenAt: number | null;
  readonly createdAt: number;
  readonly joinedAt: number | null;
  /** The manifest's sequence that the agent said it holds. */
  readonly heldSequence: number;
  readonly hold: ClusterHold | null;
  /** With the state `leaving` alone. */
  readonly leaving: ClusterLeaving | null;
  /** The newest one that its agent was given; null: not known. */
  readonly credential: CredentialLife | null;
}

/** From when until when a credential is good. */
export interface CredentialLife {
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** With scopes: the clusters that `seesCluster` says yes to. */
export interface ClusterQuery extends ScopedRequest {
  readonly selector?: Selector;
  readonly state?: ClusterState;
  readonly online?: boolean;
}

export type SpentToken =
  | { readonly ok: true; readonly uid: ClusterUid }
  | { readonly ok: false; readonly why: 'unknown' | 'expired' | 'spent' };

export interface ClusterStore {
  get(uid: ClusterUid): Promise<StoredCluster | null>;
  /** By its agent's public key, among those that are not revoked. */
  byKey(publicKey: string): Promise<StoredCluster | null>;
  /** By name among those that are not revoked. */
  byName(name: string): Promise<StoredCluster | null>;
  /** The names of those uids that are known, revoked ones too. */
  names(uids: readonly ClusterUid[]): Promise<ReadonlyMap<ClusterUid, string>>;
  /** By name, in name order. Revoked ones only where asked for by `state`. */
  list(query: ClusterQuery): Promise<Page<StoredCluster>>;
  /**
   * Counts of those that are not revoked. `healthy`: joined, with at least one application assigned, and a healthy report of
   * the generation and digest in force for every one of them. With scopes: of the clusters that they hold, and of those the
   * applications that they hold there.
   */
  summary(
    scopes?: readonly Scope[],
  ): Promise<{ total: number; ready: number; offline: number; waiting: number; leaving: number; healthy: number }>;
  /** All that joined, and neither leave nor are revoked. */
  joined(): Promise<readonly StoredCluster[]>;
  /** @throws RejectedError `name-taken`. */
  register(cluster: { uid: ClusterUid; name: string; labels: Labels; now: number }): Promise<StoredCluster>;
  setLabels(uid: ClusterUid, labels: Labels): Promise<void>;
  setFacts(uid: ClusterUid, facts: Labels): Promise<void>;
  setApis(uid: ClusterUid, apis: string): Promise<void>;
  /** False: it is revoked already, or unknown. */
  revoke(uid: ClusterUid, now: number): Promise<boolean>;
  /** A joined cluster begins to leave. False: it is not joined, or leaves already. */
  leave(uid: ClusterUid, leaving: Pick<ClusterLeaving, 'since' | 'by'>): Promise<boolean>;
  /** Keeps what the agent of a leaving cluster says of how far it came; of any other nothing. */
  tellLeaving(uid: ClusterUid, told: Withdrawal): Promise<void>;
  /** False: it is held already (that hold stays as it is), revoked or unknown. The engine hears of it by `held`, from the caller. */
  hold(uid: ClusterUid, hold: ClusterHold): Promise<boolean>;
  /** False: it was not held. */
  unhold(uid: ClusterUid): Promise<boolean>;

  /** Keeps a token's SHA-256; earlier tokens of that cluster end. */
  addJoinToken(token: { hash: string; uid: ClusterUid; expiresAt: number }): Promise<void>;
  /** Whose token it is, whatever its state; null: unknown. Does not spend it. */
  findJoinToken(hash: string): Promise<{ uid: ClusterUid; expiresAt: number; spentBy: string | null } | null>;
  /** Spends a token for a key in one statement; the key that spent it may repeat the call. */
  spendJoinToken(hash: string, publicKey: string, now: number): Promise<SpentToken>;
  /** Keeps from when until when the credential is good that its agent was given; one that was given before it is left alone. */
  credentialGiven(uid: ClusterUid, life: CredentialLife): Promise<void>;
  /** One that leaves goes on leaving. */
  markJoined(
    uid: ClusterUid,
    agent: { publicKey: string; version: string; protocol: number; now: number },
  ): Promise<void>;

  /** Many heartbeats in one statement; returns those that were offline until now. */
  seen(
    beats: readonly {
      uid: ClusterUid;
      sequence: number;
      version: string;
      protocol: number;
      facts?: Labels;
      apis?: string;
    }[],
    now: number,
  ): Promise<readonly ClusterUid[]>;
  /** Sets offline those not heard of since `before`; returns them. */
  markSilent(before: number): Promise<readonly ClusterUid[]>;
}

/** What a release took from one source: a commit, or a chart. */
export interface ReleaseSource {
  /** Commit id, or digest of a packed chart. */
  readonly revision: string;
  /** The tag that a range of versions came to. */
  readonly tag?: string;
  /** Of a chart. */
  readonly version?: string;
  /** Who signed it, where that was asked for and somebody did. */
  readonly signature?: GitSignature;
  readonly author?: string;
  readonly subject?: string;
  readonly committedAt?: string;
}

/** What an overlay was rendered from: as long as all of it is the same, so is the bundle. */
export interface OverlayInputs {
  /** Digest of everything but the sources' contents: renderer, values, patches. */
  readonly recipe: string;
  /** Where it was read from, by names of sources; `.` is the whole source. */
  readonly reads: Readonly<Record<string, readonly string[]>>;
  /** Digest of the ids of all that. */
  readonly contents: string;
  /** What the renderer said of it. */
  readonly warnings?: readonly string[];
}

/** What a release was made of, beside its overlays. */
export interface ReleaseDetails {
  /** By the sources' names; of one that several environments have at different revisions, the first environment's. */
  readonly sources: Readonly<Record<string, ReleaseSource>>;
  /** By the environments' names, where the application has some. */
  readonly environments?: Readonly<Record<string, ReleaseSource & { readonly source: string }>>;
  /** Sentences; at most 20. */
  readonly warnings?: readonly string[];
  /** Whether the chart asks which API versions a cluster serves. */
  readonly asksForApis?: boolean;
  /** By the overlays' names. Left out of lists. */
  readonly inputs?: Readonly<Record<string, OverlayInputs>>;
}

export interface StoredRelease {
  readonly application: string;
  readonly number: number;
  readonly source: string;
  readonly revision: string;
  readonly author: string;
  readonly subject: string;
  readonly committedAt: string;
  /** By the overlays' names. */
  readonly overlays: Readonly<
    Record<string, { readonly digest: string; readonly objects: number; readonly bytes: number; readonly tool: string }>
  >;
  /** Generation of the Application's spec that it was made of. */
  readonly specGeneration: number;
  /** Absent: a hub of before it was told has made it. */
  readonly details?: ReleaseDetails;
  readonly createdAt: number;
}

export interface ReleaseStore {
  /** Numbers it, unless the newest release has the same overlays and revision: then that one is returned with `created: false`. */
  add(release: Omit<StoredRelease, 'number'>): Promise<{ release: StoredRelease; created: boolean }>;
  get(application: string, number: number): Promise<StoredRelease | null>;
  latest(application: string): Promise<StoredRelease | null>;
  /** Newest first; of all applications without one. With scopes: of the applications that `seesApplication` says yes to. */
  list(application: string | null, page: ScopedRequest): Promise<Page<StoredRelease>>;
  /** Stores a gzipped bundle by digest; a digest that is there is left alone. */
  putBundle(digest: string, bundle: { gzipped: Uint8Array; bytes: number; objects: number }): Promise<void>;
  getBundle(digest: string): Promise<Uint8Array | null>;
  /** Whether any release of the application has that bundle. */
  hasBundle(application: string, digest: string): Promise<boolean>;
  /** How many chunks it has on the bus; null: not put there yet. */
  bundleChunks(digest: string): Promise<number | null>;
  /** Null: it is not on the bus any more. */
  setBundleChunks(digest: string, chunks: number | null): Promise<void>;
  /** Those that are on the bus, as far as was told, with their chunks. */
  bundlesOnBus(): Promise<ReadonlyMap<string, number>>;
  /**
   * Digests that an agent may fetch: of every assignment in force, with what it takes back; and of each application's newest
   * release, and of all releases since `since`, which may be assigned soon.
   */
  bundlesInUse(since: number): Promise<readonly string[]>;
  /** In a transaction: nobody else says of it that it is on the bus, or is not, until this one ends. False: it is not stored. */
  lockBundle(digest: string): Promise<boolean>;
}

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

/** A manifest's next state, read under the claim of its cluster. */
export interface DirtyCluster {
  readonly uid: ClusterUid;
  readonly state: ClusterState;
  readonly counter: number;
  /** Sequence of the manifest last written. */
  readonly sequence: number;
  /** The bus's revision of the manifest last written; 0: none. */
  readonly busRevision: number;
}

export interface OutboxStore {
  /** Claims dirty clusters for this transaction, skipping those that another hub holds. Marks never wait for a claim. */
  claim(limit: number): Promise<readonly DirtyCluster[]>;
  /** The present assignments of those clusters. */
  assignments(
    uids: readonly ClusterUid[],
  ): Promise<readonly { uid: ClusterUid; application: string; row: TargetRow }[]>;
  /** Records what was written; clears the mark where its counter is unchanged. */
  written(
    results: readonly { uid: ClusterUid; counter: number; sequence: number; busRevision: number }[],
  ): Promise<void>;
  mark(uids: readonly ClusterUid[]): Promise<void>;
  pending(): Promise<number>;
}

export interface ReportStore {
  /**
   * Keeps the latest per (application, cluster) by (boot, seq); returns those that were news, in the order given: of several
   * of one key in a batch, the newest only. News is a sign of life (seenAt), but does not bring an offline cluster back: `seen` does.
   */
  upsert(reports: readonly AgentReport[], now: number): Promise<readonly AgentReport[]>;
  get(application: string, uid: ClusterUid): Promise<{ report: AgentReport; at: number } | null>;
  ofCluster(uid: ClusterUid): Promise<readonly { report: AgentReport; at: number }[]>;
  /** Highest boot of the cluster's reports; 0: none yet. */
  boots(uid: ClusterUid): Promise<number>;
  ofApplication(application: string, page: PageRequest): Promise<Page<{ report: AgentReport; at: number }>>;
}

export interface SettingStore {
  /** Small facts of the hub itself: when it was last alive, its instance id. */
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<void>;
}

export interface FreezeStore {
  /** The fleet's freeze, whether or not its `until` has passed: the engine looks at that. One read by key, 0.2 ms. */
  get(): Promise<Freeze | null>;
  /** Over one that is there. */
  set(freeze: Freeze): Promise<void>;
  /** False: there was none. */
  clear(): Promise<boolean>;
}

/** The answer to a command that bore an Idempotency-Key. */
export interface StoredAnswer {
  readonly actor: string;
  readonly key: string;
  /** SHA-256 of method, path and body. */
  readonly request: string;
  /** HTTP status. */
  readonly status: number;
  /** JSON text, byte for byte. */
  readonly body: string;
  readonly at: number;
}

/** Answers are kept for 24 hours; an older one is as good as none. */
export interface AnswerStore {
  get(actor: string, key: string, now: number): Promise<StoredAnswer | null>;
  /**
   * False: there is one already, and nothing was written; roll back and answer with that one. Waits for a transaction that has
   * put the same key and not ended, so that of two equal requests at once only one is carried out.
   */
  put(answer: StoredAnswer): Promise<boolean>;
  /** Drops what is older; returns how many. */
  prune(now: number): Promise<number>;
}

/** Everything that one transaction may touch. */
export interface Unit {
  readonly resources: ResourceStore;
  readonly clusters: ClusterStore;
  readonly releases: ReleaseStore;
  readonly rollouts: RolloutStore;
  readonly outbox: OutboxStore;
  readonly revocations: RevocationStore;
  readonly reports: ReportStore;
  readonly cells: CellStore;
  readonly tokens: TokenStore;
  readonly grants: GrantStore;
  readonly sessions: SessionStore;
  readonly loginCodes: LoginCodeStore;
  readonly audit: AuditStore;
  readonly credentials: CredentialStore;
  readonly webhooks: WebhookStore;
  readonly trust: TrustStore;
  readonly settings: SettingStore;
  readonly freeze: FreezeStore;
  readonly answers: AnswerStore;
  readonly apis: ApiStore;
}

/** Signals between hubs on one database, and within one: hints, never the only way to learn of work. */
export type StoreSignal = 'dirty' | 'wake' | 'event' | 'resource';

export interface Store {
  /** Each operation by itself, outside a transaction. What only locks (lock, lockDue, claim) is refused here as a bug. */
  readonly read: Unit;
  /**
   * One transaction, rolled back when `work` rejects. Read committed, with the row locks that the operations name.
   * @throws RetryableError `database-unavailable`, `serialization`.
   */
  transact<T>(work: (unit: Unit) => Promise<T>): Promise<T>;
  /**
   * Called after a commit (anybody's) that wrote dirty marks, wake-ups, events or resources (clusters' registrations, labels
   * and facts count as resources). Within this process at once; from another hub about 10 ms later, and all four after a
   * connection was lost, when nobody knows what was missed.
   */
  onSignal(handle: (signal: StoreSignal) => void): void;
  ping(): Promise<void>;
  close(): Promise<void>;
}
