import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { GitSource } from '../git-source.js';

/** A file's text, or a symlink's target. */
export type SuiteFile = string | { readonly symlink: string };

/** A repository that the suite may change, and the source that reads it. */
export interface GitSourceHarness {
  readonly source: GitSource;
  readonly url: string;
  /** Makes a commit with exactly these files the branch's newest; answers its id. */
  commit(commit: {
    readonly files: Readonly<Record<string, SuiteFile>>;
    readonly branch?: string;
    readonly author?: string;
    readonly subject?: string;
    readonly committedAt?: string;
  }): Promise<string>;
  tag(name: string, sha: string): Promise<void>;
  deleteRef(name: string): Promise<void>;
  setReachable(reachable: boolean): Promise<void>;
  close(): Promise<void>;
}

/** What every GitSource keeps to, the fake as well as real git. */
export function describeGitSourceContract(name: string, open: () => Promise<GitSourceHarness>): void {
  describe(`${name} keeps to the contract of a GitSource`, () => {
    let harness: GitSourceHarness;
    let scratch: string;

    beforeEach(async () => {
      harness = await open();
      scratch = await mkdtemp(path.join(tmpdir(), 'flotilla-suite-'));
    });
    afterEach(async () => {
      await harness.close();
      await rm(scratch, { recursive: true, force: true });
    });

    const resolve = (ref: string) => harness.source.resolve({ url: harness.url, ref });
    const exported = async (sha: string): Promise<string> => {
      const folder = path.join(scratch, sha.slice(0, 8));
      await harness.source.export({ url: harness.url, sha }, folder);
      return folder;
    };

    it('tells the newest commit of a branch, with author, subject and time', async () => {
      const sha = await harness.commit({
        files: { 'a.yaml': 'a: 1\n' },
        author: 'Grace Hopper <grace@example.org>',
        subject: 'Say hello\n\nand why',
        committedAt: '2026-02-03T04:05:06.000Z',
      });
      expect(await resolve('main')).toEqual({
        sha,
        author: 'Grace Hopper <grace@example.org>',
        subject: expect.stringMatching(/^Say hello/),
        committedAt: '2026-02-03T04:05:06.000Z',
      });
    });

    it('sees a commit that was made before the call, every time', async () => {
      for (let round = 0; round < 3; round += 1) {
        const sha = await harness.commit({ files: { 'a.yaml': `a: ${round}\n` } });
        expect((await resolve('main')).sha).toBe(sha);
      }
    });

    it('follows a branch that was rewritten', async () => {
      const first = await harness.commit({ files: { a: '1' } });
      await harness.commit({ files: { a: '2' } });
      await resolve('main');
      await harness.deleteRef('main');
      const other = await harness.commit({ files: { a: '3' } });
      expect((await resolve('main')).sha).toBe(other);
      expect(other).not.toBe(first);
    });

    it('resolves a branch with slashes, a tag and a full commit id', async () => {
      const first = await harness.commit({ files: { a: '1' } });
      const second = await harness.commit({ files: { a: '2' }, branch: 'feature/wide-seas' });
      await harness.tag('v1.0.0', first);
      expect((await resolve('feature/wide-seas')).sha).toBe(second);
      expect((await resolve('v1.0.0')).sha).toBe(first);
      expect((await resolve('refs/tags/v1.0.0')).sha).toBe(first);
      expect((await resolve(first)).sha).toBe(first);
    });

    it('takes the branch where a tag has the same name', async () => {
      const tagged = await harness.commit({ files: { a: '1' } });
      const newest = await harness.commit({ files: { a: '2' } });
      await harness.tag('main', tagged);
      expect((await resolve('main')).sha).toBe(newest);
    });

    it('answers many calls at once', async () => {
      const sha = await harness.commit({ files: { a: '1' } });
      const commits = await Promise.all(Array.from({ length: 20 }, () => resolve('main')));
      expect(new Set(commits.map((commit) => commit.sha))).toEqual(new Set([sha]));
    });

    it('names the ref that is not there, and the one that was probably meant', async () => {
      await harness.commit({ files: { a: '1' } });
      await expect(resolve('mian')).rejects.toMatchObject({
        kind: 'rejected',
        code: 'ref-not-found',
        message: expect.stringMatching(/"mian".*Did you mean "main"\?/),
      });
    });

    it('refuses a ref that was deleted', async () => {
      await harness.commit({ files: { a: '1' }, branch: 'gone' });
      await harness.commit({ files: { a: '1' } });
      await resolve('gone');
      await harness.deleteRef('gone');
      await expect(resolve('gone')).rejects.toMatchObject({ code: 'ref-not-found' });
    });

    it('says that a repository cannot be reached, keeps what it had, and goes on when it is back', async () => {
      const sha = await harness.commit({ files: { 'a.yaml': 'a: 1\n' } });
      await resolve('main');
      await harness.setReachable(false);
      await expect(resolve('main')).rejects.toMatchObject({ kind: 'retryable', code: 'source-unreachable' });
      expect((await resolve(sha)).sha).toBe(sha);
      expect(await readFile(path.join(await exported(sha), 'a.yaml'), 'utf8')).toBe('a: 1\n');
      await harness.setReachable(true);
      expect((await resolve('main')).sha).toBe(sha);
    });

    it('writes the tree of the commit that was asked for, whatever came later', async () => {
      const sha = await harness.commit({
        files: {
          'base/web.yaml': 'kind: Deployment\n',
          'overlays/dev/kustomization.yaml': 'resources: []\n',
          empty: '',
        },
      });
      await harness.commit({ files: { other: 'x' } });
      await resolve('main');
      const folder = await exported(sha);
      expect((await readdir(folder)).sort()).toEqual(['base', 'empty', 'overlays']);
      expect(await readFile(path.join(folder, 'base/web.yaml'), 'utf8')).toBe('kind: Deployment\n');
      expect((await stat(path.join(folder, 'base/web.yaml'))).mode & 0o111).toBe(0);
    });

    it('exports a commit that it has not resolved before', async () => {
      const sha = await harness.commit({ files: { a: '1' } });
      expect(await readdir(await exported(sha))).toEqual(['a']);
    });

    it('writes a symlink that stays inside', async () => {
      const sha = await harness.commit({ files: { 'base/a': '1', 'overlays/a': { symlink: '../base/a' } } });
      const folder = await exported(sha);
      expect(await readlink(path.join(folder, 'overlays/a'))).toBe('../base/a');
      expect(await readFile(path.join(folder, 'overlays/a'), 'utf8')).toBe('1');
    });

    it.each([
      ['an absolute one', { link: { symlink: '/etc/passwd' } }, 'link'],
      ['one that climbs out', { 'a/b/link': { symlink: '../../../etc' } }, 'a/b/link'],
      ['one that climbs out through another', { 'd/up': { symlink: '..' }, sly: { symlink: 'd/up/../x' } }, 'sly'],
      ['one that climbs out from a folder behind another', { 'd/up': { symlink: '../..' } }, 'd/up'],
      ['one that leads to itself', { loop: { symlink: 'loop' } }, 'loop'],
    ] as const)('refuses a symlink that leaves the repository: %s', async (_name, files, culprit) => {
      const sha = await harness.commit({ files: { ...files, z: '1' } });
      const folder = path.join(scratch, 'refused');
      await expect(harness.source.export({ url: harness.url, sha }, folder)).rejects.toMatchObject({
        kind: 'rejected',
        code: 'symlink-escapes',
        message: expect.stringContaining(culprit),
      });
      expect(await readdir(folder).catch(() => [])).toEqual([]);
    });

    it.each([
      '--upload-pack=touch x',
      'ext::sh -c x',
      'ext::sh',
      'https://user:hunter2@example.org/r.git',
      '../up',
      '',
    ])('refuses the URL %j and does not repeat it', async (url) => {
      const error: unknown = await harness.source.resolve({ url, ref: 'main' }).catch((each: unknown) => each);
      expect(error).toMatchObject({ kind: 'rejected', code: 'url-refused' });
      expect((error as Error).message).not.toMatch(/hunter2|touch/);
    });

    it.each(['--all', 'a b', 'a..b', 'main@{1}', 'main~1', 'x\ny', ''])('takes %j for no ref', async (ref) => {
      await harness.commit({ files: { a: '1' } });
      await expect(resolve(ref)).rejects.toMatchObject({ code: 'ref-not-found' });
    });
  });
}
