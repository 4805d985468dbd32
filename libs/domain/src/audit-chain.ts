import { canonicalJson, sha256 } from './canonical-json.js';
import type { JsonObject } from './json.js';

/** One act of a person, or of the hub itself. */
export interface AuditEntry {
  /** Milliseconds since the epoch, hub clock. */
  readonly at: number;
  /** `token:<name>` or `system`. */
  readonly actor: string;
  /** `apply`, `delete`, `cluster.add`, `rollout.pause`, … */
  readonly act: string;
  /** `Application/web`, `Cluster/eu-1`, … */
  readonly object: string;
  readonly reason?: string;
  /** Never a secret's value. */
  readonly detail?: JsonObject;
}

/** An entry in its place: it holds what the one before it hashed to, so that none can be changed, left out or put in unseen. */
export interface ChainedEntry extends AuditEntry {
  /** Rising, not without gaps. */
  readonly id: number;
  /** Hash of the entry before; AUDIT_GENESIS for the first. */
  readonly previous: string;
  /** auditHash of `previous` and the entry. */
  readonly hash: string;
}

export const AUDIT_GENESIS = '0'.repeat(64);

/** SHA-256 over an entry and the hash before it. Kept as it is for ever: what was written by an older release must still verify. */
export function auditHash(previous: string, { at, actor, act, object, reason, detail }: AuditEntry): string {
  return sha256(canonicalJson({ previous, at, actor, act, object, reason, detail }));
}

/** What is wrong with a chain, and where. */
export interface ChainFault {
  /** Of the entry at which it shows. */
  readonly id: number;
  readonly message: string;
}

/** Goes over a chain, oldest first, one entry at a time. */
export class ChainVerifier {
  private last: Pick<ChainedEntry, 'id' | 'hash'> | null = null;
  private total = 0;
  private isKnownSeen = false;

  /** @param known a hash that was noted down earlier: the chain must still hold it. */
  constructor(private readonly known: string | null = null) {}

  /** How many entries were looked at. */
  get count(): number {
    return this.total;
  }

  /** Hash of the newest; AUDIT_GENESIS: there is none. Noted down elsewhere, it tells later whether the end was cut off. */
  get head(): string {
    return this.last?.hash ?? AUDIT_GENESIS;
  }

  /** Null: it fits. After a fault the rest says nothing more. */
  take(entry: ChainedEntry): ChainFault | null {
    const { id, previous, hash } = entry;
    const { last } = this;
    const fault = (message: string): ChainFault => ({ id, message });
    if (last !== null && id <= last.id) return fault(`entry ${id} comes after entry ${last.id}: the order was changed`);
    if (previous !== this.head) {
      const before = last === null ? 'the first entry' : `entry ${last.id}`;
      return fault(
        last === null
          ? `entry ${id} is ${before} and names another before it: the beginning is missing`
          : `entry ${id} does not follow ${before}: something between them was removed, put in or changed`,
      );
    }
    if (auditHash(previous, entry) !== hash) return fault(`entry ${id} is not what was written: its hash differs`);
    this.last = { id, hash };
    this.total += 1;
    this.isKnownSeen ||= hash === this.known;
    return null;
  }

  /** After the last entry: what only the end can tell; null: nothing is wrong. */
  end(): ChainFault | null {
    if (this.known === null || this.isKnownSeen || this.known === AUDIT_GENESIS) return null;
    return {
      id: this.last?.id ?? 0,
      message: `no entry has the hash ${this.known}: entries were removed from the end, or it is of another hub`,
    };
  }
}
