import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createLogger, findProgram, kustomize, messageOf, RejectedError } from '#kit';
import type { Renderer } from '#ports';
import { openRenderer } from '#render';
import { createFakeChartSource, createFakeGitSource, type FakeFile, type FakeGitSource } from '#source';
import type { PinnedSource } from './declared-sources.js';
import { Exports, type OpenExports } from './exports.js';
import { readLeast, type Made } from './read-least.js';

const URL = 'https://git.example.com/shop.git';

describe('what is made of the parts of a commit', () => {
  let git: FakeGitSource;
  let written: (readonly string[] | undefined)[];
  let scratch: string;
  let exports: Exports;
  let open: OpenExports;

  beforeEach(async () => {
    git = createFakeGitSource();
    written = [];
    scratch = await mkdtemp(path.join(os.tmpdir(), 'flotilla-least-'));
    const counting = {
      ...git,
      export: async (...[source, folder, paths]: Parameters<FakeGitSource['export']>) => {
        written.push(paths && [...paths].sort());
        await git.export(source, folder, paths);
      },
    };
    exports = new Exports(counting, createFakeChartSource(), { scratchFolder: scratch });
    open = exports.open();
  });
  afterEach(async () => {
    open.close();
    await exports.onApplicationShutdown();
    expect(await readdir(scratch)).toEqual([]);
    await rm(scratch, { recursive: true });
  });

  const commit = (files: Readonly<Record<string, FakeFile>>): PinnedSource => {
    const revision = git.commit(URL, { files });
    return { name: 'shop', revision, origin: { type: 'git', repository: { url: URL } } };
  };

  const told = <T>(work: Promise<T>): Promise<T | string> =>
    work.catch((error: unknown) => `${(error as { code?: string }).code ?? ''}: ${messageOf(error)}`);

  it('is the same as of the whole, whatever is read and wherever it lies', async () => {
    const names = fc.constantFrom('a/x', 'a/y', 'a/b/x', 'b/x', 'b/c/x', 'c', 'a/l', 'a/l/x');
    const line = fc.oneof(
      names.map((name) => `read ${name}`),
      names.map((name) => `maybe ${name}`),
      fc.constantFrom('list a', 'list a/b', 'list b', 'list .', 'list a/l', 'fail'),
    );
    const file = fc.array(line, { minLength: 1, maxLength: 3 }).map((lines) => lines.join('\n'));
    const link = fc.constantFrom('b', 'b/x', '../b', '../c', 'y', 'gone', '..').map((symlink) => ({ symlink }));
    const tree = fc.record(
      { 'a/x': file, 'a/y': file, 'a/b/x': file, 'b/x': file, 'b/c/x': file, c: file, 'a/l': link },
      { requiredKeys: ['a/x'] },
    );
    const first = fc.subarray(['a', 'a/x', 'b', 'a/l/x', 'c', 'nowhere']);
    await fc.assert(
      fc.asyncProperty(tree, first, fc.nat(9), async (files, paths, refused) => {
        const pointer = 'version https://git-lfs.github.com/spec/v1\n';
        const pin = commit({ ...(files as Record<string, FakeFile>), ...(refused === 0 && { 'lfs/x': pointer }) });
        const least = await told(readLeast(open, pin, paths, read));
        const folder = path.join(scratch, 'whole');
        const whole = await told(
          git.export({ url: URL, sha: pin.revision }, folder).then(async () => (await read(folder)).made),
        );
        await rm(folder, { recursive: true });
        // Of a commit that is refused as a whole, parts may still be read that have nothing to do with it.
        if (!String(whole).startsWith('lfs-pointer: ')) expect(least).toEqual(whole);
        open.close();
        await exports.clear();
      }),
      { numRuns: 100 },
    );
  }, 120_000);

  /** A program such as those that render: files name others, which are there or not. */
  async function read(folder: string): Promise<Made<readonly string[]>> {
    const reads = new Set<string>();
    const made: string[] = [];
    const pending = ['a/x'];
    for (let name = pending.pop(); name !== undefined && made.length < 200; name = pending.pop()) {
      reads.add(name);
      const text = await readFile(path.join(folder, name), 'utf8').catch(() => null);
      if (text === null) throw new RejectedError('gone', `${name} is not there`, { missingPath: name });
      made.push(`${name}: ${text}`);
      for (const [verb, what = ''] of text.split('\n').map((line) => line.split(' '))) {
        if (verb === 'fail') throw new RejectedError('failed', `${[...reads].join()} ${made.join()}`);
        if (verb === 'read') pending.push(what);
        if (verb !== 'list' && verb !== 'maybe') continue;
        reads.add(what);
        const found = await (
          verb === 'list' ? readdir(path.join(folder, what)) : readFile(path.join(folder, what))
        ).catch((error: NodeJS.ErrnoException) => error.code ?? '');
        made.push(`${what}: ${String(Array.isArray(found) ? found.sort() : found)}`);
      }
    }
    return { made, reads: [...reads] };
  }

  it('takes no more of a commit than is read, and finds a base that a base names', async () => {
    const files = { 'a/x': 'read b/x', 'b/x': 'read b/c/x', 'b/c/x': 'word', 'd/big': 'unread' };
    expect(await readLeast(open, commit(files), ['a'], read)).toEqual([
      ...['a/x: read b/x', 'b/x: read b/c/x', 'b/c/x: word'],
    ]);
    expect(written).toEqual([['a'], ['a', 'b/x'], ['a', 'b/c/x', 'b/x']]);
  });

  it('writes together what is asked for in the same moment, and nothing that is there', async () => {
    const pin = commit({ 'a/x': 'word', 'b/x': 'word', 'c/x': 'word' });
    const make = async (folder: string) => ({ made: (await readdir(folder)).sort(), reads: [] });
    const made = await Promise.all(['a', 'b', 'c'].map((each) => readLeast(open, pin, [each], make)));
    expect(made).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ]);
    expect(await readLeast(exports.open(), pin, ['c/x'], make)).toEqual(['a', 'b', 'c']);
    expect(written).toEqual([['a', 'b', 'c']]);
    await exports.clear();
  });

  it('takes no harm of what lies elsewhere, though it was asked for together with that', async () => {
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:1\n';
    const pin = commit({ 'a/x': 'word', 'b/x': pointer, 'c/x': { symlink: '../a/x' } });
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((each) => told(readLeast(open, pin, [each], read))));
    expect(a).toEqual(['a/x: word']);
    // A symlink may lead anywhere, so that all of the commit is needed; and that can't be had.
    expect([b, c]).toEqual([expect.stringMatching(/^lfs-pointer: b\/x/), expect.stringMatching(/^lfs-pointer: b\/x/)]);
  });

  it('says what is wrong and not that the commit is large', async () => {
    const many = Object.fromEntries(Array.from({ length: 50_001 }, (_, at) => [`many/${at}`, '']));
    const pin = commit({ ...many, 'a/x': 'fail' });
    expect(await told(readLeast(open, pin, ['a'], read))).toMatch(/^failed: a\/x/);
    expect(await told(open.folder(pin))).toMatch(/^tree-too-large: /);
  });
});

describe('what kustomize makes of the parts of a commit', () => {
  const golden = path.resolve('libs/render/src/golden/kustomize');
  let renderer: Renderer;
  let scratch: string;
  let exports: Exports;
  let pin: PinnedSource;
  let whole: string;

  beforeAll(async () => {
    const log = createLogger({ level: 'silent' });
    const { path: kustomizePath } = await findProgram(kustomize, { log });
    renderer = openRenderer({ kustomizePath, log });
    const git = createFakeGitSource();
    const files: Record<string, FakeFile> = {};
    for (const each of await readdir(golden, { recursive: true, withFileTypes: true })) {
      const file = path.join(each.parentPath, each.name);
      if (each.isFile()) files[path.relative(golden, file)] = await readFile(file, 'utf8');
      if (each.isSymbolicLink()) files[path.relative(golden, file)] = { symlink: await readlink(file) };
    }
    const revision = git.commit(URL, { files });
    pin = { name: 'shop', revision, origin: { type: 'git', repository: { url: URL } } };
    scratch = await mkdtemp(path.join(os.tmpdir(), 'flotilla-least-'));
    exports = new Exports(git, createFakeChartSource(), { scratchFolder: scratch });
    whole = await mkdtemp(path.join(scratch, 'whole-'));
    await git.export({ url: URL, sha: revision }, whole);
  }, 120_000);
  afterAll(async () => {
    await exports.onApplicationShutdown();
    await rm(scratch, { recursive: true });
  });

  it('is what it makes of the whole, over all that is known of its odd ways', async () => {
    let parts = 0;
    for (const name of await readdir(golden)) {
      const inside = await readdir(path.join(golden, name));
      const overlay = `${name}/${inside.find((each) => /^(overlay|überlagerung)/.test(each)) ?? ''}`;
      const open = exports.open();
      const least = await readLeast(open, pin, [overlay], async (folder) => {
        const output = await renderer.render({ folder, path: overlay, renderer: 'auto' });
        return { made: { output, isPart: !(await readdir(folder)).includes('anchors') }, reads: output.reads };
      });
      open.close();
      await exports.clear();
      expect(least.output).toEqual(await renderer.render({ folder: whole, path: overlay, renderer: 'auto' }));
      parts += least.isPart ? 1 : 0;
    }
    expect(parts).toBeGreaterThan(20);
  }, 120_000);
});
