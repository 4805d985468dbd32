import type { JsonObject } from '#domain';

export type ResourceKind = 'Source' | 'Application' | 'Strategy' | 'Policy' | 'Fleet';

/** A declared object: `spec` as its user wrote it, checked by the contract's schema before it came here. */
export interface StoredResource {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly spec: JsonObject;
  /** Raised by each change of spec, from 1. */
  readonly generation: number;
  /** What the hub found out about it: last commit, errors, holds. */
  readonly status: JsonObject;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface ResourceStore {
  get(kind: ResourceKind, name: string): Promise<StoredResource | null>;
  list(kind: ResourceKind): Promise<readonly StoredResource[]>;
  /** Equal specs change nothing. */
  put(kind: ResourceKind, name: string, spec: JsonObject, now: number): Promise<'created' | 'configured' | 'unchanged'>;
  /** Replaces the status; writes nothing where it is equal. */
  setStatus(kind: ResourceKind, name: string, status: JsonObject): Promise<void>;
  /** The same of many of one kind, in one statement. */
  setStatuses(kind: ResourceKind, statuses: ReadonlyMap<string, JsonObject>): Promise<void>;
  delete(kind: ResourceKind, name: string): Promise<boolean>;
}
