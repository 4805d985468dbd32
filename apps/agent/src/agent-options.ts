import type { Logger } from '#kit';
import type { AgentBus, Clock, Kube } from '#ports';

/** Where the agent joins. Read only until the cluster holds an identity, or when the token is another one than it joined with. */
export interface HubAddress {
  /** `https://hub.example.com`; plain http is let through for a loopback host alone. */
  readonly url: string;
  /** PEM of the authority that the hub's certificate is held to; the system's own where it is absent. */
  readonly ca?: string;
  /** The one-time join token; absent once joined. */
  readonly token?: string;
}

/** What a connection to the bus is made of. `credential` is asked at every connect: renewals change it. */
export interface BusIdentity {
  readonly cluster: string;
  /** Asked at every connect: a renewal may tell of other ones. */
  readonly urls: readonly string[];
  /** PEM as pinned now; asked at every connect, as the hub may tell of another. */
  readonly ca: () => string;
  /** The agent's nkey seed. A secret. */
  readonly seed: string;
  /** The user JWT as it is now. */
  readonly credential: () => string;
  /** The broker refused the credential: it expired, or was revoked. */
  readonly onAuthExpired: () => void;
}

/** A bus that is there at once, connected or not. */
export interface OpenedBus extends AgentBus {
  /** Resolves at the first connection; never rejects. */
  readonly ready: Promise<void>;
  /** Tries again now: there is a new credential. */
  retryNow(): void;
}

export type OpenBus = (identity: BusIdentity) => OpenedBus;

/** All in milliseconds. Every period gets a jitter of its own. */
export interface AgentTiming {
  /** Between fetches of the manifest with no nudge; 30 min. */
  readonly manifestMs: number;
  /** Between full dry-runs of everything; 1 h. */
  readonly verifyMs: number;
  /** Most that a bundle's fetch waits after a reconnect; 30 s. Never after a nudge or at start. */
  readonly reconnectSpreadMs: number;
  /** First wait after a failure, doubled up to `retryMaxMs`; 1 s. */
  readonly retryMs: number;
  /** 60 s. */
  readonly retryMaxMs: number;
  /** How long a workload may be without being healthy before its pods are looked at; 500 ms. */
  readonly podsAfterMs: number;
  /** Silence after which a watch is opened anew; 5 min. */
  readonly watchIdleMs: number;
  /** In place of what the hub's join answer says. */
  readonly heartbeatMs?: number;
}

export const defaultTiming: AgentTiming = {
  manifestMs: 30 * 60_000,
  verifyMs: 60 * 60_000,
  reconnectSpreadMs: 30_000,
  retryMs: 1_000,
  retryMaxMs: 60_000,
  podsAfterMs: 500,
  watchIdleMs: 5 * 60_000,
};

export interface AgentOptions {
  /** The cluster's API; stays the caller's to close. */
  readonly kube: Kube;
  readonly hub: HubAddress;
  /** The agent's own version, as told to the hub. */
  readonly version: string;
  readonly logger: Logger;
  /** Where its own Secrets are; `flotilla-system` unless told. The namespace must exist. */
  readonly namespace?: string;
  /** The namespaces that it is kept to; the whole cluster unless told. */
  readonly namespaces?: readonly string[];
  /** `instant`: verify and fetch for real, then report healthy with nothing applied (to measure a hub). Default `apply`. */
  readonly mode?: 'apply' | 'instant';
  /** NATS unless told. */
  readonly openBus?: OpenBus;
  readonly clock?: Clock;
  /** From 0 to below 1; Math.random unless told. */
  readonly random?: () => number;
  readonly timing?: Partial<AgentTiming>;
  /** Gives up a join that is still going on. */
  readonly signal?: AbortSignal;
}

export interface AgentState {
  readonly connected: boolean;
  /** Sequence of the manifest that it holds; 0: none yet. */
  readonly sequence: number;
  readonly boot: number;
  readonly applications: Readonly<Record<string, { readonly generation: number; readonly phase: string }>>;
}

export interface Agent {
  /** The cluster's UID, as the hub gave it. */
  readonly cluster: string;
  state(): AgentState;
  /** Ends everything that it started, within a second or two; what is in the cluster stays. */
  stop(): Promise<void>;
}
