import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { lockDataFolder } from './lock-data-folder.js';
import { tryLockFile } from './lock-file.js';
import { identifyProcess } from './process-identity.js';

let folder: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-lock-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await chmod(folder, 0o700);
  await rm(folder, { recursive: true, force: true });
});

/** A lock as another process of this machine would have left it. */
async function leaveLock(holder: Record<string, unknown>): Promise<void> {
  const whole = { pid: 1, started: 'x', host: os.hostname(), id: 'theirs', ...holder };
  await writeFile(path.join(folder, 'lock'), JSON.stringify(whole));
}

function startOther(): ChildProcess {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  children.push(child);
  return child;
}

it('makes the folder for its owner alone, tells that it is fresh, and lets go of it again', async () => {
  const where = path.join(folder, 'a', 'b');
  const first = await lockDataFolder(where, 'FLOTILLA_DATA');
  expect(first).toMatchObject({ folder: where, fresh: true });
  expect((await stat(where)).mode & 0o777).toBe(0o700);
  await first.release();
  const second = await lockDataFolder(where, 'FLOTILLA_DATA');
  expect(second.fresh).toBe(false);
  await second.release();
  expect(await readdir(where)).toEqual(['format.json']);
});

it('refuses a folder that another living process has, and names that process', async () => {
  const other = startOther();
  await leaveLock({ ...identifyProcess(other.pid!) });
  await expect(lockDataFolder(folder, 'FLOTILLA_DATA')).rejects.toMatchObject({
    code: 'data-folder-in-use',
    message: expect.stringContaining(`in use by process ${other.pid}`),
  });
});

it('takes over the lock of a process that was killed', async () => {
  const other = startOther();
  await leaveLock({ ...identifyProcess(other.pid!) });
  const ended = once(other, 'exit');
  other.kill('SIGKILL');
  await ended;
  await writeFile(path.join(folder, 'format.json'), '{"format":1}');
  const taken = await lockDataFolder(folder, 'FLOTILLA_DATA');
  expect(JSON.parse(await readFile(path.join(folder, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid });
  await taken.release();
});

it('takes over a lock whose pid belongs to another process by now', async () => {
  const other = startOther();
  await leaveLock({ pid: other.pid, started: 'long ago' });
  await (await lockDataFolder(folder, 'FLOTILLA_DATA')).release();
});

it('takes over an empty lock, as a power cut leaves one', async () => {
  await writeFile(path.join(folder, 'lock'), '');
  await (await lockDataFolder(folder, 'FLOTILLA_DATA')).release();
});

it('judges a holder on another machine by its beat', async () => {
  await leaveLock({ host: 'elsewhere' });
  await expect(lockDataFolder(folder, 'FLOTILLA_DATA')).rejects.toThrow(/in use by process 1 on elsewhere/);
  const before = new Date(Date.now() - 60_000);
  await utimes(path.join(folder, 'lock'), before, before);
  await (await lockDataFolder(folder, 'FLOTILLA_DATA')).release();
});

it('gives a lock to one of many who ask at once, also when it must be taken over first', async () => {
  for (let round = 0; round < 60; round += 1) {
    const file = path.join(folder, `lock-${round}`);
    if (round % 2 === 1)
      await writeFile(file, JSON.stringify({ pid: 999_999, started: 'x', host: os.hostname(), id: 'x' }));
    const answers = await Promise.all(Array.from({ length: 8 }, () => tryLockFile(file)));
    const locks = answers.filter((answer) => 'release' in answer);
    expect(locks).toHaveLength(1);
    await locks[0]!.release();
  }
  expect(await readdir(folder)).toEqual([]);
});

it('refuses a folder that holds other things, and leaves it as it was', async () => {
  await writeFile(path.join(folder, 'holiday.jpg'), 'x');
  await expect(lockDataFolder(folder, 'FLOTILLA_DATA')).rejects.toMatchObject({ code: 'data-folder-foreign' });
  expect(await readdir(folder)).toEqual(['holiday.jpg']);
});

it('refuses a folder whose format file is only half written', async () => {
  await writeFile(path.join(folder, 'format.json'), '{"form');
  await expect(lockDataFolder(folder, 'FLOTILLA_DATA')).rejects.toThrow(
    /not a whole Flotilla data folder.*FLOTILLA_DATA/,
  );
});

it('refuses a folder of a newer release', async () => {
  await writeFile(path.join(folder, 'format.json'), '{"format":99}');
  await expect(lockDataFolder(folder, 'FLOTILLA_DATA')).rejects.toMatchObject({ code: 'data-folder-newer' });
});

it('tells in one sentence that a path leads through a file', async () => {
  await writeFile(path.join(folder, 'file'), '');
  await expect(lockDataFolder(path.join(folder, 'file', 'data'), 'FLOTILLA_DATA')).rejects.toMatchObject({
    code: 'data-folder-unwritable',
    message: expect.stringMatching(
      /^The data folder .* cannot be written \(a part of the path is a file\): .*FLOTILLA_DATA\.$/,
    ),
  });
});

it('tells in one sentence that a folder is read-only', async () => {
  // Root may write everywhere but into /proc, so that stands for a read-only file system there.
  const readOnly = process.getuid?.() === 0 ? '/proc/sys' : path.join(folder, 'closed');
  if (!readOnly.startsWith('/proc')) await mkdir(readOnly, { mode: 0o500 });
  await expect(lockDataFolder(path.join(readOnly, 'data'), 'FLOTILLA_DATA')).rejects.toMatchObject({
    code: 'data-folder-unwritable',
  });
});
