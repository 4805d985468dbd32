import { execFile } from 'node:child_process';

export interface BriefRun {
  /** stdout and stderr one after the other, cut at 64 KiB. */
  readonly output: string;
  /** Undefined when it ended with exit code 0, else what went wrong. */
  readonly problem?: string;
}

/** Runs a program that answers within moments, such as `--version`; never throws. */
export function runBriefly(
  command: string,
  args: readonly string[],
  { env = process.env, limitMs = 10_000 }: { readonly env?: NodeJS.ProcessEnv; readonly limitMs?: number } = {},
): Promise<BriefRun> {
  return new Promise((resolve) => {
    const options = { env, timeout: limitMs, killSignal: 'SIGKILL', maxBuffer: 65_536 } as const;
    const child = execFile(command, [...args], options, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`;
      if (error === null) resolve({ output });
      else if (error.killed === true) resolve({ output, problem: `it gave no answer within ${limitMs / 1000} s` });
      else resolve({ output, problem: error.message.split('\n')[0] ?? 'it failed' });
    });
    // A program that reads its input must not wait for ours.
    child.stdin?.end();
  });
}
