import type { AuditEntry, ChainedEntry, Grant, GrantSubject, Role, Scope } from '#domain';
import type { Page, PageRequest } from '../page.js';

export interface StoredToken {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly role: Role;
  readonly scope: Scope;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
}

export interface TokenStore {
  /** @throws RejectedError `name-taken`. */
  add(token: Omit<StoredToken, 'lastUsedAt' | 'revokedAt'> & { hash: string }): Promise<void>;
  byHash(hash: string): Promise<StoredToken | null>;
  byId(id: string): Promise<StoredToken | null>;
  list(): Promise<readonly StoredToken[]>;
  revoke(id: string, now: number): Promise<boolean>;
  /** At most once a minute per token. */
  touch(id: string, now: number): Promise<void>;
}

/** What people who sign in may do, and where. */
export interface StoredGrant extends Grant {
  readonly name: string;
  readonly subject: GrantSubject;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly updatedAt: number;
  readonly updatedBy: string;
}

export interface GrantStore {
  /** Over one of the same name; equal ones change nothing. */
  put(
    grant: Pick<StoredGrant, 'name' | 'subject' | 'role' | 'scope'> & { readonly at: number; readonly by: string },
  ): Promise<'created' | 'changed' | 'unchanged'>;
  get(name: string): Promise<StoredGrant | null>;
  /** By name. */
  list(): Promise<readonly StoredGrant[]>;
  /** Those of one person: by any of their names and any of their groups, compared letter by letter. By name. */
  of(subject: {
    readonly users: readonly string[];
    readonly groups: readonly string[];
  }): Promise<readonly StoredGrant[]>;
  /** False: there is none. */
  remove(name: string): Promise<boolean>;
}

/** Texts are what an entry's begins with, letter by letter. */
export interface AuditQuery extends PageRequest {
  readonly actor?: string | undefined;
  readonly act?: string | undefined;
  readonly object?: string | undefined;
  /** From that time on. */
  readonly from?: number | undefined;
  /** Before that time. */
  readonly to?: number | undefined;
}

export interface AuditStore {
  /** Within a transaction: written as its last statement, so that what is next in the chain is only waited for while it commits. */
  append(entry: AuditEntry): Promise<void>;
  /** Newest first unless told. */
  list(query: AuditQuery, order?: 'newest' | 'oldest'): Promise<Page<ChainedEntry>>;
}

/** What lets the hub in at one Git host; all of it but the secret. */
export interface StoredCredential {
  readonly name: string;
  readonly kind: 'https' | 'ssh';
  readonly host: string;
  /** Of `https` alone. */
  readonly username: string | null;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly updatedAt: number;
  readonly updatedBy: string;
}

export interface CredentialStore {
  /** Over one of the same name. `sealed` can be opened with a key alone that the database does not have. */
  put(
    credential: Pick<StoredCredential, 'name' | 'kind' | 'host' | 'username'> & {
      readonly sealed: Uint8Array;
      readonly at: number;
      readonly by: string;
    },
  ): Promise<'created' | 'changed'>;
  open(name: string): Promise<(StoredCredential & { readonly sealed: Uint8Array }) | null>;
  /** By name. */
  list(): Promise<readonly StoredCredential[]>;
  /** False: there is none. */
  remove(name: string): Promise<boolean>;
}

/** A door at which a Git host tells of pushes; all of it but the secret. */
export interface StoredWebhook {
  readonly name: string;
  readonly provider: 'github' | 'gitlab' | 'gitea' | 'bitbucket' | 'generic';
  readonly createdAt: number;
  readonly createdBy: string;
  /** When its secret was made. */
  readonly changedAt: number;
  /** When it last told something that was its own; null: never. */
  readonly heardAt: number | null;
}

export interface WebhookStore {
  /** Null: one of that name is there already. */
  add(
    webhook: Pick<StoredWebhook, 'name' | 'provider'> & {
      readonly sealed: Uint8Array;
      readonly at: number;
      readonly by: string;
    },
  ): Promise<StoredWebhook | null>;
  /** Another secret; null: there is none of that name. */
  rotate(name: string, sealed: Uint8Array, at: number): Promise<StoredWebhook | null>;
  open(name: string): Promise<(StoredWebhook & { readonly sealed: Uint8Array }) | null>;
  heard(name: string, at: number): Promise<void>;
  /** By name. */
  list(): Promise<readonly StoredWebhook[]>;
  /** False: there is none. */
  remove(name: string): Promise<boolean>;
}
