import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { createLogger, identifyProcess } from '#kit';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.js';
import { findPostgresPrograms } from './embedded/postgres-programs.js';

const log = createLogger({ level: 'silent' });
let folder: string;
const running = new Set<EmbeddedPostgres>();

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-postgres-'));
  await chmod(folder, 0o755);
});
afterEach(async () => {
  for (const server of running) await server.stop();
  running.clear();
  await rm(folder, { recursive: true, force: true });
});

async function start(where: string): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ folder: where, log, durable: false });
  running.add(server);
  return server;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function userOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
}

const isGone = (pid: number): boolean => identifyProcess(pid) === undefined;

it('keeps what was written over a restart, and ends soon though somebody is connected', async () => {
  const first = await start(folder);
  await query(first.url, 'create table kept (n int); insert into kept values (7)');
  const client = new pg.Client({ connectionString: first.url });
  client.on('error', () => undefined);
  await client.connect();
  const since = performance.now();
  await first.stop();
  await first.stop();
  expect(performance.now() - since).toBeLessThan(12_000);
  expect(isGone(first.pid)).toBe(true);
  await client.end().catch(() => undefined);

  const again = performance.now();
  const second = await start(folder);
  expect(performance.now() - again).toBeLessThan(12_000);
  expect(await query(second.url, 'select n from kept')).toEqual([{ n: 7 }]);
  expect(await query(second.url, 'show server_version')).toEqual([{ server_version: expect.stringMatching(/^18\./) }]);
});

it('listens on a socket that nobody else may enter, not on TCP, and asks for the password', async () => {
  const { url } = await start(folder);
  expect(await query(url, 'show listen_addresses')).toEqual([{ listen_addresses: '' }]);
  expect((await stat(path.join(folder, 'socket'))).mode & 0o077).toBe(0);
  expect((await stat(path.join(folder, 'password'))).mode & 0o077).toBe(0);
  const wrong = new URL(url);
  wrong.password = 'guessed';
  await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
});

it('takes over the folder of a hub that was killed, and loses nothing that was committed', async () => {
  const program = `
    import { startEmbeddedPostgres } from '#store';
    import { createLogger } from '#kit';
    const log = createLogger({ level: 'silent' });
    const server = await startEmbeddedPostgres({ folder: process.argv[2], log });
    console.log(JSON.stringify({ url: server.url, pid: server.pid }));
    setInterval(() => undefined, 1000);`;
  const { build } = await import('esbuild');
  const root = path.resolve(import.meta.dirname, '../../..');
  const outfile = path.join(root, `node_modules/.cache/flotilla/killed-hub-${process.pid}.mjs`);
  await build({
    ...{ stdin: { contents: program, resolveDir: root }, outfile, bundle: true, platform: 'node', format: 'esm' },
    ...{ packages: 'external', conditions: ['source'], logLevel: 'silent' },
  });
  const hub = spawn(process.execPath, [outfile, folder], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const line = await new Promise<string>((resolve) =>
      hub.stdout.once('data', (data: Buffer) => resolve(data.toString())),
    );
    const left = JSON.parse(line) as { url: string; pid: number };
    await query(left.url, 'create table kept (n int); insert into kept values (7)');
    hub.kill('SIGKILL');
    expect(isGone(left.pid)).toBe(false);
    const server = await start(folder);
    expect(isGone(left.pid)).toBe(true);
    expect(await query(server.url, 'select n from kept')).toEqual([{ n: 7 }]);
  } finally {
    hub.kill('SIGKILL');
    await rm(outfile, { force: true });
  }
});

it('ends a server that is not in its notes any more, and starts over a stale postmaster.pid', async () => {
  const first = await start(folder);
  await rm(path.join(folder, 'run'), { recursive: true });
  const second = await start(folder);
  expect(isGone(first.pid)).toBe(true);
  await second.stop();
  // After a container's restart, the noted pid is another program's: here our own.
  await writeFile(path.join(folder, 'cluster', 'postmaster.pid'), `${process.pid}\n${folder}/cluster\n1\n5432\n\n\n`);
  await query((await start(folder)).url, 'select 1');
});

it('comes up again after a kill of the server itself', async () => {
  const first = await startEmbeddedPostgres({ folder, log });
  running.add(first);
  await query(first.url, 'create table kept (n int); insert into kept values (7)');
  process.kill(first.pid, 'SIGKILL');
  const second = await start(folder);
  expect(await query(second.url, 'select n from kept')).toEqual([{ n: 7 }]);
});

it('tells its owner when it ends without having been asked to', async () => {
  let told: (exit: unknown) => void = () => undefined;
  const exited = new Promise((resolve) => (told = resolve));
  const server = await startEmbeddedPostgres({ folder, log, durable: false, onExit: told });
  running.add(server);
  process.kill(server.pid, 'SIGKILL');
  expect(await exited).toEqual({ signal: 'SIGKILL' });
});

it('goes to a short folder for its socket where the path is too long for one', async () => {
  const long = path.join(folder, 'a-folder-with-quite-a-long-name'.repeat(4));
  await mkdir(long);
  const first = await start(long);
  const socket = new URL(first.url).searchParams.get('host') ?? '';
  expect(path.dirname(socket)).toBe(os.tmpdir());
  await query(first.url, 'select 1');
  await first.stop();
  await expect(stat(socket)).rejects.toThrow('ENOENT');
});

it('cleans up by itself what an interrupted initdb left', async () => {
  await mkdir(path.join(folder, 'cluster.part-99999', 'cluster'), { recursive: true });
  await writeFile(path.join(folder, 'cluster.part-99999', 'cluster', 'PG_VERSION'), '18\n');
  await mkdir(path.join(folder, 'cluster'));
  await query((await start(folder)).url, 'select 1');
  expect((await readdir(folder)).filter((name) => name.startsWith('cluster'))).toEqual(['cluster']);
});

describe('says in one sentence that a folder cannot be opened:', () => {
  const refusal = (code: string, message: RegExp): object => ({
    ...{ kind: 'rejected', code, message: expect.stringMatching(message) },
  });

  it.each([
    ['without PG_VERSION', 'PG_VERSION', 'database-folder-broken', /not whole \(cluster\/PG_VERSION is missing\)/],
    ['without pg_control', 'global/pg_control', 'database-folder-broken', /not whole \(cluster\/global\/pg_control/],
    ['without its password', '../password', 'database-folder-broken', /not whole \(its password file is missing\)/],
  ])('%s', async (_case, file, code, message) => {
    await (await start(folder)).stop();
    await rm(path.join(folder, 'cluster', file));
    await expect(start(folder)).rejects.toMatchObject(refusal(code, message));
  });

  it('that is not a folder', async () => {
    await writeFile(path.join(folder, 'file'), '');
    await expect(start(path.join(folder, 'file'))).rejects.toMatchObject(
      refusal('database-folder-unwritable', /cannot be written \(EEXIST\)/),
    );
  });

  it('made by another PostgreSQL', async () => {
    await mkdir(path.join(folder, 'cluster'));
    await writeFile(path.join(folder, 'cluster', 'PG_VERSION'), '15\n');
    await expect(start(folder)).rejects.toMatchObject(
      refusal('database-other-version', /made by PostgreSQL 15, and this Flotilla brings 18/),
    );
  });

  it('whose server does not come up', async () => {
    await (await start(folder)).stop();
    await writeFile(path.join(folder, 'cluster', 'postgresql.conf'), 'no_such_setting = 1\n');
    await expect(start(folder)).rejects.toMatchObject({
      ...{ code: 'database-not-started', message: expect.stringMatching(/no_such_setting/) },
    });
  });
});

describe('never as root:', () => {
  it('runs as nobody where others may enter its folder, and started by anybody else as that one', async () => {
    const server = await start(folder);
    const us = process.getuid?.();
    expect(await userOf(server.pid)).toBe(us === 0 ? 65534 : us);
  });

  it('runs without any capability where only root may enter its folder', async () => {
    await chmod(folder, 0o700);
    const server = await start(path.join(folder, 'postgres'));
    await query(server.url, 'create table kept (n int)');
    expect(await readFile(`/proc/${server.pid}/status`, 'utf8')).toMatch(/^CapEff:\s+0+$/m);
    await server.stop();
    await query((await start(path.join(folder, 'postgres'))).url, 'select * from kept');
  });
});

describe('programs of a package that nobody may write to', () => {
  it('run from a copy in the data folder', async () => {
    const { initdb } = await findPostgresPrograms(folder);
    const native = path.resolve(initdb, '../..');
    // As npm leaves it when install scripts are off: without the links of the libraries.
    const copy = path.join(folder, 'native');
    await cp(native, copy, { recursive: true, verbatimSymlinks: true });
    const links = JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8')) as { target: string }[];
    for (const { target } of links) await rm(path.join(folder, target), { force: true });
    const found = await findPostgresPrograms(path.join(folder, 'data'), { native: copy, writable: false });
    expect(found.postgres).toBe(path.join(folder, 'data', 'programs', 'bin', 'postgres'));
    for (const program of [found.initdb, found.postgres]) {
      expect(execFileSync(program, ['--version'], { env: found.env, encoding: 'utf8' })).toMatch(/PostgreSQL\) 18\./);
    }
    const inPlace = await findPostgresPrograms(path.join(folder, 'data'), { native: copy });
    expect(inPlace.postgres).toBe(path.join(copy, 'bin', 'postgres'));
    expect(execFileSync(inPlace.postgres, ['--version'], { env: {}, encoding: 'utf8' })).toMatch(/PostgreSQL\) 18\./);
  });
});
