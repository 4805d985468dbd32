import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { identifyProcess } from '#kit';

/**
 * A real PostgreSQL for a test file, with nothing to set up:
 *
 *     let database: TestDatabase;
 *     beforeAll(async () => (database = await createTestDatabase()));
 *     afterAll(() => database.drop());
 *     // const store = await openStore({ url: database.url });
 *
 * The first file of a jest run that asks starts one server for all of them (about 1.5 s), which ends by itself when jest has
 * ended; each call makes a database of its own from a migrated template (about 50 ms).
 */
export interface TestDatabase {
  readonly url: string;
  /** Takes every row out: for a suite whose tests begin with nothing (10 ms). Generated ids go on. */
  empty(): Promise<void>;
  /** Ends what is still connected. */
  drop(): Promise<void>;
}

const TEMPLATE = 'flotilla_template';
const START_TIMEOUT_MS = 60_000;

/** `empty`: without the schema, for tests of the migrations themselves. */
export async function createTestDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const server = await serverUrl();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await runStatement(server, `create database ${name} template ${empty ? 'template0' : TEMPLATE}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    empty: () => runStatement(url.href, EMPTY),
    drop: () => runStatement(server, `drop database if exists ${name} with (force)`),
  };
}

/** As a replica, because what is append only refuses otherwise. For a few rows, ten times faster than truncate. */
const EMPTY = `do $$ declare name text; begin
  set local session_replication_role = replica;
  for name in select tablename from pg_tables where schemaname = 'public' and tablename <> 'migrations' loop
    execute format('delete from %I', name);
  end loop;
end $$`;

async function runStatement(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** The run that we are part of: jest itself, of which we may be a worker. */
function jestPid(): number {
  return process.argv[1]?.includes('jest-worker') === true ? process.ppid : process.pid;
}

async function serverUrl(): Promise<string> {
  const pid = jestPid();
  // A pid comes back one day; together with its start it does not.
  const started = Buffer.from(identifyProcess(pid)?.started ?? '')
    .toString('hex')
    .slice(-12);
  const folder = path.join(os.tmpdir(), `flotilla-test-${pid}-${started}`);
  if (isFirst(folder)) startServer(folder, pid);
  const since = performance.now();
  while (performance.now() - since < START_TIMEOUT_MS) {
    const text = await readFile(path.join(folder, 'answer.json'), 'utf8').catch(() => undefined);
    if (text !== undefined) {
      const answer = JSON.parse(text) as { readonly url?: string; readonly error?: string };
      if (answer.url !== undefined) return answer.url;
      throw new Error(`The test database did not start: ${answer.error}`);
    }
    await sleep(20);
  }
  throw new Error(`The test database did not start within ${START_TIMEOUT_MS / 1000} s; see ${folder}/server.log.`);
}

function isFirst(folder: string): boolean {
  try {
    // Others may enter: as root, the server runs as somebody else.
    mkdirSync(folder, { mode: 0o711 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function startServer(folder: string, pid: number): void {
  const program = fileURLToPath(new URL('./test-database-server.mjs', import.meta.url));
  const log = openSync(path.join(folder, 'server.log'), 'a');
  // On its own: a worker that ends must not take along what the others still use.
  const server = spawn(process.execPath, [program, folder, String(pid)], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  server.unref();
  closeSync(log);
}
