import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { toSubject } from '#contract';
import { sha256, type Grant } from '#domain';
import { RejectedError } from '#kit';
import type { Clock, SessionOwner, Store, StoredSession, Unit } from '#ports';
import { CLOCK, SETTINGS, STORE, type HubSettings } from '../../parts.js';
import type { Identity } from '../access/identifier.js';
import { audit } from '../audit.js';

/** For so long a session and its rights are believed without asking the database again; what is taken away is gone within it. */
const BELIEVED_MS = 2000;
const MAX_BELIEVED = 1000;

export interface NewSession {
  readonly via: StoredSession['via'];
  readonly actor: string;
  readonly owner: SessionOwner;
  readonly parent?: string | null;
  /** It ends then at the latest; null: as all do. */
  readonly endsAt?: number | null;
}

/** Whose session a secret is of, and what they may do now. */
export interface KnownSession {
  readonly session: StoredSession;
  readonly identity: Identity;
}

/** People who are signed in: sessions begin and end here, and are told by their secrets. */
@Injectable()
export class Sessions {
  private readonly believed = new Map<string, KnownSession & { readonly until: number }>();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: HubSettings,
  ) {}

  /** In the caller's transaction; the secret exists only in the answer. */
  async begin(
    unit: Unit,
    { via, actor, owner, parent, endsAt }: NewSession,
  ): Promise<{ secret: string; expiresAt: number }> {
    const now = this.clock.now();
    const expiresAt = Math.min(now + this.settings.login.lifetimeMs, endsAt ?? Infinity);
    const secret = `${PREFIX[via]}${randomBytes(32).toString('base64url')}`;
    const id = uuid();
    await unit.sessions.add({
      id,
      hash: sha256(secret),
      via,
      actor,
      owner,
      parent: parent ?? null,
      createdAt: now,
      expiresAt,
    });
    await audit(unit, { now, caller: { actor } }, 'session.begin', `Session/${id}`, { detail: { via } });
    return { secret, expiresAt };
  }

  /**
   * Null: no secret of that sort of session.
   * @throws RejectedError (401) `bad-credential`
   */
  async identify(secret: string | undefined, via: StoredSession['via']): Promise<KnownSession | null> {
    if (secret === undefined || !SHAPE[via].test(secret)) return null;
    const now = this.clock.now();
    const hash = sha256(secret);
    const known = this.believed.get(hash);
    if (known !== undefined && known.until > now && known.session.expiresAt > now) return known;
    this.believed.delete(hash);
    const session = await this.store.read.sessions.byHash(hash);
    const isOver = session === null || session.expiresAt <= now || session.usedAt + this.settings.login.idleMs <= now;
    const rights = isOver || session.via !== via ? null : await this.rightsOf(session.owner, now);
    if (isOver || rights === null) {
      throw new RejectedError('bad-credential', 'The session is over: sign in again', { status: 401 });
    }
    await this.store.read.sessions.touch(session.id, now);
    const { actor } = session;
    const found = { session, identity: { actor, ...rights, via: 'session' as const, id: `session:${session.id}` } };
    if (this.believed.size >= MAX_BELIEVED) this.believed.clear();
    this.believed.set(hash, { ...found, until: now + BELIEVED_MS });
    return found;
  }

  /** False: there is no such session. */
  async end(id: string, by: string): Promise<boolean> {
    const ended = await this.store.transact(async (unit) => {
      const session = await unit.sessions.end(id);
      if (session === null) return false;
      const detail = { of: session.actor, via: session.via };
      await audit(unit, { now: this.clock.now(), caller: { actor: by } }, 'session.end', `Session/${id}`, { detail });
      return true;
    });
    // Those that were made from it as well, and there are few enough to ask for all of them anew.
    if (ended) this.believed.clear();
    return ended;
  }

  /** Null: the token that it stands for is over. */
  private async rightsOf(
    owner: SessionOwner,
    now: number,
  ): Promise<{ email: string | null; grants: readonly Grant[] } | null> {
    if (owner.kind === 'person') {
      const { subject, email, groups } = owner;
      const names = email === null ? [subject] : [subject, email];
      const users = names.map((value) => toSubject({ kind: 'user', value }).value);
      const grants = await this.store.read.grants.of({ users, groups });
      return { email, grants: grants.map(({ role, scope }) => ({ role, scope })) };
    }
    const token = await this.store.read.tokens.byId(owner.tokenId);
    if (token === null || token.revokedAt !== null || (token.expiresAt !== null && token.expiresAt <= now)) return null;
    return { email: token.email, grants: [{ role: token.role, scope: token.scope }] };
  }
}

/** Told apart by their looks, and by the log, which shows neither. */
const PREFIX = { cli: 'fs_', browser: 'fb_' } as const;
const SHAPE = { cli: /^fs_[A-Za-z0-9_-]{43}$/, browser: /^fb_[A-Za-z0-9_-]{43}$/ } as const;
