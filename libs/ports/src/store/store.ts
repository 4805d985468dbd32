import type { AuditStore, CredentialStore, GrantStore, TokenStore, WebhookStore } from './access-store.js';
import type { AnswerStore } from './answer-store.js';
import type { ApiStore } from './api-store.js';
import type { CellStore } from './cell-store.js';
import type { ClusterStore } from './cluster-store.js';
import type { FreezeStore } from './freeze-store.js';
import type { RevocationStore } from './membership-store.js';
import type { OutboxStore } from './outbox-store.js';
import type { ReleaseStore } from './release-store.js';
import type { ReportStore } from './report-store.js';
import type { ResourceStore } from './resource-store.js';
import type { RolloutStore } from './rollout-store.js';
import type { LoginCodeStore, SessionStore } from './session-store.js';
import type { SettingStore } from './setting-store.js';
import type { TrustStore } from './trust-store.js';

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
