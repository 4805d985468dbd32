import { randomUUID } from 'node:crypto';
import { link, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { RetryableError } from './errors.js';
import { identifyProcess, isSameProcessAlive } from './process-identity.js';

const beatMs = 5_000;
/** A holder on another machine (or in another container) is asked by its beat alone, for its pid means nothing here. */
const silentMs = 30_000;
/** A lock that cannot be read is being written, or was when its process died; older than this it is the latter. */
const writingMs = 1_000;
/** How long to leave another process that is clearing a dead holder's lock before looking again. */
const clearingMs = 20;

const holderSchema = z.object({ pid: z.int(), started: z.string(), host: z.string(), id: z.string() });
export type LockHolder = z.infer<typeof holderSchema>;

export interface Lock {
  readonly release: () => Promise<void>;
}

/**
 * Takes `file` as a lock for this process, or answers who has it. The lock of a process that is gone is taken over.
 * The caller's folder must exist; errors of the file system pass through.
 */
export async function tryLockFile(file: string): Promise<Lock | { readonly holder: LockHolder }> {
  const mine: LockHolder = {
    pid: process.pid,
    started: identifyProcess(process.pid)?.started ?? 'unknown',
    host: os.hostname(),
    id: randomUUID(),
  };
  // A few rounds: each one either takes the lock, finds a living holder, or clears a dead one's.
  for (let round = 0; round < 20; round += 1) {
    if (await place(file, mine)) return held(file, mine);
    const holder = await readHolder(file);
    if (holder === undefined) continue;
    if (holder === unreadable && (await ageMs(file)) < writingMs) {
      await sleep(writingMs / 10);
      continue;
    }
    if (await isAlive(file, holder)) return { holder };
    await clear(file, holder);
  }
  throw new RetryableError('lock-contended', `The lock ${file} is fought over by several processes: try again.`);
}

/** Puts the whole file there at once, or answers false where one is already: nobody ever reads half a lock. */
async function place(file: string, mine: LockHolder): Promise<boolean> {
  const part = `${file}.${mine.id}`;
  await writeFile(part, JSON.stringify(mine), { flag: 'wx', mode: 0o600 });
  try {
    await link(part, file);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    return await placeWithoutLinks(file, mine);
  } finally {
    await rm(part, { force: true });
  }
}

/** For file systems without hard links. A crash in the middle leaves a lock that cannot be read. */
async function placeWithoutLinks(file: string, mine: LockHolder): Promise<boolean> {
  try {
    await writeFile(file, JSON.stringify(mine), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

const unreadable: LockHolder = { pid: 0, started: '', host: '', id: '' };

async function readHolder(file: string): Promise<LockHolder | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return unreadable;
  }
}

async function isAlive(file: string, holder: LockHolder): Promise<boolean> {
  if (holder === unreadable) return false;
  if (holder.host === os.hostname()) return isSameProcessAlive(holder);
  return (await ageMs(file)) < silentMs;
}

async function ageMs(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  return found === undefined ? Infinity : Date.now() - found.mtimeMs;
}

/**
 * Removes a dead holder's lock, under a lock of its own: whoever judged the holder dead must find it there still, and nobody
 * else may be between that look and the removal, or the lock of a process that took over meanwhile would go with it.
 * A guard that a crash left behind is taken over in the same way.
 */
async function clear(file: string, dead: LockHolder): Promise<void> {
  const guard = await tryLockFile(`${file}.clearing`);
  if ('holder' in guard) {
    await sleep(clearingMs);
    return;
  }
  try {
    if ((await readHolder(file))?.id === dead.id) await rm(file, { force: true });
  } finally {
    await guard.release();
  }
}

function held(file: string, mine: LockHolder): Lock {
  const beat = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined);
  }, beatMs);
  beat.unref();
  const releaseAtExit = (): void => {
    try {
      if ((JSON.parse(readFileSync(file, 'utf8')) as Partial<LockHolder>).id === mine.id) rmSync(file, { force: true });
    } catch {
      // Gone already, or not ours any more.
    }
  };
  process.once('exit', releaseAtExit);
  return {
    release: async () => {
      clearInterval(beat);
      process.removeListener('exit', releaseAtExit);
      if ((await readHolder(file))?.id === mine.id) await rm(file, { force: true });
    },
  };
}
