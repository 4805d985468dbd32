import { expect, it } from '@jest/globals';
import type { StoreTest } from './opened-store.js';

export function resources(test: StoreTest): void {
  it('says whether a resource was created, configured or unchanged, and counts its generations', () =>
    test(async ({ store: { read } }) => {
      const { resources: kept } = read;
      expect(await kept.put('Application', 'web', { source: 'shop', waves: [1, 2] }, 10)).toBe('created');
      expect(await kept.put('Application', 'web', { waves: [1, 2], source: 'shop' }, 20)).toBe('unchanged');
      expect(await kept.get('Application', 'web')).toEqual({
        ...{ kind: 'Application', name: 'web', spec: { source: 'shop', waves: [1, 2] } },
        ...{ generation: 1, status: {}, createdAt: 10, updatedAt: 10 },
      });
      expect(await kept.put('Application', 'web', { source: 'shop', waves: [2, 1] }, 30)).toBe('configured');
      expect(await kept.get('Application', 'web')).toMatchObject({ generation: 2, createdAt: 10, updatedAt: 30 });
    }));

  it('keeps kinds apart and lists one in name order', () =>
    test(async ({ store: { read } }) => {
      for (const name of ['b', 'a-2', 'a', 'a.1']) await read.resources.put('Source', name, {}, 1);
      await read.resources.put('Strategy', 'a', { of: 'another kind' }, 1);
      expect((await read.resources.list('Source')).map((each) => each.name)).toEqual(['a', 'a-2', 'a.1', 'b']);
      expect(await read.resources.get('Application', 'a')).toBeNull();
    }));

  it('keeps the status of a resource whose spec changes', () =>
    test(async ({ store: { read } }) => {
      await read.resources.put('Source', 'shop', { ref: 'main' }, 1);
      await read.resources.setStatus('Source', 'shop', { commit: 'c0ffee', hold: { code: 'source' } });
      await read.resources.put('Source', 'shop', { ref: 'next' }, 2);
      const found = await read.resources.get('Source', 'shop');
      expect(found?.status).toEqual({ commit: 'c0ffee', hold: { code: 'source' } });
      await read.resources.setStatus('Source', 'nobody', { a: 1 });
      expect(await read.resources.get('Source', 'nobody')).toBeNull();
    }));

  it('sets the statuses of many at once, and makes none of what is not there', () =>
    test(async ({ store: { read } }) => {
      for (const name of ['a', 'b', 'c']) await read.resources.put('Application', name, {}, 1);
      await read.resources.put('Source', 'a', {}, 1);
      await read.resources.setStatuses('Application', new Map());
      await read.resources.setStatuses(
        'Application',
        new Map(['a', 'b', 'nobody'].map((name) => [name, { revision: name }])),
      );
      const found = await read.resources.list('Application');
      expect(found.map(({ name, status }) => [name, status])).toEqual([
        ['a', { revision: 'a' }],
        ['b', { revision: 'b' }],
        ['c', {}],
      ]);
      expect((await read.resources.get('Source', 'a'))?.status).toEqual({});
    }));

  it('deletes once, and begins anew afterwards', () =>
    test(async ({ store: { read } }) => {
      await read.resources.put('Source', 'shop', { ref: 'main' }, 1);
      await read.resources.setStatus('Source', 'shop', { commit: 'c0ffee' });
      expect(await read.resources.delete('Source', 'shop')).toBe(true);
      expect(await read.resources.delete('Source', 'shop')).toBe(false);
      expect(await read.resources.put('Source', 'shop', { ref: 'main' }, 5)).toBe('created');
      expect(await read.resources.get('Source', 'shop')).toMatchObject({ generation: 1, status: {}, createdAt: 5 });
    }));
}
