import { execFile } from 'node:child_process';
import { chown, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { RejectedError } from '#kit';

const run = promisify(execFile);

/** `nobody` on every Linux. */
const NOBODY = 65534;

/**
 * PostgreSQL refuses to run as root. `user`: as that one. `namespace`: in a user namespace of its own, where it is nobody and has
 * no capability, while the files stay root's: what is left where the data folder lies under a path that only root may enter.
 */
export type RunAs =
  | { readonly kind: 'self' }
  | { readonly kind: 'user'; readonly uid: number; readonly gid: number }
  | { readonly kind: 'namespace' };

/**
 * Who is to run a cluster whose files are in `folder`; an existing cluster's owner decides.
 * @throws RejectedError `postgres-as-root`.
 */
export async function chooseRunAs(folder: string, cluster: string, programs: string): Promise<RunAs> {
  if (process.getuid?.() !== 0) return { kind: 'self' };
  const owner = await stat(cluster).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0) return { kind: 'user', uid: owner.uid, gid: owner.gid };
  if (owner === undefined && (await othersMayEnter(folder)) && (await othersMayEnter(programs))) {
    return { kind: 'user', uid: NOBODY, gid: NOBODY };
  }
  if (await namespacesWork()) return { kind: 'namespace' };
  throw new RejectedError(
    'postgres-as-root',
    `PostgreSQL does not run as root, this system allows no user namespaces, and ${folder} may be entered by root alone: ` +
      'start Flotilla as another user, choose a data folder that others may enter, or set DATABASE_URL to a PostgreSQL of your own.',
  );
}

/** The command line that runs a program so; pass uid and gid on to spawn as well. */
export function commandAs(
  runAs: RunAs,
  command: string,
  args: readonly string[],
): { readonly command: string; readonly args: readonly string[]; readonly uid?: number; readonly gid?: number } {
  switch (runAs.kind) {
    case 'self':
      return { command, args };
    case 'user':
      return { command, args, uid: runAs.uid, gid: runAs.gid };
    case 'namespace':
      // unshare becomes the program, so the pid and its signals are the program's own.
      return { command: 'unshare', args: ['-U', `--map-user=${NOBODY}`, '--', command, ...args] };
  }
}

/** Gives a file or folder of ours to whoever runs the programs. */
export async function giveTo(runAs: RunAs, file: string): Promise<void> {
  if (runAs.kind === 'user') await chown(file, runAs.uid, runAs.gid);
}

async function othersMayEnter(folder: string): Promise<boolean> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (found === undefined || (found.mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

async function namespacesWork(): Promise<boolean> {
  try {
    await run('unshare', ['-U', `--map-user=${NOBODY}`, '--', 'true'], { timeout: 5_000 });
    return true;
  } catch {
    return false;
  }
}
