import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createLogger } from '#kit';
import { describeGitSourceContract } from '#ports/contract-suites/git-source-contract-suite';
import { openGitSource, type GitSourceOptions } from './git-mirror.js';
import { makeTestRepository, type TestRepository } from './test-repository.js';

const silent = createLogger({ level: 'silent' });

describeGitSourceContract('real git', async () => {
  const repository = await makeTestRepository();
  const source = openGitSource({ folder: path.join(repository.folder, 'mirrors'), log: silent, allowLocal: true });
  return {
    source,
    url: repository.path,
    commit: repository.commit,
    tag: repository.tag,
    makeKey: repository.makeKey,
    deleteRef: repository.deleteRef,
    setReachable: repository.setReachable,
    close: async () => {
      source.close();
      await repository.remove();
    },
  };
});

describe('a mirror', () => {
  let repository: TestRepository;
  let mirrors: string;

  beforeEach(async () => {
    repository = await makeTestRepository();
    mirrors = path.join(repository.folder, 'mirrors');
  });
  afterEach(() => repository.remove());

  const open = (more: Partial<GitSourceOptions> = {}) =>
    openGitSource({ folder: mirrors, log: silent, allowLocal: true, ...more });
  const mirrorFolder = async (): Promise<string> => {
    const name = (await readdir(mirrors)).find((each) => each.endsWith('.git'));
    return path.join(mirrors, name ?? 'none');
  };

  it('is read by file:/// too', async () => {
    const sha = await repository.commit({ files: { a: '1' } });
    const url = `file://${repository.path}`;
    expect((await open().resolve({ url, ref: 'main' })).sha).toBe(sha);
  });

  it('refuses a folder of the hub where that is not allowed', async () => {
    await repository.commit({ files: { a: '1' } });
    for (const url of [repository.path, `file://${repository.path}`]) {
      await expect(open({ allowLocal: false }).resolve({ url, ref: 'main' })).rejects.toMatchObject({
        code: 'url-refused',
        message: expect.stringContaining('does not allow'),
      });
    }
  });

  it('goes on after locks and half a pack of a git that was killed', async () => {
    await repository.commit({ files: { a: '1' } });
    await open().resolve({ url: repository.path, ref: 'main' });
    const folder = await mirrorFolder();
    await mkdir(path.join(folder, 'refs/heads'), { recursive: true });
    for (const name of ['packed-refs.lock', 'refs/heads/main.lock', 'shallow.lock', 'objects/pack/tmp_pack_abc']) {
      await writeFile(path.join(folder, name), 'x');
    }
    const sha = await repository.commit({ files: { a: '2' } });
    expect((await open().resolve({ url: repository.path, ref: 'main' })).sha).toBe(sha);
    expect(await readdir(path.join(folder, 'objects/pack'))).not.toContain('tmp_pack_abc');
  });

  it('is made anew where what is there is half a clone or damaged', async () => {
    const sha = await repository.commit({ files: { a: '1' } });
    await open().resolve({ url: repository.path, ref: 'main' });
    const folder = await mirrorFolder();
    await rm(path.join(folder, 'HEAD'));
    expect((await open().resolve({ url: repository.path, ref: 'main' })).sha).toBe(sha);

    for (const name of await readdir(path.join(folder, 'objects/pack'))) {
      await rm(path.join(folder, 'objects/pack', name));
      if (name.endsWith('.pack')) await writeFile(path.join(folder, 'objects/pack', name), 'no pack at all');
    }
    const next = await repository.commit({ files: { a: '2' } });
    const source = open();
    expect((await source.resolve({ url: repository.path, ref: 'main' })).sha).toBe(next);
    const target = path.join(repository.folder, 'out');
    await source.export({ url: repository.path, sha: next }, target);
    expect(await readdir(target)).toEqual(['a']);
  });

  it('is made anew where an export finds that files are missing', async () => {
    await repository.commit({ files: { a: '1', b: 'x'.repeat(1000) } });
    const source = open();
    await source.resolve({ url: repository.path, ref: 'main' });
    const packs = path.join(await mirrorFolder(), 'objects/pack');
    const early = (await readdir(packs)).filter((name) => name.endsWith('.pack'));
    const sha = await repository.commit({ files: { a: '2', b: 'x'.repeat(1000) } });
    await source.resolve({ url: repository.path, ref: 'main' });
    expect((await readdir(packs)).filter((name) => name.endsWith('.pack')).length).toBeGreaterThan(early.length);
    for (const name of early)
      for (const end of ['.pack', '.idx']) await rm(path.join(packs, name.replace('.pack', end)));
    const target = path.join(repository.folder, 'out');
    await source.export({ url: repository.path, sha }, target);
    expect(await readdir(target)).toEqual(['a', 'b']);
  });

  it('leaves nothing of a clone that failed, and sweeps what a killed hub left', async () => {
    await mkdir(path.join(mirrors, 'new-abandoned'), { recursive: true });
    const url = path.join(repository.folder, 'nowhere');
    await expect(open().resolve({ url, ref: 'main' })).rejects.toMatchObject({
      code: 'source-unreachable',
      message: expect.stringContaining('does not appear to be a git repository'),
    });
    expect(await readdir(mirrors)).toEqual(['home']);
  });

  it('refuses a repository that is larger than allowed, and keeps no part of it', async () => {
    const noise = Array.from({ length: 40_000 }, () => Math.random().toString(36)).join('');
    await repository.commit({ files: { noise } });
    await expect(
      open({ maxMirrorBytes: 100_000 }).resolve({ url: repository.path, ref: 'main' }),
    ).rejects.toMatchObject({ kind: 'rejected', code: 'repository-too-large' });
    expect(await readdir(mirrors)).toEqual(['home']);
  });

  it('gives up a fetch that takes too long', async () => {
    await repository.commit({ files: { a: '1' } });
    await expect(open({ timeoutMs: 1 }).resolve({ url: repository.path, ref: 'main' })).rejects.toMatchObject({
      kind: 'retryable',
      code: 'source-unreachable',
      message: expect.stringContaining('in time'),
    });
  });

  it('runs no hook, and refuses a submodule where nobody asked for it', async () => {
    const sha = await repository.commit({ files: { a: '1' } });
    await repository.git(['update-index', '--add', '--cacheinfo', `160000,${sha},vendored`]);
    await repository.git(['commit', '--quiet', '-m', 'With a submodule']);
    const head = await repository.git(['rev-parse', 'HEAD']);
    const source = open();
    await source.resolve({ url: repository.path, ref: 'main' });
    const folder = await mirrorFolder();
    const witness = path.join(repository.folder, 'hook-ran');
    await mkdir(path.join(folder, 'hooks'), { recursive: true });
    for (const hook of ['reference-transaction', 'post-checkout', 'post-merge', 'pre-auto-gc']) {
      await writeFile(path.join(folder, 'hooks', hook), `#!/bin/sh\ntouch ${witness}\n`, { mode: 0o755 });
    }
    await repository.commit({ files: { b: '1' }, branch: 'other' });
    await source.resolve({ url: repository.path, ref: 'other' });
    const target = path.join(repository.folder, 'out');
    await expect(source.export({ url: repository.path, sha: head }, target)).rejects.toMatchObject({
      code: 'submodule-refused',
      message: expect.stringMatching(/^"vendored" is a submodule, .*spec\.submodules: true/),
    });
    await source.export({ url: repository.path, sha: head }, target, ['a']);
    expect(await readdir(target)).toEqual(['a']);
    expect(await readdir(repository.folder)).not.toContain('hook-ran');
  });

  it('shares fetches between calls and never answers from before a call', async () => {
    const first = await repository.commit({ files: { a: '1' } });
    const source = open();
    const early = Array.from({ length: 30 }, () => source.resolve({ url: repository.path, ref: 'main' }));
    const second = await repository.commit({ files: { a: '2' } });
    const late = await source.resolve({ url: repository.path, ref: 'main' });
    expect(late.sha).toBe(second);
    for (const commit of await Promise.all(early)) expect([first, second]).toContain(commit.sha);
  });
});
