import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, RejectedError, RetryableError } from '../errors.js';
import { tryLockFile } from '../lock-file.js';

/** Anything that takes a line for a person; a Logger is one. */
export interface ProgramLog {
  info(message: string): void;
}

/** `$XDG_CACHE_HOME/flotilla/tools`, or below `~/.cache`. */
export function toolCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env['XDG_CACHE_HOME'];
  // The XDG specification: a relative path there is to be ignored.
  const cache = base !== undefined && path.isAbsolute(base) ? base : path.join(env['HOME'] || os.homedir(), '.cache');
  return path.join(cache, 'flotilla', 'tools');
}

export interface CachedBuild {
  /** Folder name in the cache: `nats-server-2.15.2`. */
  readonly key: string;
  readonly cacheFolder: string;
  readonly log: ProgramLog;
  /** How long to wait while another process builds the same, in milliseconds. */
  readonly limitMs: number;
  /** Whether what the cache has can be used. */
  readonly isWhole: (folder: string) => Promise<boolean>;
  /** Fills an empty folder. */
  readonly build: (folder: string) => Promise<void>;
}

/**
 * Makes a folder of the tool cache, once, however many processes ask. It appears whole or not at all.
 * Throws a RejectedError `tool-cache-unwritable`, a RetryableError `tool-cache-busy`, or whatever `build` throws.
 */
export async function buildIntoCache(what: CachedBuild): Promise<{ readonly folder: string; readonly built: boolean }> {
  const { key, cacheFolder, isWhole } = what;
  const folder = path.join(cacheFolder, key);
  if (await isWhole(folder)) return { folder, built: false };
  const release = await takeTurn(what);
  const part = path.join(cacheFolder, `.${key}.${randomUUID()}`);
  try {
    // Whoever had the turn before us may have made it.
    if (await isWhole(folder)) return { folder, built: false };
    await mkdir(part);
    await what.build(part);
    await replaceFolder(part, folder);
    return { folder, built: true };
  } finally {
    await rm(part, { recursive: true, force: true });
    await release();
  }
}

async function takeTurn({ key, cacheFolder, log, limitMs }: CachedBuild): Promise<() => Promise<void>> {
  const started = performance.now();
  let told = false;
  for (;;) {
    const lock = await lockCache(path.join(cacheFolder, `.${key}.lock`), cacheFolder);
    if (!('holder' in lock)) return lock.release;
    if (performance.now() - started > limitMs) {
      const { pid, host } = lock.holder;
      throw new RetryableError(
        'tool-cache-busy',
        `Process ${pid} on ${host} has been building ${key} for too long: try again.`,
      );
    }
    if (!told) log.info(`Another process (${lock.holder.pid}) is building ${key}; waiting for it …`);
    told = true;
    await sleep(250);
  }
}

async function lockCache(file: string, cacheFolder: string): ReturnType<typeof tryLockFile> {
  try {
    await mkdir(cacheFolder, { recursive: true });
    return await tryLockFile(file);
  } catch (error) {
    if (error instanceof RetryableError) throw error;
    throw new RejectedError(
      'tool-cache-unwritable',
      `The tool cache ${cacheFolder} cannot be written (${messageOf(error, 200)}): make it writable or name another cache in XDG_CACHE_HOME.`,
    );
  }
}

/** A broken one is moved away first, because rename() replaces no folder that holds something. */
async function replaceFolder(part: string, folder: string): Promise<void> {
  const exists = await stat(folder).then(
    () => true,
    () => false,
  );
  if (exists) {
    const aside = `${part}.old`;
    await rename(folder, aside);
    await rm(aside, { recursive: true, force: true });
  }
  await rename(part, folder);
}
