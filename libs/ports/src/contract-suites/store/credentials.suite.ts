import { expect, it } from '@jest/globals';
import type { StoreTest } from './opened-store.js';

export function credentials(test: StoreTest): void {
  it('keeps what is sealed beside what may be shown, and replaces both', () =>
    test(async ({ store: { read } }) => {
      const first = {
        name: 'shop',
        kind: 'https',
        host: 'git.example',
        username: 'hub',
        at: 1,
        by: 'token:ada',
      } as const;
      expect(await read.credentials.open('shop')).toBeNull();
      expect(await read.credentials.put({ ...first, sealed: Buffer.from([0, 1, 255]) })).toBe('created');
      const key = { name: 'shop', kind: 'ssh', host: 'other.example', username: null, at: 5, by: 'token:bob' } as const;
      expect(await read.credentials.put({ ...key, sealed: Buffer.from([7]) })).toBe('changed');
      await read.credentials.put({ ...first, name: 'a-first', sealed: Buffer.from([1]) });
      const shown = { createdAt: 1, createdBy: 'token:ada' };
      const { at: _at, by: _by, ...rest } = key;
      const shop = { ...rest, ...shown, updatedAt: 5, updatedBy: 'token:bob' };
      expect(await read.credentials.list()).toEqual([expect.objectContaining({ name: 'a-first' }), shop]);
      const opened = await read.credentials.open('shop');
      expect({ ...opened, sealed: [...(opened?.sealed ?? [])] }).toEqual({ ...shop, sealed: [7] });
      expect(await read.credentials.remove('shop')).toBe(true);
      expect(await read.credentials.remove('shop')).toBe(false);
      expect(await read.credentials.open('shop')).toBeNull();
    }));
}
