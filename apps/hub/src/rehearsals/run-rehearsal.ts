import { setImmediate as breathe } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Rehearsal, type rehearse, type RehearsalInput } from '#domain';

export interface RehearsalTask {
  readonly input: RehearsalInput;
  readonly runs: number;
}

export type RehearsalResult = ReturnType<typeof rehearse>;

/** Old space of the thread: 10,000 clusters take a third of it. */
const MAX_MEMORY_MIB = 512;
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
  return worker ? inThread(task, signal, worker) : inSlices(task, signal);
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

async function inThread(task: RehearsalTask, signal: AbortSignal, url: URL): Promise<RehearsalResult> {
  signal.throwIfAborted();
  const worker = new Worker(url, {
    workerData: task,
    // Nothing of the hub's environment is its business.
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: MAX_MEMORY_MIB },
  });
  let stop: (() => void) | undefined;
  try {
    return await new Promise<RehearsalResult>((resolve, reject) => {
      stop = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', stop, { once: true });
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the rehearsal's thread ended with ${code} and said nothing`)));
    });
  } finally {
    if (stop) signal.removeEventListener('abort', stop);
    await worker.terminate();
  }
}
