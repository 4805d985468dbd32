import { expect, it } from '@jest/globals';
import { EVERYWHERE } from '#domain';
import type { StoreTest } from './opened-store.js';

const shop = {
  name: 'shop',
  subject: { kind: 'group', value: 'Team Shop' },
  role: 'operator',
  scope: { clusters: { matchLabels: { env: 'dev' } }, applications: ['web', 'web-*'] },
} as const;

export function grants(test: StoreTest): void {
  it('keeps a grant once by its name, remembers who made it, and says what changed', () =>
    test(async ({ store: { read } }) => {
      expect(await read.grants.put({ ...shop, at: 1, by: 'token:ada' })).toBe('created');
      expect(await read.grants.put({ ...shop, at: 2, by: 'token:bob' })).toBe('unchanged');
      const stored = { ...shop, createdAt: 1, createdBy: 'token:ada', updatedAt: 1, updatedBy: 'token:ada' };
      expect(await read.grants.get('shop')).toEqual(stored);
      const wider = { ...shop, scope: EVERYWHERE };
      expect(await read.grants.put({ ...wider, at: 3, by: 'token:bob' })).toBe('changed');
      expect(await read.grants.get('shop')).toEqual({ ...stored, ...wider, updatedAt: 3, updatedBy: 'token:bob' });
      expect(await read.grants.get('none')).toBeNull();
    }));

  it('tells each part of a grant from another', () =>
    test(async ({ store: { read } }) => {
      await read.grants.put({ ...shop, at: 1, by: 'token:ada' });
      const changes = [
        { subject: { kind: 'user', value: 'Team Shop' } },
        { subject: { kind: 'group', value: 'team shop' } },
        { role: 'viewer' },
        { scope: { ...shop.scope, applications: null } },
        { scope: { ...shop.scope, clusters: {} } },
      ] as const;
      for (const change of changes) {
        expect(await read.grants.put({ ...shop, ...change, at: 2, by: 'token:ada' })).toBe('changed');
        expect(await read.grants.get('shop')).toMatchObject(change);
        await read.grants.put({ ...shop, at: 3, by: 'token:ada' });
      }
    }));

  it('finds those of a person by name and by group, letter by letter', () =>
    test(async ({ store: { read } }) => {
      const put = async (name: string, kind: 'user' | 'group', value: string): Promise<void> => {
        await read.grants.put({ ...shop, name, subject: { kind, value }, at: 1, by: 'token:ada' });
      };
      await put('d', 'user', 'ann@example.com');
      await put('c', 'group', 'shop');
      await put('b', 'user', 'shop');
      await put('a', 'group', 'ann@example.com');
      const names = async (users: string[], groups: string[]): Promise<string[]> =>
        (await read.grants.of({ users, groups })).map(({ name }) => name);
      expect(await names(['ann@example.com'], ['shop', 'other'])).toEqual(['c', 'd']);
      expect(await names(['0001', 'shop'], [])).toEqual(['b']);
      expect(await names(['ANN@example.com'], ['Shop'])).toEqual([]);
      expect(await names([], [])).toEqual([]);
      expect((await read.grants.list()).map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
    }));

  it('forgets a grant', () =>
    test(async ({ store: { read } }) => {
      await read.grants.put({ ...shop, at: 1, by: 'token:ada' });
      expect(await read.grants.remove('shop')).toBe(true);
      expect(await read.grants.remove('shop')).toBe(false);
      expect(await read.grants.list()).toEqual([]);
      expect(await read.grants.of({ users: [], groups: ['Team Shop'] })).toEqual([]);
    }));
}
