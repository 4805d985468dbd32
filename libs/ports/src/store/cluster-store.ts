import type { ClusterState, ClusterUid, Labels, Scope, Selector, Withdrawal } from '#domain';
import type { Page, ScopedRequest } from '../page.js';
import type { ClusterLeaving } from './membership-store.js';

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

/** A cluster that joined at another hub, or at this one before its database was lost. */
export interface TakenOver {
  readonly uid: ClusterUid;
  readonly name: string;
  readonly labels: Labels;
  /** Its agent's. */
  readonly publicKey: string;
}

export interface ClusterStore {
  get(uid: ClusterUid): Promise<StoredCluster | null>;
  /** By its agent's public key, among those that are not revoked. */
  byKey(publicKey: string): Promise<StoredCluster | null>;
  /** By name among those that are not revoked. */
  byName(name: string): Promise<StoredCluster | null>;
  /** Those of the names that are registered, those of revoked clusters aside. */
  named(names: readonly string[]): Promise<readonly StoredCluster[]>;
  /** Who has one of the uids, revoked ones too, or one of the agents' public keys, among those that are not revoked. */
  holding(claimed: {
    readonly uids: readonly ClusterUid[];
    readonly publicKeys: readonly string[];
  }): Promise<readonly StoredCluster[]>;
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
  /**
   * Registers clusters as joined, by the keys that their agents have, in one statement. Whose uid or key somebody has is the
   * caller's to ask. @throws RejectedError `name-taken`.
   */
  takeOver(clusters: readonly TakenOver[], agents: { readonly protocol: number; readonly now: number }): Promise<void>;
  setLabels(uid: ClusterUid, labels: Labels): Promise<void>;
  /** The same of many, in one statement. */
  setLabelsOf(labels: ReadonlyMap<ClusterUid, Labels>): Promise<void>;
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
