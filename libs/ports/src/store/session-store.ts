/** Somebody whom the identity provider named when they signed in. */
export interface SignedInPerson {
  readonly kind: 'person';
  /** The provider's own name of them, which never changes. */
  readonly subject: string;
  readonly email: string | null;
  /** As the provider told at the sign-in: a change there counts from the next one on. */
  readonly groups: readonly string[];
}

/** Whoever holds an API token, with its rights for as long as it has them. */
export interface TokenHolder {
  readonly kind: 'token';
  readonly tokenId: string;
}

export type SessionOwner = SignedInPerson | TokenHolder;

/** Somebody who is signed in: in a browser by a cookie, on a command line by a token of the session's own. */
export interface StoredSession {
  readonly id: string;
  readonly via: 'browser' | 'cli';
  /** As the history and the audit have them: `user:<mail address>` or `token:<name>`. */
  readonly actor: string;
  readonly owner: SessionOwner;
  /** The session that it was made from and ends with; null: it was made by a sign-in or a token. */
  readonly parent: string | null;
  readonly createdAt: number;
  /** It ends then, however much it is used. */
  readonly expiresAt: number;
  readonly usedAt: number;
}

export interface SessionStore {
  /**
   * Keeps a session under the SHA-256 of its secret. Those whose time is over are dropped, and of one actor the oldest beyond
   * `MAX_SESSIONS` as well.
   */
  add(session: Omit<StoredSession, 'usedAt'> & { readonly hash: string }): Promise<void>;
  /** Also one that is over: who reads looks at its times. */
  byHash(hash: string): Promise<StoredSession | null>;
  byId(id: string): Promise<StoredSession | null>;
  /** Newest first: those that are not over at `now`. */
  list(now: number): Promise<readonly StoredSession[]>;
  /** At most once a minute per session. */
  touch(id: string, now: number): Promise<void>;
  /** With those that were made from it. What it was; null: there is none. */
  end(id: string): Promise<StoredSession | null>;
}

/** Live sessions of one actor. */
export const MAX_SESSIONS = 50;

/** What a code is good for, once. */
export type LoginCode =
  /** An answer of the identity provider that was taken. */
  | { readonly purpose: 'state' }
  /** A command line that waits for its person: `challenge` is the SHA-256 of what only it knows, base64url. */
  | { readonly purpose: 'cli'; readonly challenge: string; readonly actor: string; readonly owner: SessionOwner }
  /** A browser that a caller opens. */
  | {
      readonly purpose: 'link';
      readonly actor: string;
      readonly owner: SessionOwner;
      readonly parent: string | null;
      /** The session ends then at the latest; null: as all do. */
      readonly endsAt: number | null;
    };

export interface LoginCodeStore {
  /** Keeps it under its SHA-256. Codes whose time is over are dropped. False: that code is there already. */
  add(code: {
    readonly hash: string;
    readonly code: LoginCode;
    readonly expiresAt: number;
    readonly now: number;
  }): Promise<boolean>;
  /** Takes it out: whoever comes second, or too late, or with it for another purpose, gets null. */
  take<Purpose extends LoginCode['purpose']>(
    hash: string,
    purpose: Purpose,
    now: number,
  ): Promise<Extract<LoginCode, { purpose: Purpose }> | null>;
}
