import type { AuditStore, SettingStore, StoredToken, TokenStore } from '#ports';
import { RejectedError } from '#kit';
import { oneNumber } from '../page-cursor.js';
import { byKeys, kept } from './memory.js';
import { pageOf } from './page-of.js';
import type { Run } from './session.js';

const TOUCH_MS = 60_000;

export function fakeTokens(run: Run): TokenStore {
  const withoutHash = ({ hash, ...token }: StoredToken & { hash: string }): StoredToken => token;
  return {
    add: (token) =>
      run(async (session) => {
        await session.lock(`token ${token.name}`);
        const { tokens } = session.tables;
        if (tokens.rows().some((each) => each.name === token.name && each.revokedAt === null)) {
          throw new RejectedError(
            'name-taken',
            `name: a token named ${token.name} exists already; choose another name or revoke that one first.`,
            { status: 409 },
          );
        }
        tokens.set(token.id, kept({ ...token, lastUsedAt: null, revokedAt: null }));
      }),
    byHash: (hash) =>
      run(({ tables }) => {
        const found = tables.tokens.rows().find((token) => token.hash === hash);
        return found === undefined ? null : withoutHash(found);
      }),
    byId: (id) =>
      run(({ tables }) => {
        const found = tables.tokens.get(id);
        return found === undefined ? null : withoutHash(found);
      }),
    list: () =>
      run(({ tables }) =>
        tables.tokens
          .rows()
          .map(withoutHash)
          .sort(byKeys((token) => [token.createdAt, token.id])),
      ),
    revoke: (id, now) =>
      run(({ tables }) => {
        const token = tables.tokens.get(id);
        if (token === undefined || token.revokedAt !== null) return false;
        tables.tokens.set(id, { ...token, revokedAt: now });
        return true;
      }),
    touch: (id, now) =>
      run(({ tables }) => {
        const token = tables.tokens.get(id);
        if (token === undefined || (token.lastUsedAt !== null && token.lastUsedAt > now - TOUCH_MS)) return;
        tables.tokens.set(id, { ...token, lastUsedAt: now });
      }),
  };
}

export function fakeAudit(run: Run): AuditStore {
  return {
    append: (entry) => run((session) => session.appendAudit(entry)),
    list: (query, order = 'newest') =>
      run(({ memory }) => {
        const { actor = '', act = '', object = '', from, to } = query;
        const found = memory.audit
          .filter((each) => each.actor.startsWith(actor) && each.act.startsWith(act) && each.object.startsWith(object))
          .filter(({ at }) => at >= (from ?? at) && (to === undefined || at < to));
        return pageOf(found, query, oneNumber, (entry) => [entry.id], order === 'newest' ? 'backwards' : 'forwards');
      }),
  };
}

export function fakeSettings(run: Run): SettingStore {
  return {
    get: (key) => run(({ tables }) => tables.settings.get(key) ?? null),
    of: (keys) =>
      run(({ tables }) => {
        const found = keys.map((key) => [key, tables.settings.get(key)] as const);
        return new Map(found.filter((each): each is [string, string] => each[1] !== undefined));
      }),
    set: (key, value) => run(({ tables }) => tables.settings.set(key, value)),
  };
}
