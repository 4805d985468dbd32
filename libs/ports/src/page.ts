import type { Scope } from '#domain';

/** A page: `next` is an opaque cursor, absent on the last one. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

export interface PageRequest {
  /** 1 to 1,000; 100 unless told. */
  readonly limit?: number;
  readonly after?: string;
}

/** Only what those scopes hold; absent: all. An empty list of scopes holds nothing. */
export interface ScopedRequest extends PageRequest {
  readonly scopes?: readonly Scope[] | undefined;
}
