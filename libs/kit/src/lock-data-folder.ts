import { constants } from 'node:fs';
import { access, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { messageOf, RejectedError } from './errors.js';
import { type Lock, tryLockFile } from './lock-file.js';
import { writeFileAtomically } from './write-file-atomically.js';

const lockName = 'lock';
const formatName = 'format.json';
const formatSchema = z.object({ format: z.int() });

/** Raised when what the folder holds changes in a way that an older release could not read. */
const format = 1;

export interface DataFolder extends Lock {
  /** Absolute. */
  readonly folder: string;
  /** Whether it held nothing before. */
  readonly fresh: boolean;
}

/**
 * Takes a data folder for this process alone, and makes it (0700) where it is missing.
 * `setting` is the name of the setting that chose it, for the messages.
 *
 * Throws a RejectedError of one sentence: `data-folder-unwritable`, `data-folder-in-use`, `data-folder-foreign` (it holds
 * something else, or was only half written), `data-folder-newer`.
 */
export async function lockDataFolder(where: string, setting: string): Promise<DataFolder> {
  const folder = path.resolve(where);
  const lock = await take(folder, setting);
  try {
    return { folder, fresh: await checkFormat(folder, setting), release: lock.release };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function take(folder: string, setting: string): Promise<Lock> {
  let taken: Awaited<ReturnType<typeof tryLockFile>>;
  try {
    await makeFolder(folder);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    taken = await tryLockFile(path.join(folder, lockName));
  } catch (error) {
    throw new RejectedError(
      'data-folder-unwritable',
      `The data folder ${folder} cannot be written (${reasonOf(error)}): make it writable for this user or name another one in ${setting}.`,
      { folder, setting },
    );
  }
  if (!('holder' in taken)) return taken;
  const { pid, host } = taken.holder;
  throw new RejectedError(
    'data-folder-in-use',
    `The data folder ${folder} is in use by process ${pid} on ${host}: stop that one first or name another folder in ${setting}.`,
    { folder, setting, pid, host },
  );
}

/** Not mkdir's own `recursive`: on a file system that answers ENOENT to every mkdir, such as /proc, Node tries that for ever. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return;
    if (code !== 'ENOENT' || path.dirname(folder) === folder || (await exists(path.dirname(folder)))) throw error;
    await makeFolder(path.dirname(folder));
    await makeFolder(folder);
  }
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}

async function checkFormat(folder: string, setting: string): Promise<boolean> {
  const file = path.join(folder, formatName);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const others = (await readdir(folder)).filter(
      (name) => name !== lockName && !name.startsWith(`${lockName}.`) && !name.startsWith(`.${formatName}.`),
    );
    if (others.length > 0) throw foreign(folder, setting, `it has no ${formatName} but other files`);
    await writeFileAtomically(file, `${JSON.stringify({ format })}\n`);
    return true;
  }
  let found: number;
  try {
    found = formatSchema.parse(JSON.parse(text)).format;
  } catch {
    throw foreign(folder, setting, `its ${formatName} cannot be read`);
  }
  if (found > format) {
    throw new RejectedError(
      'data-folder-newer',
      `The data folder ${folder} was written by a newer Flotilla (format ${found}, this one knows ${format}): run that release or name another folder in ${setting}.`,
      { folder, setting },
    );
  }
  return false;
}

function foreign(folder: string, setting: string, why: string): RejectedError {
  return new RejectedError(
    'data-folder-foreign',
    `${folder} is not a whole Flotilla data folder (${why}): restore it from a backup or name an empty folder in ${setting}.`,
    { folder, setting },
  );
}

function reasonOf(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'no space left';
    case 'ENOENT':
      return 'the file system makes no folders there';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a part of the path is a file';
    default:
      return messageOf(error, 200);
  }
}
