import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { JsonObject } from '#domain';
import { DIFF_LIMITS } from './compare-bundles.js';
import { runComparison, unpackedBytes, type BundlePair } from './run-comparison.js';

const BUILT = path.resolve('dist/apps/hub/src/bundle-diffs/comparison-worker.js');
const never = new AbortController().signal;

function worker(): URL {
  if (!existsSync(BUILT)) throw new Error(`${BUILT} is missing: run the tests by \`npm test\`, which builds first`);
  return pathToFileURL(BUILT);
}

function config(name: string, data: Record<string, string>): JsonObject {
  return { apiVersion: 'v1', data, kind: 'ConfigMap', metadata: { name } };
}

function taskOf(pairs: readonly BundlePair[], bundles: Readonly<Record<string, readonly JsonObject[]>>) {
  const zipped = Object.entries(bundles).map(
    ([digest, objects]) => [digest, new Uint8Array(gzipSync(JSON.stringify(objects)))] as const,
  );
  return { pairs, bundles: new Map(zipped), namespace: 'default', secret: 'key' };
}

describe('a comparison of bundles', () => {
  it('tells a change once, whoever has it', async () => {
    const site = (name: string, image: string, more: readonly JsonObject[] = []): readonly JsonObject[] => [
      config('image', { image }),
      config('site', { name }),
      ...more,
    ];
    const pairs = ['a', 'b', 'c'].map((name) => ({ from: `${name}1`, to: `${name}2` }));
    const task = taskOf(pairs, {
      ...{ a1: site('a', 'web:1'), a2: site('a', 'web:2') },
      ...{ b1: site('b', 'web:1'), b2: site('b', 'web:3') },
      ...{ c1: site('c', 'web:1'), c2: site('c', 'web:2') },
    });
    const groups = await runComparison(task, never);
    expect(groups.map((group) => [group.pairs, group.unchanged, group.objects.length, group.more])).toEqual([
      [[0, 2], 1, 1, 0],
      [[1], 1, 1, 0],
    ]);
    expect(groups[0]?.objects[0]?.diff).toContain('-  image: web:1\n+  image: web:2\n');
  });

  it('does not take changes for the same of which a part is not told', async () => {
    const many = (value: string): readonly JsonObject[] =>
      Array.from({ length: 201 }, (_, index) => config(`c${String(index).padStart(3, '0')}`, { value }));
    const last = config('z', { value: 'other' });
    const pairs = [
      { from: null, to: 'one' },
      { from: null, to: 'two' },
    ];
    const groups = await runComparison(taskOf(pairs, { one: many('a'), two: [...many('a').slice(1), last] }), never);
    expect(groups.map((group) => [group.pairs, group.more])).toEqual([
      [[0], 1],
      [[1], 1],
    ]);
  });

  it('tells no more than an answer holds, of however many', async () => {
    const text = (index: number): string =>
      Array.from({ length: 1500 }, (_, line) => `line ${line} of ${index}`).join('\n');
    const pairs = Array.from({ length: 100 }, (_, index) => ({ from: null, to: `d${index}` }));
    const bundles = Object.fromEntries(pairs.map(({ to }, index) => [to, [config('c', { text: text(index) })]]));
    const groups = await runComparison(taskOf(pairs, bundles), never);
    expect(groups).toHaveLength(100);
    expect(groups.reduce((sum, { objects, more }) => sum + objects.length + more, 0)).toBe(100);
    expect(Buffer.byteLength(JSON.stringify(groups.map(({ objects }) => objects)))).toBeLessThanOrEqual(
      DIFF_LIMITS.allBytes,
    );
    expect(groups.at(-1)).toMatchObject({ objects: [], more: 1 });
  });

  it('says in a thread what it says here, and ends as soon as it is cancelled', async () => {
    const objects = (value: string): readonly JsonObject[] =>
      Array.from({ length: 5000 }, (_, index) => config(`c${index}`, { value, same: 'x'.repeat(100) }));
    const task = taskOf([{ from: 'one', to: 'two' }], { one: objects('a'), two: objects('b') });
    expect(unpackedBytes(task.bundles.get('one') ?? new Uint8Array())).toBe(
      Buffer.byteLength(JSON.stringify(objects('a'))),
    );
    const here = await runComparison(task, never, null);
    expect(here).toMatchObject([{ pairs: [0], unchanged: 0, more: 4800 }]);
    expect(await runComparison(task, never, worker())).toEqual(here);
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(new Error('the client went')), 20);
    await expect(runComparison(task, stopping.signal, worker())).rejects.toThrow('the client went');
  });
});
