import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { identifyProcess, isSameProcessAlive, type ProcessIdentity, RejectedError } from '#kit';

/** A running program that does not outlive the process that started it, however that one ends. */
export interface WatchedProgram {
  readonly name: string;
  /** Undefined while it is not running. */
  readonly pid: number | undefined;
  /** Standard output and standard error, appended. */
  readonly logFile: string;
  /** SIGSTOP: alive, connections open, and nobody answers. */
  pause(): void;
  resume(): void;
  /** Sends `signal` (SIGKILL unless told), SIGKILL after 3 s, and settles when the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again with the same arguments, when it is not running; settles when the process exists, not when it is ready. */
  start(): Promise<void>;
}

/** Programs with a common folder for logs and process ids, and one watchdog. */
export interface WatchedPrograms {
  start(name: string, path: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<WatchedProgram>;
  /** Kills what is left and ends the watchdog. */
  close(): Promise<void>;
}

const KILL_AFTER_MS = 3000;
const WATCHDOG_NAME = 'watchdog';

/**
 * The shell reads "+ pid" and "- pid" lines from a pipe that only this process holds. When the pipe ends, this process is gone (a kill -9 included),
 * and so is whatever is still on the list. A session of its own keeps Ctrl-C from reaching the shell before this process has died.
 */
const WATCHDOG = `
  pids=
  while read -r sign pid; do
    others=
    for other in $pids; do [ "$other" = "$pid" ] || others="$others $other"; done
    pids=$others
    [ "$sign" = + ] && pids="$pids $pid"
  done
  [ -z "$pids" ] || kill -9 $pids 2>/dev/null`;

/** Ends what an earlier owner of `folder` may have left behind (its watchdog was killed too) and starts a watchdog. */
export async function watchPrograms(folder: string): Promise<WatchedPrograms> {
  const run = join(folder, 'run');
  const logs = join(folder, 'logs');
  mkdirSync(run, { recursive: true });
  mkdirSync(logs, { recursive: true });
  await takeOver(run, folder);
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  watchdog.unref();
  noteIdentity(join(run, `${WATCHDOG_NAME}.pid`), watchdog.pid ?? 0);
  const pipe = watchdog.stdin as Socket;
  pipe.unref();
  // The watchdog's own death is noticed at the next start, by the pid files.
  pipe.on('error', () => undefined);
  const programs: WatchedProgram[] = [];

  return {
    async start(name, path, args, env = process.env) {
      const logFile = join(logs, `${name}.log`);
      const pidFile = join(run, `${name}.pid`);
      let child: ChildProcess | undefined;
      const program: WatchedProgram = {
        name,
        logFile,
        get pid() {
          return child?.pid;
        },
        pause: () => void child?.kill('SIGSTOP'),
        resume: () => void child?.kill('SIGCONT'),
        async kill(signal = 'SIGKILL') {
          if (child === undefined) return;
          await end(child, signal);
        },
        async start() {
          if (child !== undefined) return;
          const log = openSync(logFile, 'a');
          const started = spawn(path, args, { cwd: folder, env, stdio: ['ignore', log, log], detached: true });
          closeSync(log);
          await new Promise<void>((resolve, reject) => {
            started.once('spawn', resolve);
            started.once('error', reject);
          });
          child = started;
          started.unref();
          const pid = started.pid ?? 0;
          pipe.write(`+ ${pid}\n`);
          noteIdentity(pidFile, pid);
          started.once('exit', () => {
            child = undefined;
            pipe.write(`- ${pid}\n`);
            rmSync(pidFile, { force: true });
          });
        },
      };
      programs.push(program);
      await program.start();
      return program;
    },
    async close() {
      await Promise.all(programs.map((program) => program.kill()));
      await new Promise<void>((resolve) => {
        watchdog.once('exit', () => resolve());
        watchdog.ref();
        if (watchdog.exitCode !== null || watchdog.signalCode !== null) resolve();
        pipe.end();
      });
      rmSync(join(run, `${WATCHDOG_NAME}.pid`), { force: true });
    },
  };
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  return new Promise((resolve) => {
    child.ref();
    const force = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    child.once('exit', () => {
      clearTimeout(force);
      resolve();
    });
    child.kill(signal);
  });
}

/** A watchdog lives exactly as long as its owner: while there is one the folder is in use, and without one what still runs is left over. */
async function takeOver(run: string, folder: string): Promise<void> {
  const deadline = performance.now() + KILL_AFTER_MS;
  for (;;) {
    const left = readdirSync(run)
      .map((file) => ({ file, identity: readIdentity(join(run, file)) }))
      .filter(({ identity }) => identity !== undefined && isSameProcessAlive(identity));
    if (left.length === 0) return;
    // A watchdog whose owner has just been killed needs a moment too, and kills the rest itself.
    if (!left.some(({ file }) => file === `${WATCHDOG_NAME}.pid`)) {
      for (const { identity } of left) if (identity !== undefined) process.kill(identity.pid, 'SIGKILL');
    }
    if (performance.now() > deadline) {
      const inUse = `${folder} is in use by another process (see ${run}): end that one, or take another folder.`;
      throw new RejectedError('control-plane-in-use', inUse);
    }
    await sleep(50);
  }
}

function noteIdentity(file: string, pid: number): void {
  writeFileSync(file, JSON.stringify(identifyProcess(pid) ?? { pid, started: 'gone' }));
}

function readIdentity(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  } catch {
    // Cut off in the middle of being written.
    return undefined;
  }
}
