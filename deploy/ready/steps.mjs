import { spawn } from 'node:child_process';
import os from 'node:os';

/** A step that went wrong in a way that its message explains wholly. */
export class StepFailure extends Error {}

/** More of a failing command's output than this helps nobody. */
const tailBytes = 16_384;
const reminderMs = 10_000;
const limitMs = 15 * 60_000;

/** Runs one step quietly: a line when it begins, one now and then while it runs, one when it ends; its output only if it fails. */
export async function runStep(title, [program, ...args], cwd) {
  const started = Date.now();
  const seconds = () => ((Date.now() - started) / 1000).toFixed(1);
  process.stderr.write(`${title} …\n`);
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let tail = '';
  const keep = (chunk) => (tail = (tail + chunk).slice(-tailBytes));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const endWithUs = () => child.kill('SIGTERM');
  process.once('exit', endWithUs);
  const reminder = setInterval(() => process.stderr.write(`  still at it (${Math.round(seconds())} s)\n`), reminderMs);
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
  try {
    const problem = await new Promise((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('close', (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
    });
    if (problem !== undefined) {
      process.stderr.write(tail.endsWith('\n') || tail === '' ? tail : `${tail}\n`);
      throw new StepFailure(`${title} failed after ${seconds()} s (${problem}); what it printed is above.`);
    }
  } finally {
    clearInterval(reminder);
    clearTimeout(limit);
    process.removeListener('exit', endWithUs);
  }
  process.stderr.write(`  done in ${seconds()} s\n`);
}

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const endAtOnce = (signal) => process.exit(128 + os.constants.signals[signal]);

/** Lets a signal end us by way of the `exit` event, at which steps end their children and locks are let go. */
export function endOnSignals() {
  for (const signal of stopSignals) process.on(signal, endAtOnce);
}

/**
 * Runs the command with our own terminal, hands signals on, and answers its exit code.
 * One Ctrl-C reaches us several times (the terminal tells the whole group, npm tells its child again), so a repeat within a
 * second is dropped here; the command must bear one repeat, because the terminal tells it too.
 */
export function runCommand([program, ...args]) {
  const child = spawn(program === 'node' ? process.execPath : program, args, { stdio: 'inherit' });
  const last = new Map();
  for (const signal of stopSignals) {
    process.removeListener(signal, endAtOnce);
    process.on(signal, () => {
      const now = Date.now();
      if (now - (last.get(signal) ?? 0) < 1000) return;
      last.set(signal, now);
      child.kill(signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new StepFailure(`${program} could not be started: ${error.message}`)));
    child.on('close', (code, signal) => resolve(code ?? 128 + (os.constants.signals[signal] ?? 0)));
  });
}
