import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, RejectedError } from '../errors.js';
import { type Logger } from '../logger.js';
import { isSameProcessAlive } from '../process-identity.js';
import { redactText } from '../redact.js';
import { type PidFile, readPidFiles, removePidFile, writePidFile } from './pid-file.js';

/** How a child ended: by itself with a code, or by a signal. */
export type ChildExit = { readonly code: number } | { readonly signal: NodeJS.Signals };

export interface ChildOptions {
  /** Kebab-case; names the pid file and the log's field. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment: nothing of ours is handed on by itself, for ours holds secrets. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Where the pid file goes; made where it is missing. */
  readonly pidFolder: string;
  readonly uid?: number;
  readonly gid?: number;
  /** What asks it to end; SIGTERM unless told. */
  readonly stopSignal?: PidFile['stopSignal'];
  /** How long it may take to end before it is killed, in milliseconds; 3,000 unless told. */
  readonly killAfterMs?: number;
  /** Called when it ends without having been asked to. */
  readonly onExit?: (exit: ChildExit, lastLines: readonly string[]) => void;
  /** Each line that it prints; unless given, they go to the log at debug. */
  readonly onLine?: (line: string) => void;
  readonly log: Pick<Logger, 'debug' | 'warn'>;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<ChildExit>;
  /** The last 20 lines that it printed, without secrets: for a message when it did not come up. */
  readonly lastLines: () => readonly string[];
  /** Sends a signal, such as SIGHUP to reload. */
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Ends it and waits until it is gone; may be called again. */
  readonly stop: () => Promise<void>;
}

const keptLines = 20;
const lineLimit = 4_096;

/**
 * Starts a program that runs beside us. It gets a process group of its own, so that a Ctrl-C reaches us alone and we choose
 * the order in which things end. Throws a RejectedError `child-not-started`.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, command, args, log, stopSignal = 'SIGTERM', killAfterMs = 3_000 } = options;
  mkdirSync(options.pidFolder, { recursive: true, mode: 0o700 });
  const child = spawn(command, [...args], {
    cwd: options.cwd,
    env: options.env ?? { PATH: process.env['PATH'] ?? '' },
    uid: options.uid,
    gid: options.gid,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pidFile =
    child.pid === undefined ? undefined : writePidFile(options.pidFolder, { name, pid: child.pid, stopSignal });
  const lines: string[] = [];
  const onLine = options.onLine ?? ((line: string) => log.debug({ child: name }, line));
  const take = (line: string): void => {
    lines.push(redactText(line));
    if (lines.length > keptLines) lines.shift();
    onLine(line);
  };
  readLines(child.stdout, take);
  readLines(child.stderr, take);
  let asked = false;
  const exited = new Promise<ChildExit>((resolve) => {
    // `exit`, not `close`: a grandchild that keeps the pipes open must not make the child look alive.
    child.once('exit', (code, signal) => {
      if (pidFile !== undefined) removePidFile(pidFile);
      const exit: ChildExit = signal === null ? { code: code ?? 0 } : { signal };
      resolve(exit);
      // One turn later, so that its last words have been read.
      if (!asked) setTimeout(() => options.onExit?.(exit, lines), 20);
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => {
      reject(
        new RejectedError('child-not-started', `${name} could not be started: ${messageOf(error, 200)}.`, { command }),
      );
    });
  });
  child.on('error', (error) => log.warn({ child: name, err: error }, 'signal not delivered'));
  return {
    name,
    pid: child.pid ?? 0,
    exited,
    lastLines: () => [...lines],
    signal: (signal) => void child.kill(signal),
    stop: async () => {
      asked = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(stopSignal);
      const kill = setTimeout(() => {
        log.warn({ child: name }, `did not end within ${killAfterMs} ms and is killed`);
        child.kill('SIGKILL');
      }, killAfterMs);
      await exited;
      clearTimeout(kill);
    },
  };
}

/**
 * Ends the children that a process which was killed has left behind, and answers their names. Call it while holding the lock of
 * the folder that `pidFolder` is in: the children of a living process must never be found here. A pid that belongs to another
 * process by now is left alone.
 */
export async function stopStaleChildren(
  pidFolder: string,
  { log, killAfterMs = 3_000 }: { readonly log: Pick<Logger, 'warn'>; readonly killAfterMs?: number },
): Promise<readonly string[]> {
  const stopped = await Promise.all(
    readPidFiles(pidFolder).map(async (found) => {
      const alive = isSameProcessAlive(found);
      if (alive) {
        log.warn({ child: found.name, pid: found.pid }, 'left behind by a process that was killed; ending it');
        send(found.pid, found.stopSignal);
        if (!(await isGone(found, killAfterMs))) send(found.pid, 'SIGKILL');
        await isGone(found, 2_000);
      }
      removePidFile(found.file);
      return alive ? [found.name] : [];
    }),
  );
  return stopped.flat();
}

async function isGone(child: PidFile, limitMs: number): Promise<boolean> {
  const started = performance.now();
  while (isSameProcessAlive(child)) {
    if (performance.now() - started > limitMs) return false;
    await sleep(20);
  }
  return true;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended meanwhile, or is another user's; isGone() tells.
  }
}

function readLines(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = (parts.pop() ?? '').slice(0, lineLimit);
    for (const part of parts) take(part.slice(0, lineLimit));
  });
  stream.on('end', () => {
    if (rest !== '') take(rest);
  });
}
