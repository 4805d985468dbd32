import { execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { RejectedError } from '#kit';

/** The command line as a person would use it, against the demo's hub. */
export interface DemoCli {
  /** What a person types for `flotilla`. */
  readonly line: string;
  /** Runs a command; its stdout. @throws RejectedError with what it said, when it fails. */
  run(...args: string[]): Promise<string>;
  /** An address that opens the page in a browser, signed in: once, within a minute. */
  page(): Promise<string>;
  /** Runs a command and shows what it prints; its exit code. */
  show(...args: string[]): Promise<number>;
}

export function openCli(options: { readonly root: string; readonly dataFolder: string }): DemoCli {
  const main = path.join(options.root, 'dist/apps/cli/src/main.js');
  const env = { ...process.env, FLOTILLA_DATA: options.dataFolder };
  const run: DemoCli['run'] = (...args) =>
    new Promise((resolve, reject) => {
      execFile(process.execPath, [main, ...args], { env, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
        if (error)
          reject(
            new RejectedError('demo-command', `flotilla ${args.join(' ')} failed: ${stderr.trim() || stdout.trim()}`),
          );
        else resolve(stdout);
      });
    });
  return {
    line: 'npx flotilla',
    run,
    page: async () => (await run('open', '--print')).trim(),
    show: (...args) =>
      new Promise((resolve, reject) => {
        // Its stdout is our progress, so it goes to stderr with the rest.
        const child = spawn(process.execPath, [main, ...args], {
          env,
          stdio: ['ignore', process.stderr, process.stderr],
        });
        child.once('error', reject);
        child.once('exit', (code) => resolve(code ?? 1));
      }),
  };
}
