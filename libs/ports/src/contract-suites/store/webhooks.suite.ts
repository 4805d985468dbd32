import { expect, it } from '@jest/globals';
import type { StoreTest } from './opened-store.js';

export function webhooks(test: StoreTest): void {
  it('keeps a webhook once by its name, gives it another secret, and remembers when it was heard', () =>
    test(async ({ store: { read } }) => {
      const first = { name: 'org', provider: 'github', sealed: Buffer.from([1, 0]), at: 1, by: 'token:ada' } as const;
      const shown = {
        name: 'org',
        provider: 'github',
        createdAt: 1,
        createdBy: 'token:ada',
        changedAt: 1,
        heardAt: null,
      };
      expect(await read.webhooks.add(first)).toEqual(shown);
      expect(await read.webhooks.add({ ...first, at: 2 })).toBeNull();
      expect(await read.webhooks.rotate('org', Buffer.from([2]), 3)).toEqual({ ...shown, changedAt: 3 });
      expect(await read.webhooks.rotate('none', Buffer.from([2]), 3)).toBeNull();
      await read.webhooks.heard('org', 9);
      await read.webhooks.heard('none', 9);
      const opened = await read.webhooks.open('org');
      expect({ ...opened, sealed: [...(opened?.sealed ?? [])] }).toEqual({
        ...shown,
        changedAt: 3,
        heardAt: 9,
        sealed: [2],
      });
      await read.webhooks.add({ ...first, name: 'a-first' });
      expect((await read.webhooks.list()).map(({ name }) => name)).toEqual(['a-first', 'org']);
      expect(await read.webhooks.remove('org')).toBe(true);
      expect(await read.webhooks.remove('org')).toBe(false);
      expect(await read.webhooks.open('org')).toBeNull();
    }));
}
