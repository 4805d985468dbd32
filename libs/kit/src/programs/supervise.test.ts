import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { identifyProcess } from '../process-identity.js';
import { type Child, type ChildExit, type ChildOptions, startChild, stopStaleChildren } from './supervise.js';

let folder: string;
let warnings: string[];
const started: Child[] = [];
const log = {
  debug: () => undefined,
  warn: (fields: object | string, message?: string) => void warnings.push(`${message ?? JSON.stringify(fields)}`),
};
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-child-'));
  warnings = [];
});
afterEach(async () => {
  for (const child of started.splice(0)) await child.stop();
  await rm(folder, { recursive: true, force: true });
});

const patient = 'setInterval(() => {}, 1000); console.log("ready");';
const stubborn = `process.on("SIGTERM", () => console.log("no")); ${patient}`;

/** Starts a Node program and waits for its first line. */
async function start(script: string, options: Partial<ChildOptions> = {}): Promise<Child> {
  let ready: (() => void) | undefined;
  const first = new Promise<void>((resolve) => (ready = resolve));
  const child = await startChild({
    name: 'helper',
    command: process.execPath,
    args: ['-e', script],
    pidFolder: folder,
    log,
    ...options,
    onLine: (line) => {
      options.onLine?.(line);
      ready?.();
    },
  });
  started.push(child);
  await first;
  return child;
}

it('notes the child for its owner alone while it runs, and stops it when asked', async () => {
  const exits: ChildExit[] = [];
  const child = await start(patient, { onExit: (exit) => exits.push(exit) });
  const file = path.join(folder, `helper-${child.pid}.pid.json`);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    name: 'helper',
    stopSignal: 'SIGTERM',
    ...identifyProcess(child.pid),
  });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await child.stop();
  await child.stop();
  expect(identifyProcess(child.pid)).toBeUndefined();
  expect(await child.exited).toEqual({ signal: 'SIGTERM' });
  expect(await readdir(folder)).toEqual([]);
  await sleep(50);
  expect(exits).toEqual([]);
});

it('kills a child that does not end in time', async () => {
  const child = await start(stubborn, { killAfterMs: 200 });
  await child.stop();
  expect(await child.exited).toEqual({ signal: 'SIGKILL' });
  expect(warnings).toEqual(['did not end within 200 ms and is killed']);
});

it('tells when a child ends by itself, with its last words and no secret in them', async () => {
  let tell: ((end: object) => void) | undefined;
  const told = new Promise((resolve) => (tell = resolve));
  await start('console.log("up"); console.error("at nats://u:hunter2@host"); process.exitCode = 3', {
    onExit: (exit, lines) => tell?.({ exit, lines: [...lines] }),
  });
  expect(await told).toEqual({ exit: { code: 3 }, lines: expect.arrayContaining(['up', 'at nats://[redacted]@host']) });
  expect(await readdir(folder)).toEqual([]);
});

it('hands a child the environment that it was given and nothing of ours', async () => {
  process.env['FLOTILLA_TEST_SECRET'] = 'x';
  const lines: string[] = [];
  await start('console.log(Object.keys(process.env).sort().join(",")); setInterval(() => {}, 1000)', {
    env: { ONLY: '1' },
    onLine: (line) => lines.push(line),
  });
  delete process.env['FLOTILLA_TEST_SECRET'];
  expect(lines[0]).toBe('ONLY');
});

it('refuses a program that cannot be started in one sentence', async () => {
  const options = { name: 'ghost', command: '/nowhere/ghost', args: [], pidFolder: folder, log };
  await expect(startChild(options)).rejects.toThrow('ghost could not be started: spawn /nowhere/ghost ENOENT.');
  expect(await readdir(folder)).toEqual([]);
});

it('keeps a child out of the process group that a Ctrl-C reaches', async () => {
  const child = await start(patient);
  process.kill(-child.pid, 0);
});

it('finds the child of a process that was killed, and ends it', async () => {
  const module = path.join(folder, 'supervise.mjs');
  const entry = path.join(import.meta.dirname, 'supervise.ts');
  await build({
    entryPoints: [entry],
    outfile: module,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  const script = `
    const { startChild } = await import(${JSON.stringify(module)});
    const log = { debug() {}, warn() {} };
    const options = { command: process.execPath, pidFolder: ${JSON.stringify(path.join(folder, 'pids'))}, log };
    const ready = () => new Promise((resolve) => (options.onLine = resolve));
    for (const [name, code] of [['patient', ${JSON.stringify(patient)}], ['stubborn', ${JSON.stringify(stubborn)}]]) {
      const first = ready();
      const child = await startChild({ ...options, name, args: ['-e', code] });
      await first;
      console.log(child.pid);
    }
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  parent.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  while (output.split('\n').length < 3) await once(parent.stdout, 'data');
  const pids = output.trim().split('\n').map(Number);
  const gone = once(parent, 'exit');
  parent.kill('SIGKILL');
  await gone;
  expect(pids.map((pid) => identifyProcess(pid)?.pid)).toEqual(pids);

  const stopped = await stopStaleChildren(path.join(folder, 'pids'), { log, killAfterMs: 300 });

  expect([...stopped].sort()).toEqual(['patient', 'stubborn']);
  expect(pids.map((pid) => identifyProcess(pid))).toEqual([undefined, undefined]);
  expect(await readdir(path.join(folder, 'pids'))).toEqual([]);
});

it('leaves a process alone that has the pid of a child which is gone', async () => {
  const other = await start(patient, { pidFolder: path.join(folder, 'other') });
  const note = { name: 'gone', pid: other.pid, started: 'long ago', stopSignal: 'SIGTERM' };
  await writeFile(path.join(folder, 'gone.pid.json'), JSON.stringify(note));
  await writeFile(path.join(folder, 'half.pid.json'), '{"na');
  expect(await stopStaleChildren(folder, { log })).toEqual([]);
  expect(identifyProcess(other.pid)).toBeDefined();
  expect(await readdir(folder)).toEqual(['other']);
});

it('finds nothing to stop where there is no folder yet', async () => {
  expect(await stopStaleChildren(path.join(folder, 'missing'), { log })).toEqual([]);
});
