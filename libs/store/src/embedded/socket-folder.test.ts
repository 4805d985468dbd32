import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { makeSocketFolder, removeSocketFolder } from './socket-folder.js';

const self = { kind: 'self' } as const;
const long = 'x'.repeat(90);
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-sockets-'));
  await mkdir(path.join(folder, long));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('stays in the data folder where its path is short enough, closed to everybody else', async () => {
  const made = await makeSocketFolder(folder, self);
  expect(made).toBe(path.join(folder, 'socket'));
  expect((await stat(made ?? '')).mode & 0o777).toBe(0o700);
});

it('notes a folder elsewhere, and takes it away at the next start', async () => {
  const deep = path.join(folder, long);
  const first = await makeSocketFolder(deep, self, folder);
  const second = await makeSocketFolder(deep, self, folder);
  expect(second).not.toBe(first);
  expect((await readdir(folder)).sort()).toEqual([path.basename(second ?? ''), long].sort());
  await removeSocketFolder(deep);
  expect(await readdir(folder)).toEqual([long]);
});

it('answers null where no path is short enough: then there is only TCP', async () => {
  expect(await makeSocketFolder(path.join(folder, long), self, path.join(folder, long))).toBeNull();
});

it('removes nothing else that a note may name', async () => {
  await writeFile(path.join(folder, 'socket-folder'), path.join(folder, long));
  await removeSocketFolder(folder);
  expect(await readdir(folder)).toEqual([long]);
});
