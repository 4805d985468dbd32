import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { sha256 } from '#domain';
import { openBundle } from './open-bundle.js';

const open = (text: string, digest = sha256(text)) => openBundle(gzipSync(text), digest);
const map = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}';

describe('a bundle', () => {
  it('is its objects when its content has the digest', () => {
    expect(open(`[${map}]`)).toEqual([JSON.parse(map)]);
  });

  it.each([
    ['of other content', `[${map}]`, 'f'.repeat(64), 'bundle-digest'],
    ['that is no list', map, undefined, 'bundle-invalid'],
    ['that is empty, which would delete everything', '[]', undefined, 'bundle-invalid'],
    ['that is no JSON', '[', undefined, 'bundle-invalid'],
    [
      'with an object of no name',
      '[{"apiVersion":"v1","kind":"ConfigMap","metadata":{}}]',
      undefined,
      'bundle-invalid',
    ],
  ] as const)('%s is refused', (_what, text, digest, code) => {
    expect(() => open(text, digest)).toThrow(expect.objectContaining({ code }));
  });

  it('that unpacks to more than the limit is refused before it fills the memory', () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(100_000);
    expect(() => openBundle(bomb, 'f'.repeat(64))).toThrow(expect.objectContaining({ code: 'bundle-invalid' }));
  });
});
