import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { GitQuestion, GitSource, GitVerification } from '../git-source.js';

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
    readonly signedWith?: string;
  }): Promise<string>;
  /** An annotated tag, moved where it is there already. */
  tag(name: string, sha: string, signedWith?: string): Promise<void>;
  /** Answers a public key that commits and tags can be signed with. */
  makeKey(): Promise<string>;
  deleteRef(name: string): Promise<void>;
  setReachable(reachable: boolean): Promise<void>;
  close(): Promise<void>;
}

/**
 * What every GitSource keeps to, the fake as well as real git.
 * @param wire whether it is another way to the same source that is tested: what is refused before anybody is asked, or after everything is there, is then left out
 */
export function describeGitSourceContract(
  name: string,
  open: () => Promise<GitSourceHarness>,
  { wire = false }: { readonly wire?: boolean } = {},
): void {
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

    const resolve = (ref: GitQuestion['ref'], more: Partial<GitQuestion> = {}) =>
      harness.source.resolve({ url: harness.url, ref, ...more });
    const exported = async (sha: string, paths?: readonly string[]): Promise<string> => {
      const folder = await mkdtemp(path.join(scratch, 'out-'));
      await harness.source.export({ url: harness.url, sha }, folder, paths);
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

    it('takes the newest tag within a range of versions, and says which', async () => {
      const commits: string[] = [];
      for (const tag of ['v1.9.0', 'v1.10.0', 'v2.0.0-rc.1', 'latest']) {
        const sha = await harness.commit({ files: { a: tag } });
        await harness.tag(tag, sha);
        commits.push(sha);
      }
      const range = (semver: string, prereleases = false) => resolve({ semver, prereleases });
      expect(await range('>=1.2 <2')).toMatchObject({ sha: commits[1], tag: 'v1.10.0' });
      expect(await range('>=1.2')).toMatchObject({ tag: 'v1.10.0' });
      expect(await range('>=1.2', true)).toMatchObject({ sha: commits[2], tag: 'v2.0.0-rc.1' });
      expect(await resolve('main')).not.toHaveProperty('tag');
      await expect(range('^3')).rejects.toMatchObject({
        kind: 'rejected',
        code: 'version-not-found',
        message: expect.stringMatching(/spec\.semver "\^3"\. The nearest are v2\.0\.0-rc\.1, v1\.10\.0, v1\.9\.0\./),
      });
      await expect(range('newest')).rejects.toMatchObject({ code: 'range-invalid' });
      await harness.deleteRef('v1.10.0');
      expect(await range('>=1.2 <2')).toMatchObject({ tag: 'v1.9.0' });
    });

    it('says of a branch and of a tag whether what they were at is in their history', async () => {
      const first = await harness.commit({ files: { a: '1' } });
      const second = await harness.commit({ files: { a: '2' } });
      await harness.tag('stable', second);
      expect(await resolve('main', { after: first })).not.toHaveProperty('rewritten');
      expect(await resolve('main', { after: second })).not.toHaveProperty('rewritten');
      await harness.deleteRef('main');
      const other = await harness.commit({ files: { a: '3' } });
      await harness.tag('stable', other);
      expect(await resolve('main', { after: second })).toMatchObject({ sha: other, rewritten: true });
      expect(await resolve('stable', { after: second })).toMatchObject({ sha: other, rewritten: true });
      expect(await resolve(other, { after: second })).not.toHaveProperty('rewritten');
      expect(await resolve('main', { after: 'f'.repeat(40) })).toMatchObject({ rewritten: true });
    });

    it('knows which commit is in the history of which', async () => {
      const first = await harness.commit({ files: { a: '1' } });
      const second = await harness.commit({ files: { a: '2' } });
      const third = await harness.commit({ files: { a: '3' } });
      const beside = await harness.commit({ files: { b: '1' }, branch: 'beside' });
      const isAncestor = (sha: string, ancestor: string) =>
        harness.source.isAncestor({ url: harness.url, sha }, ancestor);
      expect(await isAncestor(third, first)).toBe(true);
      expect(await isAncestor(third, second)).toBe(true);
      expect(await isAncestor(third, third)).toBe(true);
      expect(await isAncestor(first, third)).toBe(false);
      expect(await isAncestor(third, beside)).toBe(false);
      expect(await isAncestor(third, 'f'.repeat(40))).toBe(false);
    });

    it('tells by ids which folders and files differ between two commits', async () => {
      const files = { 'apps/web/a': '1', 'apps/web/b/c': '1', 'apps/shop/a': '1', readme: 'x' };
      const before = await harness.commit({ files });
      const after = await harness.commit({ files: { ...files, 'apps/web/b/c': '2' } });
      const paths = ['apps/web', 'apps/web/a', 'apps/web/b/', './apps/shop', 'readme', '.', 'nowhere', 'readme/x'];
      const idsOf = (sha: string) => harness.source.treeIds({ url: harness.url, sha }, paths);
      const [then, now] = [await idsOf(before), await idsOf(after)];
      expect(then.map((id, index) => id === now[index])).toEqual([
        ...[false, true, false, true, true, false],
        ...[true, true],
      ]);
      expect(now.map((id) => id === null)).toEqual([...Array<boolean>(6).fill(false), true, true]);
    });

    it('names who signed, of the keys that it is asked for, and refuses others where that is required', async () => {
      const [ann, ben] = [await harness.makeKey(), await harness.makeKey()];
      const unsigned = await harness.commit({ files: { a: '1' } });
      const signed = await harness.commit({ files: { a: '2' }, signedWith: ann });
      await harness.tag('v1.0.0', unsigned, ben);
      await harness.tag('v1.1.0', signed);
      const by = (of: 'commit' | 'tag', key: string, required = true): { verify: GitVerification } => ({
        verify: { of, keys: [{ name: 'Somebody', key }], required },
      });
      const fingerprint = expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/);
      const somebody = { kind: 'ssh', signer: 'Somebody', fingerprint };
      expect(await resolve('main', by('commit', ann))).toMatchObject({ signature: { ...somebody, of: 'commit' } });
      expect(await resolve('v1.0.0', by('tag', ben))).toMatchObject({ signature: { ...somebody, of: 'tag' } });
      expect(await resolve({ semver: '1.0.x', prereleases: false }, by('tag', ben))).toMatchObject({
        sha: unsigned,
        signature: somebody,
      });
      await expect(resolve('main', by('commit', ben))).rejects.toMatchObject({ code: 'signature-refused' });
      await expect(resolve('v1.0.0', by('tag', ann))).rejects.toMatchObject({ code: 'signature-refused' });
      for (const [ref, of] of [
        [unsigned, 'commit'],
        ['v1.1.0', 'tag'],
        ['main', 'tag'],
      ] as const) {
        await expect(resolve(ref, by(of, ann))).rejects.toMatchObject({ kind: 'rejected', code: 'signature-missing' });
        expect(await resolve(ref, by(of, ann, false))).not.toHaveProperty('signature');
      }
      expect(await resolve('main', by('commit', ben, false))).not.toHaveProperty('signature');
      expect(await resolve('main')).not.toHaveProperty('signature');
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

    it('says that a repository cannot be reached, keeps what was read of it, and goes on when it is back', async () => {
      const sha = await harness.commit({ files: { 'a.yaml': 'a: 1\n' } });
      await resolve('main');
      await exported(sha);
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

    it('writes some folders and files alone, where it is told which', async () => {
      const sha = await harness.commit({
        files: { 'base/a': '1', 'base/more/b': '1', 'overlays/dev/c': '1', 'overlays/prod/c': '1', 'd*': '1', dd: '1' },
      });
      const folder = await exported(sha, ['base', 'overlays/dev/', 'd*', 'nowhere']);
      const written = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((each) => each.isFile());
      expect(written.map((each) => path.relative(folder, path.join(each.parentPath, each.name))).sort()).toEqual([
        ...['base/a', 'base/more/b', 'd*', 'overlays/dev/c'],
      ]);
      expect((await readdir(await exported(sha, ['.']))).sort()).toEqual(['base', 'd*', 'dd', 'overlays']);
    });

    it('writes the symlink that a path leads through, so that nobody takes what is behind it for missing', async () => {
      const files = { 'a/b/x': '1', 'a/link': { symlink: 'b' }, 'c/y': '2', 'c/z': '3' };
      const sha = await harness.commit({ files });
      const folder = await exported(sha, ['a/link/x', './c/y', 'c/nowhere/at/all', 'nowhere/x']);
      expect((await readdir(folder, { recursive: true })).sort()).toEqual(['a', 'a/link', 'c', 'c/y']);
      expect(await readlink(path.join(folder, 'a/link'))).toBe('b');
    });

    it('refuses a file that is in Git LFS, leaves nothing of it, and writes what is beside it', async () => {
      const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`;
      const sha = await harness.commit({ files: { 'apps/a': '1', 'pictures/logo.png': pointer } });
      const folder = path.join(scratch, 'lfs');
      await expect(harness.source.export({ url: harness.url, sha }, folder)).rejects.toMatchObject({
        kind: 'rejected',
        code: 'lfs-pointer',
        message: expect.stringMatching(/^pictures\/logo\.png is kept in Git LFS, .*git lfs migrate export/),
      });
      expect(await readdir(folder)).toEqual([]);
      expect(await readdir(await exported(sha, ['apps']))).toEqual(['apps']);
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

    if (wire) return;

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
