import type { ClusterUid } from '#domain';

export interface StatusMessage {
  readonly cluster: ClusterUid;
  readonly application: string;
  readonly body: Uint8Array;
}

export interface HeartbeatMessage {
  readonly cluster: ClusterUid;
  readonly body: Uint8Array;
}

export type PutManifestResult =
  | { readonly ok: true; readonly revision: number }
  /** Another hub wrote in between: what is there now. Revision 0 and an empty body where it was deleted. */
  | { readonly ok: false; readonly revision: number; readonly current: Uint8Array };

/** What the hub needs of NATS. Subjects take the cluster's UID, known to the broker by the agent's credential. */
export interface HubBus {
  /**
   * Writes a cluster's manifest where the key's revision is `expectedRevision` (0: no key yet), which also republishes it to
   * the cluster's down subject.
   */
  putManifest(cluster: ClusterUid, envelope: Uint8Array, expectedRevision: number): Promise<PutManifestResult>;
  getManifest(cluster: ClusterUid): Promise<{ readonly revision: number; readonly envelope: Uint8Array } | null>;
  /** Also what the cluster has reported: it is for one whose registration ended. */
  deleteManifest(cluster: ClusterUid): Promise<void>;

  /** Writes a gzipped bundle in chunks; a digest that is there already is left alone. Returns the number of chunks. */
  putBundle(digest: string, gzipped: Uint8Array): Promise<number>;
  hasBundle(digest: string): Promise<boolean>;
  /** Every bundle on the bus with its count of chunks; 0: it was half written. */
  listBundles(): Promise<ReadonlyMap<string, number>>;
  deleteBundle(digest: string): Promise<void>;

  /**
   * Pulls status messages in batches of at most 500; a batch is acknowledged only when `handle` has resolved, and comes again
   * when it rejects. One durable consumer is shared by all hubs.
   */
  consumeStatus(handle: (batch: readonly StatusMessage[]) => Promise<void>): Promise<{ stop(): Promise<void> }>;
  /** Resolves when everything that was in the status stream at the time of the call has been handled. */
  drainStatus(): Promise<void>;

  onHeartbeat(handle: (message: HeartbeatMessage) => void): void;
  /** A hint that an agent's connection went away. */
  onDisconnect(handle: (cluster: ClusterUid) => void): void;
  /** Asks the agent to read its manifest again and to send a heartbeat. */
  nudge(cluster: ClusterUid): void;
  /**
   * Asks a cluster's agent and resolves with its answer, uncompressed and otherwise unlooked at: whoever has the agent's key may
   * have written it. `envelope` is the signed ask, `id` the one in it: 32 hexadecimal digits, never used before.
   * `timeoutMs` (10 s unless told) is how long the agent may be silent, until the first part of its answer and between two.
   * @throws RetryableError `agent-silent`, `bus-disconnected`, `asks-busy` (16 agents are being asked by this hub);
   * RejectedError `answer-invalid`, `too-large`
   */
  ask(
    cluster: ClusterUid,
    id: string,
    envelope: Uint8Array,
    options?: { readonly timeoutMs?: number },
  ): Promise<Uint8Array>;
  /** An agent's request to renew its credential while it is valid: answers with the new credential. */
  onRenew(handle: (cluster: ClusterUid) => Promise<string>): void;

  /** Signs a credential for an agent's public key, valid for `ttlSeconds` (default 24 h), scoped to its cluster. */
  mintCredential(cluster: ClusterUid, agentPublicKey: string, ttlSeconds?: number): Promise<string>;
  /** Ends every credential of that key, now and after a restart; its connection drops. */
  revokeCredential(agentPublicKey: string): Promise<void>;

  /** Called at each reconnect, with how long the connection was down in milliseconds. */
  onReconnect(handle: (downMs: number) => void): void;
  connected(): boolean;
  close(): Promise<void>;
}

/** What an agent needs of NATS, all of it scoped to its own cluster by its credential. */
export interface AgentBus {
  /** The signed manifest's bytes; null when the hub has written none. */
  fetchManifest(): Promise<Uint8Array | null>;
  /** A down message came that is no ask, of whatever content: read the manifest again. */
  onNudge(handle: () => void): void;
  /** An ask came, of at most 8 KiB; who wrote it is known only once its signature is. */
  onAsk(handle: (envelope: Uint8Array) => void): void;
  /**
   * Sends the answer to the ask of that id; resolves when it has left. Whether anybody still waits for it is not known.
   * @throws RejectedError `too-large` over MAX_ANSWER_BYTES; RetryableError `bus-disconnected`
   */
  publishAnswer(id: string, body: Uint8Array): Promise<void>;
  /** The gzipped bundle. @throws RetryableError `bundle-missing` when a chunk is not there. */
  fetchBundle(digest: string, chunks: number): Promise<Uint8Array>;
  /** Resolves when the broker has stored it. @throws RetryableError when it has not. */
  publishStatus(application: string, body: Uint8Array): Promise<void>;
  /** Fire and forget. */
  publishHeartbeat(body: Uint8Array): void;
  /** A new credential for the same key, while the present one is valid. */
  renewCredential(): Promise<string>;
  onReconnect(handle: () => void): void;
  connected(): boolean;
  close(): Promise<void>;
}
