import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';

// A checkout of its own, with an npm, a Nest CLI and a Vite that note when they are called: the real ones take half a minute.
let root;
const put = (file, contents) => {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), contents);
};
const lock = (version) =>
  JSON.stringify({ packages: { '': {}, 'node_modules/a': { version, integrity: 'sha512-x' } } });
const note = (word) => `import { appendFileSync } from 'node:fs'; appendFileSync('${root}/calls', '${word} ');`;
const calls = () => (existsSync(`${root}/calls`) ? readFileSync(`${root}/calls`, 'utf8').trim().split(' ') : []);

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'flotilla-ready-'));
  for (const name of ['ready.mjs', 'ready'])
    cpSync(path.join(import.meta.dirname, name), path.join(root, 'deploy', name), { recursive: true });
  put('package.json', '{"type":"module"}');
  put('package-lock.json', lock('1.0.0'));
  put('libs/x/src/index.ts', 'export {};');
  put(
    'npm-cli.js',
    `${note('npm')} import { cpSync } from 'node:fs'; cpSync('package-lock.json', 'node_modules/.package-lock.json');`,
  );
  put('node_modules/@nestjs/cli/bin/nest.js', note('nest'));
  put('deploy/bundle-agent.mjs', note('bundle'));
  put('node_modules/vite/bin/vite.js', note('page'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function start(...args) {
  const child = spawn(process.execPath, [path.join(root, 'deploy/ready.mjs'), ...args], {
    cwd: os.tmpdir(),
    env: { PATH: process.env.PATH, npm_execpath: path.join(root, 'npm-cli.js') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const result = { child, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (result.stdout += chunk));
  child.stderr.on('data', (chunk) => (result.stderr += chunk));
  result.ended = once(child, 'close').then(([code]) => code);
  return result;
}

async function ready(...args) {
  const result = start(...args);
  const code = await result.ended;
  return { code, stdout: result.stdout, stderr: result.stderr };
}

it('installs and builds in a fresh clone, says so on stderr, and does nothing the second time', async () => {
  const first = await ready();
  expect(first).toMatchObject({ code: 0, stdout: '' });
  expect(first.stderr).toMatch(/^Installing .* …\n {2}done in [\d.]+ s\nBuilding …\n {2}done in [\d.]+ s\n/);
  expect(calls()).toEqual(['npm', 'nest', 'bundle', 'page']);
  expect(await ready()).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(calls()).toHaveLength(4);
});

it('makes the command line a program, as npx starts it', async () => {
  put('apps/cli/src/main.ts', 'export {};');
  put('dist/apps/cli/src/main.js', '#!/usr/bin/env node');
  expect(await ready()).toMatchObject({ code: 0 });
  expect(statSync(path.join(root, 'dist/apps/cli/src/main.js')).mode & 0o111).toBe(0o111);
});

it('installs again when the lock file names another version', async () => {
  await ready();
  put('package-lock.json', lock('1.0.1'));
  await ready();
  expect(calls()).toEqual(['npm', 'nest', 'bundle', 'page', 'npm', 'nest', 'bundle', 'page']);
});

it('accepts what npm installed without it', async () => {
  put('node_modules/.package-lock.json', lock('1.0.0'));
  await ready();
  expect(calls()).toEqual(['nest', 'bundle', 'page']);
});

it('builds again when a source changes, comes or goes, and takes out what has no source any more', async () => {
  await ready();
  utimesSync(path.join(root, 'libs/x/src/index.ts'), 1, 1);
  await ready();
  put('libs/x/src/new.ts', '');
  await ready();
  put('dist/libs/x/src/new.js', '');
  put('dist/libs/x/src/new.js.map', '');
  put('dist/libs/x/src/index.js', '');
  rmSync(path.join(root, 'libs/x/src/new.ts'));
  await ready();
  expect(calls().filter((call) => call === 'nest')).toHaveLength(4);
  expect(existsSync(path.join(root, 'dist/libs/x/src/new.js'))).toBe(false);
  expect(existsSync(path.join(root, 'dist/libs/x/src/new.js.map'))).toBe(false);
  expect(existsSync(path.join(root, 'dist/libs/x/src/index.js'))).toBe(true);
});

it('does the work once when two start at the same moment', async () => {
  put('node_modules/@nestjs/cli/bin/nest.js', `${note('nest')} await new Promise((done) => setTimeout(done, 500));`);
  const both = await Promise.all([ready(), ready()]);
  expect(both.map((each) => each.code)).toEqual([0, 0]);
  expect(both.map((each) => each.stderr).join('')).toContain('Another process is getting this checkout ready');
  expect(calls()).toEqual(['npm', 'nest', 'bundle', 'page']);
});

it('takes over from one that was killed in the middle', async () => {
  put('.flotilla-ready.lock', '1 1 0.5');
  utimesSync(path.join(root, '.flotilla-ready.lock'), new Date(), new Date(Date.now() - 60_000));
  expect(await ready()).toMatchObject({ code: 0, stderr: expect.not.stringContaining('Another process') });
  expect(existsSync(path.join(root, '.flotilla-ready.lock'))).toBe(false);
});

it('shows the output of a step that fails, ends with exit code 1, and begins again the next time', async () => {
  put('node_modules/@nestjs/cli/bin/nest.js', "console.error('a semicolon is missing'); process.exit(3);");
  const failed = await ready('--', 'node', '-e', 'console.log("not reached")');
  expect(failed).toMatchObject({ code: 1, stdout: '' });
  expect(failed.stderr).toMatch(
    /a semicolon is missing\nBuilding failed after [\d.]+ s \(exit code 3\); what it printed is above\.\n$/,
  );
  put('node_modules/@nestjs/cli/bin/nest.js', note('nest'));
  expect(await ready()).toMatchObject({ code: 0 });
});

it('ends the step at work and lets go of its lock when a signal ends it', async () => {
  put(
    'node_modules/@nestjs/cli/bin/nest.js',
    `${note('nest')} appendFileSync('${root}/pid', String(process.pid)); setTimeout(() => {}, 20_000);`,
  );
  const result = start();
  while (!existsSync(`${root}/pid`)) await sleep(20);
  result.child.kill('SIGTERM');
  expect(await result.ended).toBe(143);
  const pid = Number(readFileSync(`${root}/pid`, 'utf8'));
  // Its end may take the system a moment; a test that fails runs into its own limit.
  while (isRunning(pid)) await sleep(20);
  expect(existsSync(path.join(root, '.flotilla-ready.lock'))).toBe(false);
});

it('runs the command with all its arguments and answers its exit code', async () => {
  const script = 'console.log(JSON.stringify(process.argv.slice(1))); process.exit(5)';
  const result = await ready('--', 'node', '-e', script, 'a b', '--', '--once');
  expect(result).toMatchObject({ code: 5, stdout: '["a b","--","--once"]\n' });
});

it.each(['SIGINT', 'SIGTERM'])('hands %s on once and waits for the command to end in its own way', async (signal) => {
  const script = `
    let count = 0;
    process.on('${signal}', () => { count += 1; setTimeout(() => { console.log(count); process.exit(9); }, 200); });
    setInterval(() => {}, 1000); console.log('up');`;
  const result = start('--', 'node', '-e', script);
  while (!result.stdout.includes('up')) await once(result.child.stdout, 'data');
  result.child.kill(signal);
  result.child.kill(signal);
  expect(await result.ended).toBe(9);
  expect(result.stdout).toBe('up\n1\n');
});

it('answers 128 and the signal’s number for a command that a signal ended', async () => {
  expect(await ready('--', 'node', '-e', 'process.kill(process.pid, "SIGKILL")')).toMatchObject({ code: 137 });
});

it('refuses an argument that it does not know in one sentence', async () => {
  expect(await ready('--fast')).toEqual({
    code: 1,
    stdout: '',
    stderr: 'ready.mjs does not know "--fast"; it takes --programs NAMES and, after --, a command.\n',
  });
});
