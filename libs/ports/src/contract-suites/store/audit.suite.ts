import { expect, it } from '@jest/globals';
import { allPages, type StoreTest } from './opened-store.js';

export function audits(test: StoreTest): void {
  it('appends entries and lists them newest first', () =>
    test(async ({ store: { read } }) => {
      const plain = { at: 1, actor: 'system', act: 'apply', object: 'Source/shop' };
      const whole = {
        ...plain,
        at: 2,
        actor: 'token:ada',
        reason: 'because',
        detail: { before: null, after: { a: [1, 'x'] } },
      };
      await read.audit.append(plain);
      await read.audit.append(whole);
      await read.audit.append({ ...plain, at: 3 });
      const listed = await allPages((page) => read.audit.list(page), 2);
      expect(listed.map(({ id, ...entry }) => entry)).toEqual([{ ...plain, at: 3 }, whole, plain]);
      expect(new Set(listed.map((each) => each.id)).size).toBe(3);
    }));

  it('keeps a setting until it is set anew', () =>
    test(async ({ store: { read } }) => {
      expect(await read.settings.get('alive')).toBeNull();
      await read.settings.set('alive', '100');
      await read.settings.set('alive', '200');
      expect(await read.settings.get('alive')).toBe('200');
    }));
}
