import { expect, it } from '@jest/globals';
import type { StoreTest } from './opened-store.js';
import { tokenOf } from './samples.js';

export function tokens(test: StoreTest): void {
  it('finds a token by its hash alone, and never shows the hash', () =>
    test(async ({ store: { read } }) => {
      const { hash, ...token } = tokenOf('t1', { email: 'ada@example.com', role: 'admin', expiresAt: 99 });
      await read.tokens.add({ ...token, hash });
      const stored = { ...token, lastUsedAt: null, revokedAt: null };
      expect(await read.tokens.list()).toEqual([stored]);
      expect(await read.tokens.byHash(hash)).toEqual(stored);
      expect(await read.tokens.byHash('t1')).toBeNull();
      expect(await read.tokens.byId('t1')).toEqual(stored);
      expect(await read.tokens.byId(hash)).toBeNull();
      const scope = { clusters: { matchLabels: { env: 'dev' } }, applications: ['web', 'web-*'] };
      await read.tokens.add(tokenOf('t0', { scope, createdAt: 2 }));
      expect((await read.tokens.byHash('hash of t0'))?.scope).toEqual(scope);
      expect((await read.tokens.list())[1]).toMatchObject({ id: 't0', scope });
    }));

  it('refuses a name that is taken, until its token is revoked', () =>
    test(async ({ store: { read } }) => {
      await read.tokens.add(tokenOf('t1', { name: 'ci' }));
      const second = tokenOf('t2', { name: 'ci' });
      await expect(read.tokens.add(second)).rejects.toMatchObject({ kind: 'rejected', code: 'name-taken' });
      expect(await read.tokens.revoke('t1', 50)).toBe(true);
      expect(await read.tokens.revoke('t1', 60)).toBe(false);
      expect(await read.tokens.revoke('unknown', 60)).toBe(false);
      await read.tokens.add(second);
      expect((await read.tokens.byHash('hash of t1'))?.revokedAt).toBe(50);
      expect((await read.tokens.list()).map((each) => [each.id, each.revokedAt])).toEqual([
        ['t1', 50],
        ['t2', null],
      ]);
    }));

  it('notes a use at most once a minute', () =>
    test(async ({ store: { read } }) => {
      await read.tokens.add(tokenOf('t1'));
      const lastUse = async (): Promise<number | null | undefined> =>
        (await read.tokens.byHash('hash of t1'))?.lastUsedAt;
      await read.tokens.touch('t1', 100_000);
      await read.tokens.touch('t1', 159_999);
      expect(await lastUse()).toBe(100_000);
      await read.tokens.touch('t1', 160_000);
      expect(await lastUse()).toBe(160_000);
      await read.tokens.touch('unknown', 1);
    }));
}
