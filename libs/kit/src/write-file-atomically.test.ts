import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { writeFileAtomically } from './write-file-atomically.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-write-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('writes a file for its owner alone and leaves nothing else behind', async () => {
  const file = path.join(folder, 'secret');
  await writeFileAtomically(file, 'one');
  await writeFileAtomically(file, 'two');
  expect(await readFile(file, 'utf8')).toBe('two');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['secret']);
});

it('gives the mode that is asked for, whatever the umask', async () => {
  const before = process.umask(0o077);
  try {
    await writeFileAtomically(path.join(folder, 'public'), 'x', { mode: 0o644 });
  } finally {
    process.umask(before);
  }
  expect((await stat(path.join(folder, 'public'))).mode & 0o777).toBe(0o644);
});

it('shows whole contents to whoever reads meanwhile', async () => {
  const file = path.join(folder, 'big');
  const contents = ['a', 'b'].map((letter) => letter.repeat(300_000));
  await writeFile(file, contents[0]!);
  const writes = (async () => {
    for (let i = 0; i < 20; i += 1) await writeFileAtomically(file, contents[i % 2]!);
  })();
  for (let i = 0; i < 100; i += 1) expect(contents).toContain(await readFile(file, 'utf8'));
  await writes;
});

it('keeps the old contents and leaves no part when it fails', async () => {
  const target = path.join(folder, 'folder');
  await writeFileAtomically(path.join(folder, 'kept'), 'old');
  await expect(writeFileAtomically(path.join(target, 'missing'), 'x')).rejects.toThrow(/ENOENT/);
  expect(await readdir(folder)).toEqual(['kept']);
});
