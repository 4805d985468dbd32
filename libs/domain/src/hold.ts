/**
 * Why something waits, the same object in the engine, the API, the CLI and the page.
 * Stored holds stop assignment until they are cleared; derived ones only explain.
 */
export interface Hold {
  readonly code: HoldCode;
  /** One sentence for a person. */
  readonly message: string;
  /** Milliseconds since the epoch, hub clock. */
  readonly since: number;
  /** When it clears by itself, where that is known; milliseconds since the epoch. */
  readonly clearsAt?: number;
}

/** Stored in a rollout: while one of them is there, nothing new is assigned. `gate`: a gate said no. */
export type StoredHoldCode = 'user' | 'failures' | 'unreachable' | 'deletions' | 'noEvidence' | 'gate';

/** Derived from state: they only explain. */
export type DerivedHoldCode =
  | 'inFlight'
  | 'soak'
  | 'deferred'
  | 'approval'
  | 'schedule'
  | 'webhook'
  | 'metric'
  | 'window'
  | 'freeze'
  | 'clusterHold'
  | 'queued'
  | 'barred'
  | 'source'
  | 'fleet'
  | 'render'
  | 'validation'
  | 'placement'
  | 'promotion'
  | 'strategy'
  | 'manifest'
  | 'spec'
  | 'offline'
  | 'ended'
  | 'notJoined'
  | 'leaving'
  | 'idle';

export type HoldCode = StoredHoldCode | DerivedHoldCode;
