import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RetryableError, type Logger } from '#kit';

const FAST_MS = 3_000;
const KILLED_MS = 5_000;

/**
 * Ends a server that still runs on this data although nobody has its pid file any more, and clears postmaster.pid where its pid
 * belongs to nobody or to somebody else by now (after a container's restart pids begin anew, and PostgreSQL would refuse to
 * start). Call it only while nobody else may start a server on this folder.
 */
export async function stopOrphan(data: string, log: Pick<Logger, 'warn'>): Promise<void> {
  const file = path.join(data, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const pid = Number.parseInt(text, 10);
  if (!isServerOf(pid, data)) return void (await rm(file, { force: true }));
  log.warn({ pid }, 'a PostgreSQL of an earlier run still uses the data folder; ending it');
  process.kill(pid, 'SIGINT');
  if (await isGone(pid, data, FAST_MS)) return;
  process.kill(pid, 'SIGQUIT');
  if (await isGone(pid, data, KILLED_MS)) return;
  throw new RetryableError(
    'database-folder-in-use',
    `PostgreSQL, process ${pid}, still uses ${data} and does not end: end it and try again.`,
  );
}

async function isGone(pid: number, data: string, limitMs: number): Promise<boolean> {
  const started = performance.now();
  while (isServerOf(pid, data)) {
    if (performance.now() - started > limitMs) return false;
    await sleep(20);
  }
  return true;
}

function isServerOf(pid: number, data: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    if (process.platform === 'linux') {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return args[0]?.endsWith('postgres') === true && args[args.indexOf('-D') + 1] === data;
    }
    const command = execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8', timeout: 5_000 });
    return command.includes('postgres') && command.includes(`-D ${data} `);
  } catch {
    return false;
  }
}
