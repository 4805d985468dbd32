import { constants } from 'node:fs';
import { access, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Child,
  type ChildExit,
  freePort,
  type Logger,
  messageOf,
  RejectedError,
  RetryableError,
  startChild,
  stopStaleChildren,
} from '#kit';
import { ensureDatabase } from './embedded/ensure-database.js';
import { clusterFolder, hasCluster, initCluster } from './embedded/init-cluster.js';
import { findPostgresPrograms, type PostgresPrograms } from './embedded/postgres-programs.js';
import { chooseRunAs, commandAs, type RunAs } from './embedded/run-as.js';
import { serverSettings } from './embedded/server-settings.js';
import { makeSocketFolder, removeSocketFolder, SOCKET_PORT } from './embedded/socket-folder.js';
import { stopOrphan } from './embedded/stop-orphan.js';

export interface EmbeddedPostgresOptions {
  /** Its own, made where it is missing. The caller makes sure that no other process uses it: see lockDataFolder. */
  readonly folder: string;
  readonly log: Logger;
  /** False for tests: nothing waits for the disk. */
  readonly durable?: boolean;
  /** 50 unless told. */
  readonly maxConnections?: number;
  /** Called when it ends without having been asked to. */
  readonly onExit?: (exit: ChildExit, lastLines: readonly string[]) => void;
}

export interface EmbeddedPostgres {
  /** Holds the password: never log it. */
  readonly url: string;
  readonly pid: number;
  /** Fast shutdown within 3 s; may be called again. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const LEFT_MEMORY_MS = 5_000;

/**
 * Starts a PostgreSQL of our own: the first time in about 1.5 s, later in about 100 ms. One that a killed process left behind on
 * this folder is ended first.
 * @throws RejectedError in one sentence: `database-folder-unwritable`, `postgres-missing`, `postgres-as-root`, `database-folder-broken`,
 * `database-other-version`, `initdb-failed`; RetryableError `database-not-started`.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const folder = path.resolve(options.folder);
  const { log, durable = true } = options;
  await makeFolder(folder);
  const pidFolder = path.join(folder, 'run');
  await stopStaleChildren(pidFolder, { log });
  const { data, passwordFile } = clusterFolder(folder);
  await stopOrphan(data, log);

  const programs = await findPostgresPrograms(folder);
  const exists = await hasCluster(folder);
  const runAs = await chooseRunAs(folder, data, programs.postgres);
  if (!exists) {
    log.info({ folder }, 'making the database, once');
    await initCluster(folder, programs, runAs, durable);
  }
  const socketFolder = await makeSocketFolder(folder, runAs);
  const port = socketFolder === null ? await freePort() : SOCKET_PORT;
  const settings = serverSettings({ durable, maxConnections: options.maxConnections ?? 50, socketFolder, port });
  const child = await startServer({ ...options, folder, pidFolder, programs, runAs, args: ['-D', data, ...settings] });
  const stop = async (): Promise<void> => {
    await child.stop();
    await removeSocketFolder(folder);
  };
  const password = await readFile(passwordFile, 'utf8');
  try {
    return { url: await ensureDatabase({ password: password.trim(), socketFolder, port }), pid: child.pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o711 });
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new RejectedError(
      'database-folder-unwritable',
      `The database's folder ${folder} cannot be written (${(error as NodeJS.ErrnoException).code}): make it writable for this user, or choose another data folder.`,
    );
  }
}

interface ServerStart extends EmbeddedPostgresOptions {
  readonly pidFolder: string;
  readonly programs: PostgresPrograms;
  readonly runAs: RunAs;
  readonly args: readonly string[];
}

async function startServer(start: ServerStart): Promise<Child> {
  const since = performance.now();
  for (;;) {
    const { child, said } = await tryServer(start);
    if (child !== undefined) return child;
    // The processes of a server that was killed outlive it for a moment, with its shared memory.
    const wait = /pre-existing shared memory block/.test(said) && performance.now() - since < LEFT_MEMORY_MS;
    if (!wait) {
      throw new RetryableError(
        'database-not-started',
        `PostgreSQL did not start in ${start.folder}: ${messageOf(said, 300)}`,
      );
    }
    await sleep(100);
  }
}

async function tryServer(start: ServerStart): Promise<{ readonly child?: Child; readonly said: string }> {
  const { programs, runAs, log, onExit } = start;
  let isReady = false;
  let ready: (outcome: 'ready') => void = () => undefined;
  const readiness = new Promise<'ready'>((resolve) => (ready = resolve));
  const child = await startChild({
    name: 'postgres',
    ...commandAs(runAs, programs.postgres, start.args),
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', ...programs.env },
    // Where we stand may be a folder that its user may not enter.
    cwd: '/',
    pidFolder: start.pidFolder,
    // Fast shutdown: sessions are ended, and what is committed is on disk.
    stopSignal: 'SIGINT',
    log,
    onLine: (line) => {
      log.debug({ child: 'postgres' }, line);
      if (line.includes('database system is ready to accept connections')) ready('ready');
    },
    onExit: (exit, lastLines) => {
      if (isReady) onExit?.(exit, lastLines);
    },
  });
  const limit = new AbortController();
  const late = sleep(START_TIMEOUT_MS, 'late' as const, { signal: limit.signal }).catch(() => 'late' as const);
  const outcome = await Promise.race([readiness, child.exited, late]);
  limit.abort();
  if (outcome === 'ready') {
    isReady = true;
    return { child, said: '' };
  }
  await child.stop();
  // One turn, so that its last words have been read.
  await sleep(20);
  const said = child.lastLines().join(' ');
  return { said: said === '' ? `it was not ready after ${START_TIMEOUT_MS / 1000} s` : said };
}
