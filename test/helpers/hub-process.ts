import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { identifyProcess } from '#kit';
import { eventually } from './test-hub.js';

const MAIN = path.resolve('dist/apps/hub/src/main.js');

export interface HubExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** What `npm start` runs once everything is built, as a process of its own. */
export interface HubProcess {
  readonly pid: number;
  /** Resolves with its URL when it says that it is ready; rejects with its words when it ends first. */
  readonly ready: Promise<string>;
  readonly exited: Promise<HubExit>;
  kill(signal: NodeJS.Signals): void;
}

/** Only what is given is set, besides what the system itself needs. */
export function runHubProcess(env: Readonly<Record<string, string>>, args: readonly string[] = []): HubProcess {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run the tests by \`npm test\`, which builds first`);
  const inherited = ['PATH', 'HOME', 'XDG_CACHE_HOME', 'TMPDIR', 'FLOTILLA_NATS_SERVER', 'FLOTILLA_KUSTOMIZE'];
  const own = Object.fromEntries(inherited.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
  const started = performance.now();
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...own, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let isReady: (url: string) => void = () => undefined;
  const url = new Promise<string>((resolve) => (isReady = resolve));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    const line = /^\{"ready":true.*\}$/m.exec(stdout)?.[0];
    if (line !== undefined) isReady((JSON.parse(line) as { url: string }).url);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = new Promise<HubExit>((resolve) => {
    child.once('exit', (code, signal) => {
      const ms = performance.now() - started;
      // Its last words may come after its end; a child of its own that held the pipes would keep them open for ever.
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ code, signal, stdout, stderr, ms });
      }, 50);
    });
  });
  const ready = Promise.race([
    url,
    exited.then((exit): never => {
      throw new Error(`the hub ended before it was ready: ${JSON.stringify(exit)}`);
    }),
  ]);
  ready.catch(() => undefined);
  return { pid: child.pid ?? 0, ready, exited, kill: (signal) => void child.kill(signal) };
}

/** Pids of living processes whose command names that folder: a hub's children are started with paths below its data folder. */
export function processesNaming(folder: string): number[] {
  const commands =
    process.platform === 'linux'
      ? readdirSync('/proc')
          .filter((name) => /^\d+$/.test(name))
          .map((pid): [number, string] => [Number(pid), commandOnLinux(pid)])
      : execFileSync('ps', ['-A', '-o', 'pid=,command='], { encoding: 'utf8' })
          .split('\n')
          .map((line): [number, string] => [Number.parseInt(line, 10), line]);
  return commands.flatMap(([pid, command]) =>
    pid !== process.pid && command.includes(folder) && identifyProcess(pid) !== undefined ? [pid] : [],
  );
}

function commandOnLinux(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** Fails when a process that names the folder is there for longer than it takes to be reaped. */
export async function nothingRunsIn(folder: string): Promise<void> {
  await eventually(
    `nothing runs in ${folder}`,
    async () => processesNaming(folder),
    (pids) => pids.length === 0,
    2000,
  );
}
