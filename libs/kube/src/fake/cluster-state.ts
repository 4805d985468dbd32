import { type Admission } from './admission.js';
import { type KindInfo } from './kinds.js';
import { type KindRegistry } from './kind-registry.js';
import { type ObjectStore } from './object-store.js';

/** What every part of one simulated cluster shares. */
export interface ClusterState {
  readonly store: ObjectStore;
  readonly kinds: KindRegistry;
  readonly admission: Admission;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** One request, as the transport understood it. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  /** Names the field manager where the query doesn't. */
  readonly userAgent?: string;
  /** As whom, where that is somebody else than the client itself. */
  readonly user?: string;
}

export interface ApiAnswer {
  readonly status: number;
  /** JSON text. */
  readonly body: string;
}

/** A request for a resource, resolved. */
export interface ResourceRequest extends ApiRequest {
  readonly kind: KindInfo;
  readonly namespace: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** `2026-11-21T12:00:00Z`: whole seconds, as Kubernetes writes times. */
export function timestamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}
