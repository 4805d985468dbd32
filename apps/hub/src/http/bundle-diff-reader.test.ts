import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { bundleDiffSchema } from '#contract';
import { sha256, type JsonObject, type LoadedRow } from '#domain';
import type { Store } from '#ports';
import { createFakeStore } from '#store';
import type { SecretBox } from '../installation/secret-box.js';
import { BundleDiffReader } from './bundle-diff-reader.js';

const never = new AbortController().signal;
const box = { derive: (purpose) => `key for ${purpose}` } as SecretBox;

function config(name: string, data: Record<string, string>): JsonObject {
  return { apiVersion: 'v1', data, kind: 'ConfigMap', metadata: { name } };
}

/** Releases of an application, each with its overlays' objects, and who is told what. */
class Shop {
  readonly told: LoadedRow[] = [];
  private readonly fake = createFakeStore();
  readonly reader = new BundleDiffReader(this.store(), box);

  private store(): Store {
    const { read } = this.fake;
    const rows = () => Promise.resolve(this.told);
    return { ...this.fake, read: { ...read, rollouts: { ...read.rollouts, rows } } };
  }

  /** Answers each overlay's digest. */
  async release(overlays: Readonly<Record<string, readonly JsonObject[]>>): Promise<Readonly<Record<string, string>>> {
    const digests: Record<string, string> = {};
    for (const [path, objects] of Object.entries(overlays)) {
      const json = JSON.stringify(objects);
      digests[path] = sha256(json);
      const bundle = { gzipped: gzipSync(json), bytes: json.length, objects: objects.length };
      await this.fake.read.releases.putBundle(digests[path], bundle);
    }
    await this.add(digests);
    return digests;
  }

  async add(digests: Readonly<Record<string, string>>): Promise<void> {
    const entries = Object.entries(digests).map(([path, digest]) => [
      path,
      { digest, objects: 1, bytes: 1, tool: 'kustomize' },
    ]);
    await this.fake.read.releases.add({
      ...{ application: 'web', source: 'shop', revision: sha256(JSON.stringify(digests)), author: 'Ann <ann@x>' },
      ...{ subject: 'x', committedAt: '2026-01-01T00:00:00Z', overlays: Object.fromEntries(entries) },
      ...{ specGeneration: 1, createdAt: 1 },
    });
  }

  tell(name: string, overlay: string, digest: string): void {
    this.told.push({ row: { name, assignment: { release: 1, overlay, digest } } } as LoadedRow);
  }
}

describe('the difference between two releases', () => {
  it('is one change of 400 clusters, though each of them has a bundle of its own', async () => {
    const shop = new Shop();
    const names = Array.from({ length: 400 }, (_, index) => `c${String(index).padStart(3, '0')}`);
    const release = (image: string) =>
      shop.release(
        Object.fromEntries(names.map((name) => [name, [config('image', { image }), config('site', { name })]])),
      );
    const [before, after] = [await release('web:1'), await release('web:2')];
    // Some have it, some will.
    for (const [index, name] of names.entries()) shop.tell(name, name, (index < 100 ? after : before)[name] ?? '');
    const { groups, ...rest } = bundleDiffSchema.parse(await shop.reader.ofReleases('web', 1, 2, never));
    expect(rest).toEqual({ application: 'web', from: 1, to: 2, same: 0, more: 0 });
    expect(groups.map(({ pairs, clusters, unchanged, more }) => ({ pairs, clusters, unchanged, more }))).toEqual([
      { pairs: 400, clusters: 400, unchanged: 1, more: 0 },
    ]);
    expect(groups[0]?.names).toEqual(names.slice(0, 20));
    expect(groups[0]?.overlays).toEqual(names);
    expect(groups[0]?.objects.map(({ object }) => object)).toEqual(['ConfigMap image']);
  });

  it('counts who is told one of the two now, and nobody for what others are told in another overlay', async () => {
    const shop = new Shop();
    const one = [config('c', { a: '1' })];
    const two = [config('c', { a: '2' })];
    const first = await shop.release({ eu: one, us: one, old: one });
    const second = await shop.release({ eu: two, us: one, new: two });
    shop.tell('eu-1', 'eu', first['eu'] ?? '');
    shop.tell('us-1', 'us', first['us'] ?? '');
    shop.tell('away', 'eu', '0'.repeat(64));
    shop.tell('new-1', 'new', second['new'] ?? '');
    const { groups, same } = await shop.reader.ofReleases('web', 1, 2, never);
    expect(same).toBe(1);
    expect(
      groups.map(({ from, to, overlays, names, objects }) => [
        ...[from, to, overlays, names],
        objects.map(({ change }) => change),
      ]),
    ).toEqual([
      [first['eu'], second['eu'], ['eu'], ['eu-1'], ['changed']],
      [null, second['new'], ['new'], ['new-1'], ['added']],
      [first['old'], null, ['old'], [], ['removed']],
    ]);
  });

  it('counts what it did not look at: bundles that are not stored any more, and pairs beyond a thousand', async () => {
    const shop = new Shop();
    const digest = (name: string): string => sha256(name);
    const paths = Array.from({ length: 1002 }, (_, index) => `o${String(index).padStart(4, '0')}`);
    await shop.release({ o0000: [config('c', { a: '1' })], o0001: [config('d', { a: '1' })] });
    await shop.add(Object.fromEntries(paths.map((path) => [path, digest(`before ${path}`)])));
    const kept = await shop.release({ o0000: [config('c', { a: '1' })] });
    await shop.add(Object.fromEntries(paths.map((path) => [path, kept[path] ?? digest(`after ${path}`)])));
    const { groups, more } = await shop.reader.ofReleases('web', 2, 4, never);
    expect([groups, more]).toEqual([[], 1002]);
    expect((await shop.reader.ofReleases('web', 1, 3, never)).groups).toMatchObject([
      { overlays: ['o0001'], to: null },
    ]);
  });

  it('tells the same again from what it remembers, with the clusters as they are then', async () => {
    const shop = new Shop();
    const first = await shop.release({ all: [config('c', { a: '1' })] });
    await shop.release({ all: [config('c', { a: '2' })] });
    const before = await shop.reader.ofReleases('web', 1, 2, never);
    shop.tell('eu-1', 'all', first['all'] ?? '');
    const after = await shop.reader.ofReleases('web', 1, 2, never);
    expect(before.groups).toMatchObject([{ clusters: 0 }]);
    expect(after.groups).toEqual([{ ...before.groups[0], clusters: 1, names: ['eu-1'] }]);
  });

  it('is refused once too many wait, and given up for who has gone', async () => {
    const shop = new Shop();
    await shop.release({ all: [config('c', { a: '1' })] });
    await shop.release({ all: [config('c', { a: '2' })] });
    const going = new AbortController();
    const asked = Array.from({ length: 14 }, () =>
      shop.reader.ofReleases('web', 1, 2, going.signal).catch((error: unknown) => error),
    );
    going.abort(new Error('went'));
    const codes = (await Promise.all(asked)).map((each) => (each as { code?: string }).code);
    expect(codes.filter((code) => code === 'busy').length).toBeGreaterThanOrEqual(1);
    expect((await shop.reader.ofReleases('web', 1, 2, never)).groups).toHaveLength(1);
  });
});
