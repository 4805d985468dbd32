import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { simpleGit } from 'simple-git';

export interface GitOptions {
  /** The script that boundGit wrote: git with a bound on its memory. */
  readonly program: string;
  /** An empty folder that git takes for its user's home: nobody's configuration, hooks or credential helpers apply. */
  readonly home: string;
  readonly allowLocal: boolean;
  /** Stops everything that runs, as when the hub ends. */
  readonly signal?: AbortSignal;
}

export interface GitCall {
  /** The repository. */
  readonly folder: string;
  readonly args: readonly string[];
  readonly stdin?: string;
  /** Besides what every git gets; see GitAccess. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whole run. */
  readonly timeoutMs: number;
  /** stdout and stderr together. */
  readonly maxOutputBytes: number;
  /** Stops this run; its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** Why a run of git was stopped from our side. */
export class GitStopped extends Error {
  constructor(readonly why: 'timed-out' | 'too-much-output' | 'closed' | 'too-large') {
    super(`git was stopped: ${why}`);
  }
}

/** Passed on from the hub's own environment: how to reach the network, and nothing that could steer git otherwise. */
const passedOn = [
  'PATH',
  'SSH_AUTH_SOCK',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'HTTPS_PROXY',
  'NO_PROXY',
];

const configuration = [
  'core.hooksPath=/dev/null',
  'gc.auto=0',
  'maintenance.auto=false',
  'fetch.recurseSubmodules=false',
  // Every fetch leaves one pack, synced to the disk by git itself, and never thousands of loose files.
  'fetch.unpackLimit=1',
  // Nowhere but where it was sent: what a server points to was not looked at. Alternates of a plain folder behind HTTP go by it too.
  'http.followRedirects=false',
  'transfer.bundleURI=false',
  'http.lowSpeedLimit=1000',
  'http.lowSpeedTime=30',
  'protocol.version=2',
];

function environment(options: GitOptions): Record<string, string> {
  const own: Record<string, string> = {
    HOME: options.home,
    XDG_CONFIG_HOME: options.home,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: options.allowLocal ? 'https:ssh:file' : 'https:ssh',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
  };
  for (const name of passedOn) {
    const value = process.env[name];
    if (value !== undefined) own[name] = value;
  }
  return own;
}

/**
 * Writes the script that git is started by. git itself has no bound on what it keeps of a server's answer, and takes refs without end
 * into memory. What it maps of its own packs does not count (`ulimit -d`); where the system has no such limit, there is none.
 * @param maxBytes of each process of a run
 * @returns its path, for GitOptions
 */
export async function boundGit(home: string, maxBytes: number): Promise<string> {
  const program = path.join(home, 'git.sh');
  await writeFile(program, `ulimit -d ${Math.ceil(maxBytes / 1024)} 2>/dev/null\nexec git "$@"\n`, { mode: 0o600 });
  return program;
}

/** `2.39.5` as 2.039; null where git does not say, as when there is none. */
export async function gitVersion(options: GitOptions, folder: string): Promise<number | null> {
  const call = { folder, args: ['version'], timeoutMs: 10_000, maxOutputBytes: 65_536 };
  const said = await runGit(options, call).catch(() => null);
  const match = /(\d+)\.(\d+)/.exec(said?.toString('utf8') ?? '');
  return match === null ? null : Number(match[1]) + Number(match[2]) / 1000;
}

/** Runs one git process and answers its stdout. Throws GitStopped, or what git said as an Error. */
export async function runGit(options: GitOptions, call: GitCall): Promise<Buffer> {
  const stop = new AbortController();
  const stopFor = (why: GitStopped['why']) => () => stop.abort(new GitStopped(why));
  const onClosed = stopFor('closed');
  const onCall = () => stop.abort(call.signal?.reason);
  const timer = setTimeout(stopFor('timed-out'), call.timeoutMs);
  options.signal?.addEventListener('abort', onClosed, { once: true });
  call.signal?.addEventListener('abort', onCall, { once: true });
  if (options.signal?.aborted === true) onClosed();
  const env = { ...environment(options), ...call.env };
  try {
    stop.signal.throwIfAborted();
    let seen = 0;
    const count = (chunk: Buffer) => {
      seen += chunk.length;
      if (seen > call.maxOutputBytes) stop.abort(new GitStopped('too-much-output'));
    };
    const chunks: Buffer[] = [];
    const git = simpleGit({
      baseDir: call.folder,
      binary: ['/bin/sh', options.program],
      abort: stop.signal,
      config: configuration,
      allowEnvironment: Object.keys(env),
      // All of these are ours: they turn something off, or let in with a credential. Nothing of a source reaches them.
      unsafe: {
        allowUnsafeCustomBinary: true,
        allowUnsafeSshCommand: true,
        allowUnsafeConfigPaths: true,
        allowUnsafeHooksPath: true,
        allowUnsafeTemplateDir: true,
        allowUnsafeConfigEnvCount: true,
        allowUnsafeCredentialHelper: true,
      },
      ...(call.stdin !== undefined && { input: () => call.stdin }),
    })
      .env(env)
      .outputHandler((_command, stdout, stderr) => {
        stdout.on('data', (chunk: Buffer) => {
          count(chunk);
          chunks.push(chunk);
        });
        stderr.on('data', count);
      });
    await git.raw([...call.args]);
    return Buffer.concat(chunks);
  } catch (error) {
    // simple-git throws its own error for an abort; the reason is what the caller asks for.
    if (stop.signal.aborted) throw stop.signal.reason;
    throw error;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onClosed);
    call.signal?.removeEventListener('abort', onCall);
  }
}
