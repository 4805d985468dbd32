import { describe, expect, it } from '@jest/globals';
import { makeBundle } from './bundle.js';
import type { JsonValue } from './json.js';

const map = (name: string, more: Record<string, JsonValue> = {}, namespace?: string): JsonValue => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...(namespace && { namespace }) },
  ...more,
});
const errorsOf = (objects: readonly JsonValue[], limits?: { maxBytes: number; maxObjects: number }) => {
  const made = makeBundle(objects, limits);
  return made.ok ? [] : made.errors;
};

describe('a bundle', () => {
  it('has the same bytes whatever the order of objects and keys', () => {
    const one = makeBundle([map('b'), map('a', { data: { x: '1', y: '2' } })]);
    const other = makeBundle([
      { metadata: { name: 'a' }, data: { y: '2', x: '1' }, kind: 'ConfigMap', apiVersion: 'v1' },
      map('b'),
    ]);
    expect(one).toEqual(other);
    expect(one).toMatchObject({ ok: true, count: 2, digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('takes Lists apart and leaves empty documents out', () => {
    const made = makeBundle([
      null,
      {
        apiVersion: 'v1',
        kind: 'List',
        items: [map('a'), { kind: 'ConfigMapList', apiVersion: 'v1', items: [map('b')] }],
      },
    ]);
    expect(made).toEqual(makeBundle([map('a'), map('b')]));
  });

  it('counts its bytes as UTF-8', () => {
    const made = makeBundle([map('a', { data: { x: 'ä€' } })]);
    expect(made.ok && made.bytes === Buffer.byteLength(made.json)).toBe(true);
  });

  it.each([
    ['an object without a kind', [{ apiVersion: 'v1', metadata: { name: 'a' } }], 'object-invalid', 'has no kind'],
    [
      'an object without an apiVersion',
      [{ kind: 'Pod', metadata: { name: 'a' } }],
      'object-invalid',
      'Pod a has no apiVersion',
    ],
    [
      'an object without a name',
      [map('b'), { apiVersion: 'v1', kind: 'Pod' }],
      'object-invalid',
      'Pod (object 2) has no metadata.name',
    ],
    [
      'generateName',
      [{ apiVersion: 'v1', kind: 'Job', metadata: { generateName: 'x-' } }],
      'generate-name',
      'give it a name',
    ],
    [
      'a name that leads out of its folder',
      [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '..' } }],
      'object-invalid',
      'a metadata.name that no object may have',
    ],
    [
      'a name with a slash in it',
      [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a/../../secrets/b' } }],
      'object-invalid',
      'a metadata.name that no object may have',
    ],
    [
      'a name of 300 characters',
      [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a'.repeat(300) } }],
      'object-invalid',
      'more than 253',
    ],
    [
      'a namespace that leads out of its folder',
      [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: '../kube-system' } }],
      'object-invalid',
      'a metadata.namespace that is none',
    ],
    [
      'a kind that is a path',
      [{ apiVersion: 'v1', kind: 'Config/Map', metadata: { name: 'a' } }],
      'object-invalid',
      'a kind that is none',
    ],
    [
      'an apiVersion that is a path',
      [{ apiVersion: '../v1', kind: 'ConfigMap', metadata: { name: 'a' } }],
      'object-invalid',
      'an apiVersion that is none',
    ],
    ['text instead of an object', ['hello'], 'object-invalid', 'a string'],
    ['the same object twice', [map('a'), map('a', { data: {} })], 'duplicate-object', 'ConfigMap a is there twice'],
    ['nothing at all', [], 'bundle-empty', 'would delete everything'],
    ['an empty List', [{ apiVersion: 'v1', kind: 'List', items: [] }], 'bundle-empty', 'would delete everything'],
  ] as const)('refuses %s', (_what, objects, code, message) => {
    const [error] = errorsOf(objects);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it.each(['system:node', 'v1beta1.metrics.k8s.io', 'Admin_1', 'a b', 'kube-root-ca.crt'])(
    'takes a name that some kind of object may have: %s',
    (name) => {
      expect(makeBundle([{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name } }]).ok).toBe(
        true,
      );
    },
  );

  it('says how to encrypt what may be, where the name of an object is encrypted', () => {
    const sealed = 'ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]';
    for (const object of [{ apiVersion: sealed, kind: sealed, metadata: { name: sealed } }, map(sealed)]) {
      expect(errorsOf([map('a'), object])[0]?.message).toMatch(
        /^object 2 has .* metadata encrypted: .*--encrypted-regex/,
      );
    }
  });

  it('refuses the same object in two versions of its group, naming both', () => {
    const hpa = (version: string): JsonValue => ({
      apiVersion: `autoscaling/${version}`,
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'a' },
    });
    expect(errorsOf([hpa('v1'), hpa('v2')])[0]?.message).toContain('as autoscaling/v1 and as autoscaling/v2');
  });

  it('takes the same name in two namespaces', () => {
    expect(makeBundle([map('a', {}, 'x'), map('a', {}, 'y')])).toMatchObject({ ok: true, count: 2 });
  });

  it('tells every error, at most 20', () => {
    expect(errorsOf(Array.from({ length: 30 }, () => 'x'))).toHaveLength(20);
  });

  it('tells the figures when it is over a limit', () => {
    const three = [map('a'), map('b'), map('c')];
    expect(errorsOf(three, { maxObjects: 2, maxBytes: 1e6 })[0]).toEqual({
      code: 'too-many-objects',
      message: expect.stringMatching(/3 objects, the limit is 2/),
    });
    expect(errorsOf(three, { maxObjects: 9, maxBytes: 100 })[0]).toEqual({
      code: 'bundle-too-large',
      message: expect.stringMatching(/\d+ bytes .* the limit is 100/),
    });
  });
});
