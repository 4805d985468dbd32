import { setImmediate as breathe } from 'node:timers/promises';
import { Rehearsal, type rehearse, type RehearsalInput } from '#domain';
import { runInThread } from '../run-in-thread.js';

export interface RehearsalTask {
  readonly input: RehearsalInput;
  readonly runs: number;
}

export type RehearsalResult = ReturnType<typeof rehearse>;

/** How long the event loop is kept at most, but for a run that takes longer. */
const SLICE_MS = 20;

/** Node starts threads from JavaScript only: where the sources run as they are, there is none to start. */
const WORKER = import.meta.url.endsWith('.js') ? new URL('./rehearsal-worker.js', import.meta.url) : null;

/**
 * Rehearses beside the hub's work: in a thread of its own, or, without one, in slices between which everything else has its turn.
 * The result is the same.
 * @throws the signal's reason once it aborts.
 */
export function runRehearsal(
  task: RehearsalTask,
  signal: AbortSignal,
  worker: URL | null = WORKER,
): Promise<RehearsalResult> {
  return worker ? runInThread<RehearsalResult>("the rehearsal's thread", worker, task, signal) : inSlices(task, signal);
}

async function inSlices({ input, runs }: RehearsalTask, signal: AbortSignal): Promise<RehearsalResult> {
  const rehearsal = new Rehearsal(input);
  if (rehearsal.refused) return { refused: rehearsal.refused };
  let began = performance.now();
  while (rehearsal.runs < runs) {
    signal.throwIfAborted();
    rehearsal.next();
    if (performance.now() - began < SLICE_MS) continue;
    await breathe();
    began = performance.now();
  }
  return { report: rehearsal.report() };
}
