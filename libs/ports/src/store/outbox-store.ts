import type { ClusterState, ClusterUid, TargetRow } from '#domain';

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
