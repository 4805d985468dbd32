import { describe, expect, it } from '@jest/globals';
import type { TreeEntry } from './parse-objects.js';
import { checkSymlinks, planExport } from './plan-export.js';

const file = (path: string, size = 1, kind: TreeEntry['kind'] = 'file'): TreeEntry => ({ path, kind, id: path, size });
const limits = { maxFiles: 3, maxBytes: 100 };

it('makes folders before what is in them, and leaves submodules out', () => {
  const plan = planExport([file('a/b/c'), file('a/l', 1, 'symlink'), file('sub', 0, 'submodule')], limits);
  expect(plan.folders).toEqual(['a', 'a/b']);
  expect(plan.files.map(({ path }) => path)).toEqual(['a/b/c']);
  expect(plan.symlinks.map(({ path }) => path)).toEqual(['a/l']);
});

it.each([
  ['too many files', [file('a'), file('b'), file('c'), file('d')], 'tree-too-large'],
  ['too many bytes', [file('a', 60), file('b', 60)], 'tree-too-large'],
  ['a climb', [file('../a')], 'tree-invalid'],
  ['a climb in between', [file('a/../../b')], 'tree-invalid'],
  ['an absolute path', [file('/etc/passwd')], 'tree-invalid'],
  ['a .git', [file('a/.Git/config')], 'tree-invalid'],
  ['a backslash', [file('a\\..\\b')], 'tree-invalid'],
  ['a control character', [file('a\u0000b')], 'tree-invalid'],
  ['a very long name', [file('x'.repeat(300))], 'tree-invalid'],
  ['one name twice', [file('a'), file('a')], 'tree-invalid'],
  ['a symlink that is a folder too', [file('a', 1, 'symlink'), file('a/b')], 'tree-invalid'],
])('refuses %s', (_name, entries, code) => {
  expect(() => planExport(entries, limits)).toThrow(expect.objectContaining({ kind: 'rejected', code }));
});

describe('symlinks', () => {
  const check = (links: Record<string, string>) => () => checkSymlinks(new Map(Object.entries(links)));

  it.each([
    [{ 'a/b': '../c' }],
    [{ 'a/b': '.' }],
    [{ 'a/b': '..' }],
    [{ dangling: 'nowhere/at/all' }],
    [{ a: 'b', b: 'c', c: 'd/../e' }],
    [{ 'deep/er/link': '../../x', y: 'deep/er/link/../z' }],
  ])('may stay inside: %j', (links) => {
    expect(check(links)).not.toThrow();
  });

  it.each([
    [{ a: '..' }],
    [{ a: '/etc/passwd' }],
    [{ 'a/b': '../../c' }],
    [{ 'd/up': '..', sly: 'd/up/../x' }],
    [{ a: 'b/../../x', b: 'c' }],
    [{ a: 'a' }],
    [{ a: 'b', b: 'a' }],
    [{ a: 'x/../../../y' }],
  ])('may not lead out or in a circle: %j', (links) => {
    expect(check(links)).toThrow(expect.objectContaining({ code: 'symlink-escapes' }));
  });
});
