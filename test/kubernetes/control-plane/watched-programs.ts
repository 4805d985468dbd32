import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Socket } from 'node:net';
import { join } from 'node:path';

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

/** Ends what an earlier owner of `folder` may have left behind (its watchdog was killed too) and starts a new watchdog. */
export function watchPrograms(folder: string): WatchedPrograms {
  const run = join(folder, 'run');
  const logs = join(folder, 'logs');
  mkdirSync(run, { recursive: true });
  mkdirSync(logs, { recursive: true });
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  watchdog.unref();
  const pipe = watchdog.stdin as Socket;
  pipe.unref();
  // The watchdog's own death is noticed at the next start, by the pid files.
  pipe.on('error', () => undefined);
  const programs: WatchedProgram[] = [];

  return {
    async start(name, path, args, env = process.env) {
      const logFile = join(logs, `${name}.log`);
      const pidFile = join(run, `${name}.pid`);
      stopStale(pidFile, path, folder);
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
          writeFileSync(pidFile, `${pid}\n`);
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

/** Kills the process of a pid file that its owner left, if that process still is the program at `path`. */
function stopStale(pidFile: string, path: string, folder: string): void {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'));
    // The number may be another process's by now: every program of ours has a path of its own folder among its arguments.
    const command = commandOf(pid);
    if (command.startsWith(path) && command.includes(folder)) process.kill(pid, 'SIGKILL');
  } catch {
    // No such file, or no such process: nothing was left.
  }
  rmSync(pidFile, { force: true });
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return execFileSync('ps', ['-o', 'command=', '-p', `${pid}`], { encoding: 'utf8' });
  }
}
