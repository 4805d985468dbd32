import type { Withdrawal } from '#domain';

/** A cluster leaves the fleet: its agent takes down what it holds, and then the registration ends. */
export interface ClusterLeaving {
  readonly since: number;
  /** `token:<name>`. */
  readonly by: string;
  /** What its agent said last of how far it came; null: nothing yet. */
  readonly told: Withdrawal | null;
}

/** A key whose credentials ended. */
export interface Revocation {
  /** The agent's public nkey. */
  readonly publicKey: string;
  readonly at: number;
}

/** Keys that the bus must refuse: written in the transaction that ended them, and pushed until the bus has them. */
export interface RevocationStore {
  /** A key that is there already stays as it is. */
  add(revocation: Revocation): Promise<void>;
  /** Whether the key was ever revoked. */
  has(publicKey: string): Promise<boolean>;
  /** Which of the keys were. */
  among(publicKeys: readonly string[]): Promise<ReadonlySet<string>>;
  /** Those that the bus does not have yet, oldest first. */
  pending(limit: number): Promise<readonly Revocation[]>;
  /** Those of that moment or later that the bus was told of. */
  since(at: number): Promise<readonly Revocation[]>;
  pushed(publicKeys: readonly string[], now: number): Promise<void>;
}
