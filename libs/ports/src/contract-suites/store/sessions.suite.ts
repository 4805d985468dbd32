import { expect, it } from '@jest/globals';
import { MAX_SESSIONS, type LoginCode, type StoredSession } from '../../store/session-store.js';
import type { StoreTest } from './opened-store.js';

function sessionOf(id: string, more: Partial<StoredSession> = {}): Omit<StoredSession, 'usedAt'> & { hash: string } {
  return {
    id,
    hash: `hash of ${id}`,
    via: 'browser',
    actor: 'user:ada@example.com',
    owner: { kind: 'person', subject: 'ada', email: 'ada@example.com', groups: ['admins', 'ops'] },
    parent: null,
    createdAt: 1000,
    expiresAt: 9_000_000,
    ...more,
  };
}
const shown = ({ hash: _hash, ...session }: ReturnType<typeof sessionOf>): StoredSession => ({
  ...session,
  usedAt: session.createdAt,
});

export function sessions(test: StoreTest): void {
  it('finds a session by its hash alone, and never shows the hash', () =>
    test(async ({ store: { read } }) => {
      await read.sessions.add(sessionOf('s1'));
      const ofToken = sessionOf('s2', { via: 'cli', owner: { kind: 'token', tokenId: 't1' }, createdAt: 2000 });
      await read.sessions.add(ofToken);
      expect(await read.sessions.byHash('hash of s1')).toEqual(shown(sessionOf('s1')));
      expect(await read.sessions.byHash('s1')).toBeNull();
      expect(await read.sessions.byId('s2')).toEqual(shown(ofToken));
      expect(await read.sessions.byId('hash of s1')).toBeNull();
      expect(await read.sessions.list(1)).toEqual([shown(ofToken), shown(sessionOf('s1'))]);
      expect(await read.sessions.list(9_000_000)).toEqual([]);
    }));

  it('ends a session once, with those that were made from it', () =>
    test(async ({ store: { read } }) => {
      await read.sessions.add(sessionOf('s1'));
      await read.sessions.add(sessionOf('s2', { parent: 's1' }));
      await read.sessions.add(sessionOf('s4', { parent: 's2' }));
      await read.sessions.add(sessionOf('s3'));
      expect((await read.sessions.end('s1'))?.actor).toBe('user:ada@example.com');
      expect(await read.sessions.end('s1')).toBeNull();
      expect((await read.sessions.list(1)).map(({ id }) => id)).toEqual(['s3']);
    }));

  it('drops sessions whose time is over, and the oldest of somebody who has too many', () =>
    test(async ({ store: { read } }) => {
      await read.sessions.add(sessionOf('old', { actor: 'user:bo', expiresAt: 4000 }));
      for (let number = 0; number < MAX_SESSIONS + 2; number += 1) {
        await read.sessions.add(sessionOf(`s${number}`, { createdAt: 5000 + number }));
      }
      const left = (await read.sessions.list(0)).map(({ id }) => id);
      expect(left).toHaveLength(MAX_SESSIONS);
      expect(left).not.toContain('old');
      expect(left).not.toContain('s0');
      expect(left[0]).toBe(`s${MAX_SESSIONS + 1}`);
      expect(await read.sessions.byHash('hash of s1')).toBeNull();
    }));

  it('notes a use at most once a minute', () =>
    test(async ({ store: { read } }) => {
      await read.sessions.add(sessionOf('s1'));
      const usedAt = async (): Promise<number | undefined> => (await read.sessions.byHash('hash of s1'))?.usedAt;
      await read.sessions.touch('s1', 60_999);
      expect(await usedAt()).toBe(1000);
      await read.sessions.touch('s1', 61_000);
      expect(await usedAt()).toBe(61_000);
      await read.sessions.touch('unknown', 1);
    }));

  it('gives a code out once, in time, and for its purpose alone', () =>
    test(async ({ store: { read } }) => {
      const code: LoginCode = {
        purpose: 'cli',
        challenge: 'c'.repeat(43),
        actor: 'user:ada',
        owner: { kind: 'person', subject: 'ada', email: null, groups: [] },
      };
      expect(await read.loginCodes.add({ hash: 'h1', code, expiresAt: 100, now: 1 })).toBe(true);
      expect(await read.loginCodes.add({ hash: 'h1', code, expiresAt: 100, now: 1 })).toBe(false);
      expect(await read.loginCodes.take('h1', 'link', 50)).toBeNull();
      expect(await read.loginCodes.take('h1', 'cli', 100)).toBeNull();
      const both = await Promise.all([read.loginCodes.take('h1', 'cli', 99), read.loginCodes.take('h1', 'cli', 99)]);
      expect(both.filter((each) => each !== null)).toEqual([code]);
      expect(await read.loginCodes.take('h1', 'cli', 99)).toBeNull();
      expect(await read.loginCodes.add({ hash: 'h2', code: { purpose: 'state' }, expiresAt: 200, now: 150 })).toBe(
        true,
      );
      expect(await read.loginCodes.add({ hash: 'h2', code: { purpose: 'state' }, expiresAt: 400, now: 200 })).toBe(
        true,
      );
    }));

  it('brings back a code that a transaction took and did not keep', () =>
    test(async ({ store }) => {
      await store.read.loginCodes.add({ hash: 'h1', code: { purpose: 'state' }, expiresAt: 100, now: 1 });
      const failed = store.transact(async (unit) => {
        await unit.loginCodes.take('h1', 'state', 2);
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
      expect(await store.read.loginCodes.take('h1', 'state', 3)).toEqual({ purpose: 'state' });
    }));
}
