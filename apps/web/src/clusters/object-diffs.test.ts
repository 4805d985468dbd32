import { describe, expect, it } from '@jest/globals';
import { objectDiffText } from './object-diffs.js';
import { objectKey, objectText } from './object-names.js';

describe('the difference of an object', () => {
  it('is one of YAML lines, from what is there to what Git says', () => {
    const live = { kind: 'ConfigMap', data: { colour: 'red' } };
    const desired = { data: { colour: 'blue' }, kind: 'ConfigMap' };
    expect(objectDiffText({ live, desired })).toBe(
      '@@ -1,3 +1,3 @@\n data:\n-  colour: red\n+  colour: blue\n kind: ConfigMap\n',
    );
  });

  it('is all new of an object that is not there, and all old of one that goes', () => {
    expect(objectDiffText({ desired: { kind: 'Pod' } })).toBe('@@ -0,0 +1,1 @@\n+kind: Pod\n');
    expect(objectDiffText({ live: { kind: 'Pod' } })).toBe('@@ -1,1 +0,0 @@\n-kind: Pod\n');
  });

  it('leaves marks of Secrets as they are', () => {
    const diff = objectDiffText({
      live: { data: { password: '(hidden 1a2b3c4d)' } },
      desired: { data: { password: '(hidden 99887766)' } },
    });
    expect(diff).toContain('-  password: (hidden 1a2b3c4d)\n+  password: (hidden 99887766)\n');
  });
});

describe('the name of an object', () => {
  it('stands in an address with its group', () => {
    expect(objectKey({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' })).toBe(
      'Deployment.apps/shop/web',
    );
    expect(objectKey({ apiVersion: 'v1', kind: 'Namespace', name: 'shop' })).toBe('Namespace/shop');
  });

  it('leaves out a namespace that is said already', () => {
    expect(objectText({ kind: 'Pod', namespace: 'shop', name: 'web-1' })).toBe('Pod shop/web-1');
    expect(objectText({ kind: 'Pod', namespace: 'shop', name: 'web-1' }, 'shop')).toBe('Pod web-1');
  });
});
