import { describe, expect, it } from '@jest/globals';
import { MAX_MANIFEST_BYTES } from '#contract';
import type { TargetRow } from '#domain';
import type { Unit } from '#ports';
import { createFakeStore } from '#store';
import { Blocked } from './inputs.js';
import { bytesInManifest, ManifestSizes, requireRoom } from './manifest-room.js';

/** About 24 KiB: each character takes three bytes. */
const long = Array.from({ length: 20 }, (_, n) => ({
  kind: `example.com/W${n}`,
  healthy: `object.a == "${'€'.repeat(300)}"`,
}));

/** Applications `a0`, `a1`, … of which the first `big` say much; who runs what is as told. */
async function readOf(big: number, small: number, runs: Readonly<Record<string, readonly string[]>>) {
  const store = createFakeStore();
  let asked = 0;
  for (let n = 0; n < big + small; n += 1) {
    const spec = { source: 's', path: '.', health: n < big ? long.slice(0, n === 0 ? 20 : 19) : [] };
    await store.read.resources.put('Application', `a${n}`, spec, 0);
  }
  const assignments: Unit['outbox']['assignments'] = async (uids) => {
    asked += 1;
    return uids.flatMap((uid) =>
      (runs[uid] ?? []).map((application) => ({ uid, application, row: {} as unknown as TargetRow })),
    );
  };
  const read: Unit = { ...store.read, outbox: { ...store.read.outbox, assignments } };
  return { read, asked: () => asked };
}
const all = (count: number): string[] => Array.from({ length: count }, (_, n) => `a${n}`);
const members = ['c1', 'c2'].map((uid) => ({ uid, name: `cluster-${uid}` }));

describe('the room in a manifest', () => {
  it('is not looked at where every application fits into one at once', async () => {
    const { read, asked } = await readOf(2, 20, {});
    await requireRoom(read, new ManifestSizes(), 'a0', members);
    expect(asked()).toBe(0);
  });

  it('is enough where a cluster runs some of those that would not fit together', async () => {
    const { read, asked } = await readOf(18, 0, { c1: all(6), c2: all(7) });
    await requireRoom(read, new ManifestSizes(), 'a17', members);
    expect(asked()).toBe(1);
  });

  it('is missing where one cluster runs too many: it is named, with who takes most of it, and the mend', async () => {
    const { read } = await readOf(18, 0, { c1: ['a1'], c2: all(17) });
    const failed = requireRoom(read, new ManifestSizes(), 'a17', members);
    await expect(failed).rejects.toThrow(
      /Cluster "cluster-c2" .* of its 18 applications.*a manifest holds 256 KiB: Application "a0" takes most of it \(\d+ KiB\): shorten its spec\.health/,
    );
    await expect(failed).rejects.toBeInstanceOf(Blocked);
  });

  it('is measured anew once a spec has changed, or its name was declared again', async () => {
    const store = createFakeStore();
    const sizes = new ManifestSizes();
    const measure = async (): Promise<number | undefined> =>
      sizes.of(await store.read.resources.list('Application')).get('a');
    await store.read.resources.put('Application', 'a', { source: 's', path: '.' }, 0);
    const short = await measure();
    expect(await measure()).toBe(short);
    await store.read.resources.put('Application', 'a', { source: 's', path: '.', health: long }, 1);
    expect(await measure()).toBeGreaterThan(20 * 300 * 3);
    await store.read.resources.delete('Application', 'a');
    await store.read.resources.put('Application', 'a', { source: 's', path: '.' }, 2);
    expect(await measure()).toBe(short);
    await store.read.resources.delete('Application', 'a');
    expect(await measure()).toBeUndefined();
  });

  it('is measured as the bytes that an application takes on the bus', () => {
    const bytes = bytesInManifest({ name: 'a', spec: { source: 's', path: '.', health: long } });
    expect(bytes).toBeGreaterThan(20 * 300 * 3);
    expect(bytes).toBeLessThan(MAX_MANIFEST_BYTES / 8);
    expect(bytesInManifest({ name: 'a', spec: { source: 's', path: '.' } })).toBeLessThan(700);
  });
});
