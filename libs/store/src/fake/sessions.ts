import { MAX_SESSIONS, type LoginCode, type LoginCodeStore, type SessionStore, type StoredSession } from '#ports';
import { byKeys, kept } from './memory.js';
import type { Run, Session } from './session.js';

const TOUCH_MS = 60_000;

export function fakeSessions(run: Run): SessionStore {
  const shown = ({ hash: _hash, ...session }: StoredSession & { hash: string }): StoredSession => session;
  const newestFirst = <Row extends StoredSession>(rows: readonly Row[]): Row[] =>
    [...rows].sort(byKeys<Row>(({ createdAt, id }) => [createdAt, id])).reverse();
  const drop = (session: Session, id: string): void => {
    const { tables } = session;
    for (const each of tables.sessions.rows()) if (each.parent === id) drop(session, each.id);
    tables.sessions.delete(id);
  };
  return {
    add: (session) =>
      run((run_) => {
        const { sessions } = run_.tables;
        for (const each of sessions.rows()) if (each.expiresAt <= session.createdAt) drop(run_, each.id);
        const own = newestFirst(sessions.rows().filter(({ actor }) => actor === session.actor));
        for (const each of own.slice(MAX_SESSIONS - 1)) drop(run_, each.id);
        sessions.set(session.id, kept({ ...session, usedAt: session.createdAt }));
      }),
    byHash: (hash) =>
      run(({ tables }) => {
        const found = tables.sessions.rows().find((each) => each.hash === hash);
        return found === undefined ? null : shown(found);
      }),
    byId: (id) =>
      run(({ tables }) => {
        const found = tables.sessions.get(id);
        return found === undefined ? null : shown(found);
      }),
    list: (now) =>
      run(({ tables }) =>
        newestFirst(tables.sessions.rows().filter(({ expiresAt }) => expiresAt > now))
          .slice(0, 1000)
          .map(shown),
      ),
    touch: (id, now) =>
      run(({ tables }) => {
        const session = tables.sessions.get(id);
        if (session === undefined || session.usedAt > now - TOUCH_MS) return;
        tables.sessions.set(id, { ...session, usedAt: now });
      }),
    end: (id) =>
      run((session) => {
        const found = session.tables.sessions.get(id);
        if (found === undefined) return null;
        drop(session, id);
        return shown(found);
      }),
  };
}

export function fakeLoginCodes(run: Run): LoginCodeStore {
  return {
    add: ({ hash, code, expiresAt, now }) =>
      run(async (session) => {
        await session.lock(`login code ${hash}`);
        const { loginCodes } = session.tables;
        const before = loginCodes.get(hash);
        if (before !== undefined && before.expiresAt > now) return false;
        loginCodes.set(hash, kept({ code, expiresAt }));
        return true;
      }),
    take: <Purpose extends LoginCode['purpose']>(hash: string, purpose: Purpose, now: number) =>
      run(async (session) => {
        await session.lock(`login code ${hash}`);
        const { loginCodes } = session.tables;
        const found = loginCodes.get(hash);
        if (found === undefined || found.code.purpose !== purpose || found.expiresAt <= now) return null;
        loginCodes.delete(hash);
        return found.code as Extract<LoginCode, { purpose: Purpose }>;
      }),
  };
}
