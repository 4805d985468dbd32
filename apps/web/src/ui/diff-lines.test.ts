import { describe, expect, it } from '@jest/globals';
import { diffCounts, diffLines } from './diff-lines.js';

describe('the lines of a diff', () => {
  it('leaves the header out and numbers both sides', () => {
    expect(diffLines('--- live/a\n+++ git/a\n@@ -1,2 +1,2 @@\n kind: ConfigMap\n-  a\n+  b\n')).toEqual([
      { kind: 'same', text: 'kind: ConfigMap', before: 1, after: 1 },
      { kind: 'removed', text: '  a', before: 2 },
      { kind: 'added', text: '  b', after: 2 },
    ]);
  });

  it('says how many lines stand between two hunks, and before the first', () => {
    const lines = diffLines('@@ -4,1 +4,1 @@\n-a\n+b\n@@ -6,1 +6,1 @@\n-c\n+d\n');
    expect(lines.filter(({ kind }) => kind === 'gap').map(({ text }) => text)).toEqual([
      '3 unchanged lines',
      '1 unchanged line',
    ]);
    expect(lines.at(-1)).toMatchObject({ after: 6 });
  });

  it('numbers a text that is new or gone from its first line', () => {
    expect(diffLines('@@ -0,0 +1,2 @@\n+a\n+b\n')).toEqual([
      { kind: 'added', text: 'a', after: 1 },
      { kind: 'added', text: 'b', after: 2 },
    ]);
    expect(diffLines('@@ -1,1 +0,0 @@\n-a\n')).toEqual([{ kind: 'removed', text: 'a', before: 1 }]);
  });

  it('marks in what a line differs from the one that it replaced', () => {
    const [old, now] = diffLines('@@ -1,1 +1,1 @@\n-  image: web:1.0.0\n+  image: web:1.1.0\n');
    expect(old?.text.slice(...(old.marked ?? []))).toBe('0');
    expect(now?.text.slice(...(now.marked ?? []))).toBe('1');
  });

  it('marks nothing where fewer lines came than went', () => {
    expect(diffLines('@@ -1,2 +1,1 @@\n-abcd\n-abce\n+abcf\n').some(({ marked }) => marked !== undefined)).toBe(false);
  });

  it('takes a line that begins with dashes for what it is', () => {
    expect(diffLines('@@ -1,1 +1,1 @@\n--- a\n+++ b\n').map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      'removed -- a',
      'added ++ b',
    ]);
  });

  it('counts what came and went', () => {
    expect(diffCounts(diffLines('@@ -1,2 +1,1 @@\n-a\n-b\n+c\n'))).toEqual({ added: 1, removed: 2 });
  });
});
