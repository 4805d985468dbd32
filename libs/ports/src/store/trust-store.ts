import type { ClusterUid, Trust } from '#domain';

/** A cluster that is to believe the hub. */
export interface TrustHolder {
  readonly uid: ClusterUid;
  readonly name: string;
  readonly online: boolean;
  readonly seenAt: number | null;
  readonly agentVersion: string | null;
  /** Generation of the document that its agent said last it holds; 0: none, or it has just joined. */
  readonly held: number;
}

export interface TrustStore {
  /** Null: the hub has never been started with a key. */
  get(): Promise<Trust | null>;
  /** The same, locked for this transaction, waiting for whoever holds it. */
  lock(): Promise<Trust | null>;
  put(trust: Trust): Promise<void>;
  /** What agents said they hold; whoever is unknown is passed over. 500 in one statement, some ms; less where nothing changed. */
  setHeld(said: readonly { readonly uid: ClusterUid; readonly generation: number }[]): Promise<void>;
  /** All that joined and are not revoked, by name. */
  holders(): Promise<readonly TrustHolder[]>;
}
