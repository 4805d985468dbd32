import { execFile, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { say } from './machine.js';
import type { PageBench } from './page.js';
import { percentile, round } from './percentile.js';

const run = promisify(execFile);
const TIMES = 20;
/** Milliseconds that a person waits at most, half of the times. */
export const CLI_TARGETS_MS = { version: 150, getClusters: 300 };

/** How long the packed command line takes: the npm package, and the program that needs no Node beside it. Node's own start is the yardstick. */
export async function measureCli({ hub, folder }: PageBench): Promise<object> {
  say('packing the command line');
  const packed = path.join(folder, 'package');
  await run(process.execPath, ['deploy/package-cli.mjs', packed]);
  const installed = path.join(folder, 'installed');
  await mkdir(installed);
  const { stdout } = await run('sh', ['-c', 'ls flotilla-cli-*.tgz'], { cwd: packed });
  await run('tar', ['-xzf', path.join(packed, stdout.trim()), '-C', installed]);
  const ways = {
    package: [process.execPath, path.join(installed, 'package/flotilla.mjs')],
    program: [path.join(packed, 'flotilla')],
  } as const;
  const env = { ...process.env, FLOTILLA_DATA: path.dirname(hub.accessFile), NO_COLOR: '1' };
  const cli: Record<string, object> = {};
  for (const [name, [command, ...before]] of Object.entries(ways)) {
    const at = (args: readonly string[]): Promise<number[]> => timesOf(command, [...before, ...args], { env, folder });
    const figures = { version: await at(['--version']), getClusters: await at(['get', 'clusters', '--limit', '100']) };
    const all = await at(['get', 'clusters']);
    cli[name] = {
      versionMs: round(percentile(figures.version, 50)),
      getClustersMs: round(percentile(figures.getClusters, 50)),
      getAllClustersMs: round(percentile(all, 50)),
    };
  }
  const yardstick = await timesOf(process.execPath, ['-e', '0'], { env, folder });
  return { targetsMs: CLI_TARGETS_MS, nodeItselfMs: round(percentile(yardstick, 50)), ...cli };
}

async function timesOf(
  command: string,
  args: readonly string[],
  { env, folder }: { readonly env: NodeJS.ProcessEnv; readonly folder: string },
): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index <= TIMES; index += 1) {
    const began = performance.now();
    await new Promise<void>((resolve, reject) => {
      const child = spawn(command, args, { env, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
      child.once('error', reject);
      child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}`))));
    });
    // The first one fills caches of files and code, as the first use after an installation does.
    if (index > 0) times.push(performance.now() - began);
  }
  return times;
}
