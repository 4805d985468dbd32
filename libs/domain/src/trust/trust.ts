import type { ClusterUid } from '../cluster.js';

/**
 * One key or authority on its way: told to agents as `next`, used as `current` once all of them hold it, then `old` for as long as
 * it is still shown somewhere, and `gone` when it is in no document any more, until whoever keeps it has dropped it too.
 */
export interface TrustEntry {
  /** Of its public part alone: the start of that one's SHA-256. */
  readonly id: string;
  readonly state: 'next' | 'current' | 'old' | 'gone';
  /** Generation of the document that told of it first. */
  readonly since: number;
}

/**
 * Whom agents are to believe, by ids: the public parts come from whoever holds the private ones, so that a database that was
 * tampered with can name no key of its own.
 */
export interface Trust {
  /** Of the document that agents are to hold; raised whenever what it says changes. */
  readonly generation: number;
  /** What signs manifests. One is current. */
  readonly keys: readonly TrustEntry[];
  /** The hub's own authorities. One is current, or there is none where nothing shows a certificate of theirs. */
  readonly authorities: readonly TrustEntry[];
  /** SHA-256 of the PEM of authorities that are not the hub's own; empty: there are none. */
  readonly outside: string;
  /** Clusters that are not waited for: each of them must be joined again. */
  readonly without: readonly ClusterUid[];
}

/** What is the case around a Trust. */
export interface TrustWorld {
  readonly keys: {
    /** What the signer holds, in its order: the first is what whoever keeps it wants to be used. */
    readonly ids: readonly string[];
    /** `outside`: somebody else orders them, and none but the first is ever made current. */
    readonly kept: 'hub' | 'outside';
  };
  /** Authorities whose key the hub has, in the order of their file; none where nothing shows a certificate of theirs. */
  readonly authorities: readonly string[];
  /** Authorities of the certificates that the API and the bus show at this moment; null: not all of them could be looked at. */
  readonly shown: readonly string[] | null;
  readonly outside: string;
  /** Those that joined, with the generation of the document that each said last it holds; 0: none. */
  readonly clusters: readonly { readonly uid: ClusterUid; readonly held: number }[];
}

export type TrustAct = 'announced' | 'withdrawn' | 'switched' | 'retired';

/** What a step did, for the audit and for who waits. */
export interface TrustChange {
  readonly act: TrustAct;
  readonly what: 'manifest-key' | 'ca';
  readonly id: string;
}

export interface TrustStep {
  readonly trust: Trust;
  readonly changes: readonly TrustChange[];
}
