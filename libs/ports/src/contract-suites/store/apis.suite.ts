import { expect, it } from '@jest/globals';
import type { StoreTest } from './opened-store.js';
import { addOnline, beatOf } from './samples.js';

const digest = (letter: string): string => letter.repeat(64);
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

export function apis(test: StoreTest): void {
  it('keeps what a cluster says that it serves, until it says something else', () =>
    test(async ({ store }) => {
      await addOnline(store, 'u1', 100);
      const { clusters } = store.read;
      expect((await clusters.get('u1'))?.apis).toBeUndefined();
      const told = [{ ...beatOf('u1'), apis: digest('a') }, beatOf('u1')];
      await clusters.seen(told, 110);
      await clusters.seen([beatOf('u1')], 120);
      expect((await clusters.joined()).map((cluster) => cluster.apis)).toEqual([digest('a')]);
      await clusters.setApis('u1', digest('b'));
      expect((await clusters.get('u1'))?.apis).toBe(digest('b'));
    }));

  it('says to everybody that a cluster serves something else now', () =>
    test(async ({ store }) => {
      await addOnline(store, 'u1', 100);
      const signals: string[] = [];
      store.onSignal((signal) => signals.push(signal));
      await store.read.clusters.seen([{ ...beatOf('u1'), apis: digest('a') }], 110);
      expect(signals).toContain('resource');
      signals.length = 0;
      await store.read.clusters.seen([{ ...beatOf('u1'), apis: digest('a') }], 120);
      expect(signals).toEqual([]);
    }));

  it('keeps indexes and documents, and drops what no cluster serves', () =>
    test(async ({ store }) => {
      await addOnline(store, 'u1', 100);
      const { apis: kept, clusters } = store.read;
      expect(await kept.index(digest('a'))).toBeNull();
      await kept.putIndex(digest('a'), { v1: 'h1', 'apps/v1': 'h2' });
      await kept.putIndex(digest('a'), { v1: 'h1', 'apps/v1': 'h2' });
      await kept.putIndex(digest('b'), { v1: 'h3' });
      await kept.putDocument('v1', 'h1', bytes('one'));
      await kept.putDocument('v1', 'h3', bytes('three'));
      await kept.putDocument('v1', 'h3', bytes('three again'));
      expect(await kept.index(digest('a'))).toEqual({ v1: 'h1', 'apps/v1': 'h2' });
      expect(Buffer.from((await kept.document('v1', 'h3')) ?? []).toString()).toBe('three again');
      expect(await kept.document('apps/v1', 'h1')).toBeNull();
      await clusters.setApis('u1', digest('a'));
      expect(await kept.sweep()).toBe(1);
      expect(await kept.index(digest('b'))).toBeNull();
      expect(await kept.document('v1', 'h3')).toBeNull();
      expect(await kept.document('v1', 'h1')).not.toBeNull();
    }));
}
