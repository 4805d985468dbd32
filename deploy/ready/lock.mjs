import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StepFailure } from './steps.mjs';

const beatMs = 1_000;
/** A holder that has not beaten for so long is gone; no pid is asked, for a pid may be another process' by now. */
const goneMs = 10_000;
const limitMs = 15 * 60_000;

const read = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};

/** Moves a lock away whose holder is gone; of several who try, the rename lets one succeed. Answers whether to try again. */
function clearIfGone(lock) {
  const stat = statSync(lock, { throwIfNoEntry: false });
  if (stat === undefined) return true;
  if (Date.now() - stat.mtimeMs < goneMs) return false;
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
    rmSync(aside, { force: true });
  } catch {
    // Somebody else was quicker.
  }
  return true;
}

/** Waits until this process alone may install and build in this checkout. Answers the function that lets go. */
export async function holdLock(lock) {
  const started = Date.now();
  const mine = `${process.pid} ${started} ${Math.random()}`;
  let told = false;
  for (;;) {
    try {
      writeFileSync(lock, mine, { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') {
        throw new StepFailure(`Flotilla cannot write to its own folder ${path.dirname(lock)}: ${error.message}.`);
      }
    }
    if (clearIfGone(lock)) continue;
    if (!told) process.stderr.write('Another process is getting this checkout ready; waiting for it …\n');
    told = true;
    if (Date.now() - started > limitMs) {
      throw new StepFailure(`${lock} has been held for 15 minutes; remove it if no other process is at work here.`);
    }
    await sleep(200);
  }
  const beat = setInterval(() => read(lock) === mine && utimesSync(lock, new Date(), new Date()), beatMs);
  const release = () => {
    clearInterval(beat);
    if (read(lock) === mine) rmSync(lock, { force: true });
  };
  process.once('exit', release);
  return release;
}
