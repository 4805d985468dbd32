import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { makeSecretMarks } from '#kube';
import { compareBundles, DIFF_LIMITS } from './compare-bundles.js';

const mark = makeSecretMarks('key');
const terms = { namespace: 'shop', mark };
const base64 = (text: string): string => Buffer.from(text).toString('base64');

function config(name: string, data: Record<string, string>, more: JsonObject = {}): JsonObject {
  return { apiVersion: 'v1', data, kind: 'ConfigMap', metadata: { name, ...more } };
}

function secret(name: string, values: Record<string, string>): JsonObject {
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, base64(value)]));
  return { apiVersion: 'v1', data, kind: 'Secret', metadata: { name } };
}

function deployment(image: string, apiVersion = 'apps/v1'): JsonObject {
  return { apiVersion, kind: 'Deployment', metadata: { name: 'web', namespace: 'shop' }, spec: { image, replicas: 2 } };
}

describe('what differs between two bundles', () => {
  it('is told object by object, what is deleted first, and what is the same is counted', () => {
    const before = [config('gone', { a: '1' }), config('same', { a: '1' }), deployment('web:1')];
    const after = [config('come', { a: '1' }), config('same', { a: '1' }), deployment('web:2')];
    const { objects, ...counts } = compareBundles(before, after, terms);
    expect(counts).toEqual({ unchanged: 1, more: 0 });
    expect(objects.map(({ object, change }) => [change, object])).toEqual([
      ['removed', 'ConfigMap gone'],
      ['changed', 'apps/Deployment shop/web'],
      ['added', 'ConfigMap come'],
    ]);
    expect(objects[1]?.diff).toBe(
      '@@ -4,5 +4,5 @@\n   name: web\n   namespace: shop\n spec:\n-  image: web:1\n+  image: web:2\n   replicas: 2\n',
    );
    expect(objects[0]?.diff).toMatch(/^@@ -1,6 \+0,0 @@\n-apiVersion: v1\n/);
    expect(objects[2]?.diff).toMatch(/^@@ -0,0 \+1,6 @@\n\+apiVersion: v1\n/);
  });

  it('is everything where one of them is not there', () => {
    expect(compareBundles(null, [config('a', {})], terms).objects.map(({ change }) => change)).toEqual(['added']);
    expect(compareBundles([config('a', {})], null, terms).objects.map(({ change }) => change)).toEqual(['removed']);
  });

  it('knows an object again in another version of its group, and where it names the namespace that it had anyway', () => {
    const named = compareBundles([config('a', { x: '1' })], [config('a', { x: '1' }, { namespace: 'shop' })], terms);
    expect(named.objects).toEqual([
      { object: 'ConfigMap shop/a', change: 'changed', diff: expect.stringContaining('+  namespace: shop\n') },
    ]);
    const { objects } = compareBundles([deployment('web:1', 'apps/v1beta1')], [deployment('web:1')], terms);
    expect(objects.map(({ change }) => change)).toEqual(['changed']);
    expect(compareBundles([config('a', {})], [config('a', {}, { namespace: 'other' })], terms).objects).toHaveLength(2);
  });

  it('never shows a value of a Secret, in whatever object it stands, but whether it is the same', () => {
    const before = [secret('db', { password: 'open-sesame', user: 'ann' }), config('url', { url: 'x:open-sesame@y' })];
    const after = [secret('db', { password: 'close-sesame', user: 'ann' }), config('url', { url: 'x:close-sesame@y' })];
    const answer = compareBundles(before, after, terms);
    const text = JSON.stringify(answer);
    for (const value of ['open-sesame', 'close-sesame', base64('open-sesame'), base64('close-sesame'), base64('ann')]) {
      expect(text).not.toContain(value);
    }
    expect(answer.objects.map(({ object }) => object)).toEqual(['ConfigMap url', 'Secret db']);
    expect(answer.objects[1]?.diff).toContain(
      `-  password: ${mark('open-sesame')}\n+  password: ${mark('close-sesame')}\n`,
    );
    expect(answer.objects[1]?.diff).toContain(`   user: ${mark('ann')}\n`);
    expect(answer.objects[0]?.diff).toContain(`-  url: x:${mark('open-sesame')}@y\n`);
  });

  it('leaves out what a cluster writes by itself', () => {
    const { objects, unchanged } = compareBundles(
      [{ ...deployment('web:1'), status: { replicas: 1 } }],
      [deployment('web:1')],
      terms,
    );
    expect([objects, unchanged]).toEqual([[], 1]);
  });

  it('tells of so many objects, so much of each, and so much in all; the rest is counted', () => {
    const many = Array.from({ length: 300 }, (_, index) => config(`c${String(index).padStart(3, '0')}`, { a: 'x' }));
    const some = compareBundles(null, many, terms);
    expect([some.objects.length, some.more]).toEqual([DIFF_LIMITS.objects, 100]);

    const lines = Array.from({ length: 6000 }, (_, index) => `line ${index} ist überall`).join('\n');
    const [long] = compareBundles(null, [config('long', { a: lines })], terms).objects;
    expect(long?.cut).toBe(true);
    expect(Buffer.byteLength(long?.diff ?? '')).toBeLessThanOrEqual(DIFF_LIMITS.bytes);
    expect(long?.diff.endsWith('überall\n')).toBe(true);
    const [wide] = compareBundles(null, [config('wide', { ['ü'.repeat(60_000)]: '1' })], terms).objects;
    expect(wide?.cut).toBe(true);
    expect(Buffer.byteLength(wide?.diff ?? '')).toBeLessThanOrEqual(DIFF_LIMITS.bytes);
    expect(wide?.diff).not.toContain('\uFFFD');

    const large = Array.from({ length: 50 }, (_, index) => config(`c${index}`, { a: lines }));
    const bounded = compareBundles(null, large, terms);
    expect(Buffer.byteLength(JSON.stringify(bounded.objects))).toBeLessThanOrEqual(DIFF_LIMITS.allBytes);
    expect(bounded.objects.length).toBeGreaterThan(20);
    expect(bounded.objects.length + bounded.more).toBe(50);
  });
});
