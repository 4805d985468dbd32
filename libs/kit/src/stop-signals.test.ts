import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { build } from 'esbuild';

let folder: string;
let module: string;
// A real process must get the real signal, and plain Node reads no TypeScript.
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-stop-'));
  module = path.join(folder, 'stop-signals.mjs');
  const entry = path.join(import.meta.dirname, 'stop-signals.ts');
  await build({
    entryPoints: [entry],
    outfile: module,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function start(stop: string, options = '{}') {
  const script = `
    const { onStopSignal } = await import(${JSON.stringify(module)});
    onStopSignal(${stop}, ${options});
    setInterval(() => {}, 1000);
    console.log('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close') as Promise<[number | null]>;
  await once(child.stdout, 'data');
  return { child, ended, output: () => output };
}

it('stops once for a signal that comes twice at the same moment, and ends with the exit code asked for', async () => {
  const { child, ended, output } = await start(
    `async () => { console.log('stopping'); await new Promise((done) => setTimeout(done, 300)); }`,
    '{ exitCode: 7 }',
  );
  child.kill('SIGINT');
  child.kill('SIGINT');
  await sleep(100);
  child.kill('SIGTERM');
  expect((await ended)[0]).toBe(7);
  expect(output().match(/stopping/g)).toHaveLength(1);
});

it('ends at once at a second signal that a person sent', async () => {
  const { child, ended } = await start(`() => new Promise(() => {})`);
  child.kill('SIGINT');
  await sleep(1_200);
  child.kill('SIGINT');
  expect((await ended)[0]).toBe(130);
});

it('ends with exit code 1 when stopping fails or takes too long', async () => {
  const failing = await start(`() => Promise.reject(new Error('no'))`);
  failing.child.kill('SIGTERM');
  expect((await failing.ended)[0]).toBe(1);
  const slow = await start(`() => new Promise(() => {})`, '{ limitMs: 100 }');
  slow.child.kill('SIGHUP');
  expect((await slow.ended)[0]).toBe(1);
});
