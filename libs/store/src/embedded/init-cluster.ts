import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { messageOf, RejectedError, writeFileAtomically } from '#kit';
import { POSTGRES_MAJOR, type PostgresPrograms } from './postgres-programs.js';
import { commandAs, giveTo, type RunAs } from './run-as.js';

const run = promisify(execFile);
const INITDB_TIMEOUT_MS = 120_000;

/** The one role: it owns the cluster. */
export const ROLE = 'flotilla';

export interface ClusterFolder {
  /** PGDATA. */
  readonly data: string;
  readonly passwordFile: string;
}

export function clusterFolder(folder: string): ClusterFolder {
  return { data: path.join(folder, 'cluster'), passwordFile: path.join(folder, 'password') };
}

/**
 * Whether there is a cluster to open. What an interrupted initdb left never bears the cluster's name, so anything that does and is
 * not whole was damaged later, and is left for a person.
 * @throws RejectedError `database-folder-broken`, `database-other-version`.
 */
export async function hasCluster(folder: string): Promise<boolean> {
  const { data, passwordFile } = clusterFolder(folder);
  const names = await readdir(data).catch(() => undefined);
  if (names === undefined) return false;
  if (names.length === 0) {
    await rmdir(data);
    return false;
  }
  const mend = `restore ${folder} from a backup, or move it away to begin with an empty database`;
  const broken = (what: string): RejectedError =>
    new RejectedError('database-folder-broken', `The database in ${folder} is not whole (${what}): ${mend}.`);
  const version = await readFile(path.join(data, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version === undefined) throw broken('cluster/PG_VERSION is missing');
  if (version.trim() !== POSTGRES_MAJOR) {
    throw new RejectedError(
      'database-other-version',
      `The database in ${folder} was made by PostgreSQL ${version.trim()}, and this Flotilla brings ${POSTGRES_MAJOR}: ` +
        `dump it with that release and load it into a new folder, or ${mend}.`,
    );
  }
  if (!existsSync(path.join(data, 'global', 'pg_control'))) {
    throw broken('cluster/global/pg_control is missing');
  }
  if ((await readFile(passwordFile, 'utf8').catch(() => '')) === '') throw broken('its password file is missing');
  return true;
}

/**
 * Makes a new cluster beside its final place and renames it when it is whole; 1.1 to 1.6 s. Everybody has to show the password,
 * over the socket too.
 * @throws RejectedError `initdb-failed`.
 */
export async function initCluster(
  folder: string,
  programs: PostgresPrograms,
  runAs: RunAs,
  sync: boolean,
): Promise<void> {
  const { data, passwordFile } = clusterFolder(folder);
  await removeLeftovers(folder);
  const part = path.join(folder, `cluster.part-${process.pid}`);
  const password = randomBytes(24).toString('base64url');
  const handed = path.join(part, 'password');
  try {
    await mkdir(part, { mode: 0o700 });
    await writeFile(handed, `${password}\n`, { mode: 0o600 });
    await giveTo(runAs, handed);
    await giveTo(runAs, part);
    const args = [
      ...['-D', path.join(part, 'cluster'), '-U', ROLE, '--pwfile', handed, '--auth', 'scram-sha-256'],
      ...['--encoding', 'UTF8', '--locale', 'C', '--no-instructions', ...(sync ? [] : ['--no-sync'])],
    ];
    const { command, args: all, ...user } = commandAs(runAs, programs.initdb, args);
    await run(command, [...all], {
      ...user,
      // initdb looks at where it stands, which its user may not be allowed to.
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', ...programs.env },
      timeout: INITDB_TIMEOUT_MS,
    });
    await rm(handed);
    // The password first: a cluster without one could not be opened, a password without a cluster is overwritten.
    await writeFileAtomically(passwordFile, password);
    await rename(path.join(part, 'cluster'), data);
  } catch (error) {
    throw new RejectedError('initdb-failed', `No database could be made in ${folder}: ${reasonOf(error)}.`);
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith('cluster.part-')) await rm(path.join(folder, name), { recursive: true, force: true });
  }
}

function reasonOf(error: unknown): string {
  const said = (error as { stderr?: unknown }).stderr;
  const text = typeof said === 'string' && said.trim() !== '' ? said : messageOf(error);
  return messageOf(text, 300).replace(/\.$/, '');
}
