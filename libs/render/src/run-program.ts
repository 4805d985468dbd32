import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { redactText, RejectedError, RetryableError, type Logger } from '#kit';

export interface RenderLimits {
  /** One run of a program, in milliseconds. */
  readonly timeoutMs: number;
  /** Address space of one run, where the system can limit it; kustomize needs 0.6 GiB of it for nothing yet. */
  readonly maxMemoryBytes: number;
  /** What is printed, or read as plain YAML. */
  readonly maxOutputBytes: number;
}

export const RENDER_LIMITS: RenderLimits = {
  timeoutMs: 30_000,
  maxMemoryBytes: 1.5 * 1024 ** 3,
  maxOutputBytes: 32 * 1024 * 1024,
};

/** A program of others, and how it is asked who it is. */
export interface ProgramToRun {
  /** As messages call it: `kustomize`. */
  readonly name: string;
  /** Absolute. */
  readonly file: string;
  readonly versionArguments: readonly string[];
  /** What it needs beside the little that every program gets. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface SandboxedProgram {
  /** What it printed of itself. */
  readonly printedVersion: string;
  /** Whether it runs without a network. */
  readonly isolated: boolean;
  /**
   * Runs it once, in a folder, and answers what it printed.
   * @throws RejectedError `timed-out`, `output-too-large`; ProgramFailed where it ended otherwise than well
   */
  run(subject: string, args: readonly string[], cwd: string): Promise<ProgramOutput>;
}

export interface ProgramOutput {
  readonly stdout: Buffer;
  /** The first 64 KiB; may have contents of the repository in it. */
  readonly stderr: string;
}

/** A program ended with an error; never leaves this library, because of what may be in its text. */
export class ProgramFailed extends Error {
  constructor(
    /** Raw: it may hold what nobody is to see. */
    readonly stderr: string,
    /** The memory that it was let have was too little. */
    readonly outOfMemory: boolean,
  ) {
    super('a program failed');
  }
}

interface Ended extends ProgramOutput {
  readonly code: number | null;
  readonly stopped: 'timed-out' | 'too-large' | null;
}

const maxErrorBytes = 64 * 1024;

/** Finds out once what the program is and whether this system lets us take the network from it. */
export async function openProgram(what: ProgramToRun, limits: RenderLimits, log: Logger): Promise<SandboxedProgram> {
  const unshare = ['unshare', '--map-root-user', '--net', '--'];
  let before: readonly string[] = process.platform === 'linux' ? unshare : [];
  let version = await run(before, what, what.versionArguments, '/', limits).catch(() => null);
  if (version?.code !== 0) {
    if (before.length > 0) log.info('this system gives us no network namespace: rendering relies on the checks alone');
    before = [];
    version = await run(before, what, what.versionArguments, '/', limits);
  }
  if (version.code !== 0) throw missing(what, version.stderr);

  return {
    printedVersion: version.stdout.toString('utf8'),
    isolated: before.length > 0,
    async run(subject, args, cwd) {
      const ended = await run(before, what, args, cwd, limits);
      if (ended.stopped === 'timed-out') {
        throw new RejectedError('timed-out', `${subject}: ${what.name} took longer than ${limits.timeoutMs / 1000} s.`);
      }
      if (ended.stopped === 'too-large') {
        throw new RejectedError(
          'output-too-large',
          `${subject}: ${what.name} prints more than ${limits.maxOutputBytes} bytes.`,
        );
      }
      if (ended.code !== 0) {
        const outOfMemory = /out of memory|cannot allocate memory|failed to reserve/.test(ended.stderr);
        throw new ProgramFailed(ended.stderr, outOfMemory);
      }
      return ended;
    },
  };
}

/** On one line, without the scratch folders and what else says nothing; never longer than a message may be. */
export function toOneLine(text: string, folders: Readonly<Record<string, string>>): string {
  let line = text;
  for (const [folder, name] of Object.entries(folders))
    line = line.split(`${folder}/`).join('').split(folder).join(name);
  return redactText(line.replace(/\s+/g, ' ').trim().replace(/\.$/, '')).slice(0, 800);
}

/**
 * Runs the program with nothing of our environment: generators read variables, and ours may be secret.
 * `ulimit` and `exec` make it one process, so that killing it leaves none.
 */
async function run(
  before: readonly string[],
  what: ProgramToRun,
  args: readonly string[],
  cwd: string,
  limits: RenderLimits,
): Promise<Ended> {
  const seconds = Math.ceil(limits.timeoutMs / 1000) + 1;
  const kibibytes = Math.ceil(limits.maxMemoryBytes / 1024);
  // One limit a call: dash refuses two, and sets neither.
  const script = `ulimit -v ${kibibytes} 2>/dev/null; ulimit -t ${seconds} 2>/dev/null; exec "$@"`;
  const [program = '', ...rest] = [...before, '/bin/sh', '-c', script, 'sh', what.file, ...args];
  const child = spawn(program, rest, {
    cwd,
    env: {
      ...what.env,
      HOME: '/nonexistent',
      PATH: before.length > 0 ? '/usr/bin:/bin' : '/nonexistent',
      // It lives for a tenth of a second: collecting garbage only when memory runs short saves a third of that.
      GOGC: 'off',
      GOMEMLIMIT: `${Math.floor((limits.maxMemoryBytes * 0.4) / 1024 ** 2)}MiB`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stopped: Ended['stopped'] = null;
  const stop = (why: Ended['stopped']) => {
    stopped ??= why;
    child.kill('SIGKILL');
  };
  const timer = setTimeout(() => stop('timed-out'), limits.timeoutMs);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let bytes = 0;
  let errorBytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > limits.maxOutputBytes) stop('too-large');
    else stdout.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errorBytes += chunk.length;
    if (errorBytes <= maxErrorBytes) stderr.push(chunk);
  });
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString('utf8'), code, stopped };
  } catch (error) {
    throw missing(what, error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(timer);
  }
}

function missing({ name, file }: ProgramToRun, reason: string): RetryableError {
  const text = reason.replace(/\s+/g, ' ').trim().slice(0, 200);
  return new RetryableError('program-missing', `${name} could not be run from ${file}: ${text}`);
}
