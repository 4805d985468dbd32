import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { diffHunks, unifiedDiff } from './unified-diff.js';

const names = { from: 'file', to: 'file' };

describe('a unified diff', () => {
  it('is empty where nothing differs', () => {
    expect(unifiedDiff('a\nb\n', 'a\nb\n', names)).toBe('');
  });

  it('shows what differs with three lines around it, far changes apart', () => {
    const before = Array.from({ length: 20 }, (_, index) => `${index}\n`);
    const after = before.map((line, index) => (index === 2 ? 'two\n' : line)).concat('end\n');
    expect(unifiedDiff(before.join(''), after.join(''), { from: 'a', to: 'b' })).toBe(
      '--- a\n+++ b\n@@ -1,6 +1,6 @@\n 0\n 1\n-2\n+two\n 3\n 4\n 5\n@@ -18,3 +18,4 @@\n 17\n 18\n 19\n+end\n',
    );
  });

  it('shows one change of a long text as one', () => {
    const before = Array.from({ length: 50_000 }, (_, index) => `${index}\n`);
    const after = before.map((line, index) => (index === 30_000 ? 'other\n' : line));
    expect(unifiedDiff(before.join(''), after.join(''), names)).toBe(
      '--- file\n+++ file\n@@ -29998,7 +29998,7 @@\n 29997\n 29998\n 29999\n-30000\n+other\n 30001\n 30002\n 30003\n',
    );
  });

  it('numbers an empty side as diff does', () => {
    expect(unifiedDiff('', 'a\n', { from: '/dev/null', to: 'x' })).toBe('--- /dev/null\n+++ x\n@@ -0,0 +1,1 @@\n+a\n');
  });

  it('finds a short edit of long texts at once, and tells one that is too long as all old, all new', () => {
    const lines = (count: number, word: string): string =>
      Array.from({ length: count }, (_, index) => `${word} ${index}\n`).join('');
    const few = diffHunks(
      `${lines(5000, 'x')}mid\n${lines(5000, 'y')}`,
      `0\n${lines(5000, 'x')}${lines(5000, 'y')}1\n`,
    );
    expect(few.split('\n').filter((line) => /^[-+]/.test(line))).toEqual(['+0', '-mid', '+1']);
    const all = diffHunks(lines(1500, 'old'), lines(1500, 'new')).split('\n').slice(1, -1);
    expect(all.map((line) => line.slice(0, 4))).toEqual([
      ...Array.from({ length: 1500 }, () => '-old'),
      ...Array.from({ length: 1500 }, () => '+new'),
    ]);
  });

  it('is as short as can be, what was removed before what came instead', () => {
    expect(diffHunks('a\nb\nc\n', 'x\ny\nc\n')).toBe('@@ -1,3 +1,3 @@\n-a\n-b\n+x\n+y\n c\n');
    expect(diffHunks('a\nb\nc\na\nb\nb\na\n', 'c\nb\na\nb\na\nc\n').match(/^[-+]/gm)).toHaveLength(5);
  });

  it('turns one text into the other when git applies it, whatever they are', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'flotilla-diff-'));
    const file = path.join(folder, 'file');
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 30 })
      .map((lines) => lines.map((line) => `${line}\n`).join(''));
    try {
      fc.assert(
        fc.property(text, text, (before, after) => {
          fc.pre(before !== after);
          writeFileSync(file, before);
          const patch = unifiedDiff(before, after, names);
          execFileSync('git', ['apply', '-p0', '--unsafe-paths', '-'], { cwd: folder, input: patch });
          expect(readFileSync(file, 'utf8')).toBe(after);
        }),
        { numRuns: 60 },
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
