import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { RejectedError, redactText, RetryableError, type Logger } from '#kit';

export interface RenderLimits {
  /** One run of kustomize, in milliseconds. */
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

export interface Kustomize {
  /** `v5.8.1` */
  readonly version: string;
  /** Whether it runs without a network. */
  readonly isolated: boolean;
  /** Renders a folder that the fence has let pass; answers the YAML. */
  build(root: string, overlay: string): Promise<Buffer>;
}

interface Ended {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly code: number | null;
  readonly stopped: 'timed-out' | 'too-large' | null;
}

const maxErrorBytes = 64 * 1024;

/** Finds out once what the program is and whether this system lets us take the network from it. */
export async function openKustomize(file: string, limits: RenderLimits, log: Logger): Promise<Kustomize> {
  const unshare = ['unshare', '--map-root-user', '--net', '--'];
  let before: readonly string[] = process.platform === 'linux' ? unshare : [];
  let version = await run(before, file, ['version'], '/', limits).catch(() => null);
  if (version?.code !== 0) {
    if (before.length > 0) log.info('this system gives us no network namespace: rendering relies on the checks alone');
    before = [];
    version = await run(before, file, ['version'], '/', limits);
  }
  if (version.code !== 0) throw missing(file, version.stderr);
  const name = /v?\d+\.\d+\.\d+\S*/.exec(version.stdout.toString('utf8'))?.[0] ?? 'unknown';

  return {
    version: name,
    isolated: before.length > 0,
    async build(root, overlay) {
      const ended = await run(before, file, ['build', '--', overlay], root, limits);
      if (ended.stopped === 'timed-out') {
        throw new RejectedError('timed-out', `${overlay}: kustomize took longer than ${limits.timeoutMs / 1000} s.`);
      }
      if (ended.stopped === 'too-large') {
        throw new RejectedError(
          'output-too-large',
          `${overlay}: kustomize prints more than ${limits.maxOutputBytes} bytes.`,
        );
      }
      if (ended.code !== 0)
        throw new RejectedError('kustomize-failed', `${overlay}: ${says(ended.stderr, root, limits)}.`);
      return ended.stdout;
    },
  };
}

/**
 * Runs the program with nothing of our environment: generators read variables, and ours may be secret.
 * `ulimit` and `exec` make it one process, so that killing it leaves none.
 */
async function run(
  before: readonly string[],
  file: string,
  args: readonly string[],
  cwd: string,
  limits: RenderLimits,
): Promise<Ended> {
  const seconds = Math.ceil(limits.timeoutMs / 1000) + 1;
  const kibibytes = Math.ceil(limits.maxMemoryBytes / 1024);
  // One limit a call: dash refuses two, and sets neither.
  const script = `ulimit -v ${kibibytes} 2>/dev/null; ulimit -t ${seconds} 2>/dev/null; exec "$@"`;
  const [program = '', ...rest] = [...before, '/bin/sh', '-c', script, 'sh', file, ...args];
  const child = spawn(program, rest, {
    cwd,
    env: {
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
    throw missing(file, error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(timer);
  }
}

/** kustomize's own words on one line, without the scratch folder and the prefixes that say nothing. */
function says(stderr: string, root: string, limits: RenderLimits): string {
  if (/out of memory|cannot allocate memory|failed to reserve/.test(stderr)) {
    return `kustomize needs more than ${Math.round(limits.maxMemoryBytes / 1024 ** 2)} MiB of memory`;
  }
  const lines = withoutContents(stderr)
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^# Warning/.test(line));
  const text = lines
    .join(' ')
    .replace(/^Error: /, '')
    .split(`${root}/`)
    .join('')
    .split(root)
    .join('the repository')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\.$/, '');
  return redactText(text === '' ? 'kustomize ended without a word' : text).slice(0, 800);
}

/** kustomize prints parts of what it could not take, and these may be of a Secret. Whoever sees an application need not see those. */
function withoutContents(stderr: string): string {
  return stderr
    .replace(/(with config: )`[\s\S]*?`(?=:|\s*$)/g, '$1(hidden)')
    .replace(/(node contents:)[\s\S]*$/i, '$1 (hidden)')
    .replace(/(patch from )\[[\s\S]*\]/g, '$1(hidden)')
    .replace(/(literal sources? )(\[[\s\S]*?\](?=:)|.*?(?=, expected))/g, '$1(hidden)');
}

function missing(file: string, reason: string): RetryableError {
  const text = reason.replace(/\s+/g, ' ').trim().slice(0, 200);
  return new RetryableError('program-missing', `kustomize could not be run from ${file}: ${text}`);
}
