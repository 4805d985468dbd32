import { execFile, spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './test-hub.js';

const run = promisify(execFile);

/** @throws where none can be had: of other systems' `script`, the words differ. */
export function requirePseudoTerminal(): void {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  if (stdout?.includes('util-linux')) return;
  throw new Error('These tests need the program `script` of util-linux: every Debian has it, in bsdutils.');
}

/** The command line as one program, as it is packed, for processes of its own. */
export class PackedCli {
  private constructor(private readonly folder: string) {}

  static async pack(): Promise<PackedCli> {
    const folder = await mkdtemp(path.join(tmpdir(), 'flotilla-cli-'));
    // In a process of its own: what runs in the tests' realm has no Uint8Array that esbuild takes for one.
    const settings = { entryPoints: ['apps/cli/src/main.ts'], outdir: folder, bundle: true, splitting: true };
    const more = { platform: 'node', format: 'esm', target: 'node20', conditions: ['source'], logLevel: 'error' };
    const banner = { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);" };
    const all = JSON.stringify({ ...settings, ...more, banner, outExtension: { '.js': '.mjs' } });
    const program = `import { build } from 'esbuild'; await build(${all});`;
    await run(process.execPath, ['--input-type=module', '-e', program]);
    return new PackedCli(folder);
  }

  /** Words of a shell line that run it. */
  get command(): string {
    return `${process.execPath} ${path.join(this.folder, 'main.mjs')}`;
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/** A shell line that runs, and what it has written so far. */
export class Running {
  private text = '';
  private readonly ended: Promise<void>;

  constructor(private readonly child: ChildProcessWithoutNullStreams) {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => (this.text += chunk));
    }
    // Who has ended reads no more.
    child.stdin.on('error', () => undefined);
    this.ended = new Promise((resolve) => child.once('close', () => resolve()));
  }

  get written(): string {
    return this.text;
  }

  type(text: string): void {
    this.child.stdin.write(text);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves when it has written that, after what it had written at `from`. */
  async writes(what: string | RegExp, from = 0): Promise<void> {
    const has = (text: string): boolean => (typeof what === 'string' ? text.includes(what) : what.test(text));
    const ask = (): Promise<string> => Promise.resolve(this.text.slice(from));
    await eventually(`${String(what)} was written`, ask, has, 60_000);
  }

  /** All that it wrote, once it has ended. */
  async end(): Promise<string> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 60_000);
    await this.ended;
    clearTimeout(timer);
    return this.text;
  }
}

/**
 * Runs a shell line as somebody at a terminal of 20 rows does: what is typed goes to whatever reads there, Ctrl-C is `\u0003`. After it
 * stand its exit code and whether the terminal's settings are what they were: `exit=0 sane`.
 */
export function atTerminal(line: string, env: NodeJS.ProcessEnv): Running {
  const shell = [
    'stty rows 20 cols 120',
    'before=$(stty -g)',
    // The shell itself must outlive Ctrl-C, to tell how its command ended.
    'trap : INT',
    line,
    'code=$?',
    'test "$before" = "$(stty -g)" && sane=sane || sane=broken',
    'echo "exit=$code $sane"',
  ].join('\n');
  const inner = { ...env, PATH: process.env['PATH'], TERM: 'xterm-256color', SHELL: '/bin/sh', HOME: tmpdir() };
  return new Running(spawn('script', ['-qec', shell, '/dev/null'], { env: inner, stdio: 'pipe' }));
}

/** Runs it as a script does: everything goes to pipes. */
export function inPipe(line: string, env: NodeJS.ProcessEnv): Running {
  const inner = { ...env, PATH: process.env['PATH'], TERM: 'xterm-256color', HOME: tmpdir() };
  return new Running(spawn('/bin/sh', ['-c', `exec ${line}`], { env: inner, stdio: 'pipe' }));
}
