import { lstat, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ACCESS_FOLDER } from './git-access.js';

const NEW_FOLDER = 'new-';

/** Files that a git that was killed leaves behind, and that stop or burden the next one. */
const leftOver = /(\.lock$|^tmp_|^\.tmp-|^incoming-)/;
const unfinished = [NEW_FOLDER, ACCESS_FOLDER];

/**
 * Takes away what runs that were cut off left in a mirror. Nobody else writes to it: the hub's data folder has one hub, and the caller
 * holds the mirror's only run.
 */
export async function sweepMirror(folder: string): Promise<void> {
  const walk = async (at: string, depth: number): Promise<void> => {
    for (const entry of await readdir(at, { withFileTypes: true }).catch(() => [])) {
      const full = path.join(at, entry.name);
      if (leftOver.test(entry.name)) await rm(full, { recursive: true, force: true });
      else if (entry.isDirectory() && depth < 40 && !/^[0-9a-f]{2}$/.test(entry.name)) await walk(full, depth + 1);
    }
  };
  await walk(folder, 0);
}

/** Whether a folder was made by a clone that came to its end. */
export async function isMirror(folder: string): Promise<boolean> {
  const parts = await Promise.all(
    ['HEAD', 'objects', 'refs'].map((each) => lstat(path.join(folder, each)).catch(() => null)),
  );
  return parts.every((each) => each !== null);
}

/** A folder for a clone under way, beside the finished mirrors so that a rename puts it in its place. */
export async function beginMirror(root: string): Promise<string> {
  return mkdtemp(path.join(root, NEW_FOLDER));
}

/** Puts a finished clone in its place, instead of what is there. */
export async function placeMirror(made: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await rename(made, folder);
}

/** Removes clones that a hub which was killed left unfinished, and keys that a git of it used. */
export async function sweepUnfinished(root: string): Promise<void> {
  for (const name of await readdir(root).catch(() => [])) {
    if (unfinished.some((prefix) => name.startsWith(prefix)))
      await rm(path.join(root, name), { recursive: true, force: true });
  }
}

/** Bytes of the packs in a repository, those being received too. */
export async function packBytes(folder: string): Promise<number> {
  const packs = path.join(folder, 'objects', 'pack');
  let bytes = 0;
  for (const name of await readdir(packs).catch(() => [])) {
    bytes += (await stat(path.join(packs, name)).catch(() => ({ size: 0 }))).size;
  }
  return bytes;
}

/** Says in a mirror's folder that it may lack contents and history, which its server hands out one by one. */
const PARTIAL = 'flotilla-partial';

export async function markPartial(folder: string): Promise<void> {
  await writeFile(path.join(folder, PARTIAL), '');
}

export async function isPartial(folder: string): Promise<boolean> {
  return (await lstat(path.join(folder, PARTIAL)).catch(() => null)) !== null;
}

/** Whether the history of some commits is cut off. */
export async function isShallow(folder: string): Promise<boolean> {
  return ((await stat(path.join(folder, 'shallow')).catch(() => null))?.size ?? 0) > 0;
}
