import { Worker } from 'node:worker_threads';

/** Old space of a thread, MiB: a rehearsal of 10,000 clusters takes a third of it. A thread beyond it ends, and the hub goes on. */
const MAX_MEMORY_MIB = 512;

/**
 * Has a task of the processor's done beside the event loop: the program at the URL reads `workerData` and answers by one message.
 * @param what as in "the rehearsal's thread"
 * @throws the signal's reason once it is aborted; whatever ends the thread before it has answered
 */
export async function runInThread<Result>(what: string, url: URL, task: unknown, signal: AbortSignal): Promise<Result> {
  signal.throwIfAborted();
  const worker = new Worker(url, {
    workerData: task,
    // Nothing of the hub's environment is its business.
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: MAX_MEMORY_MIB },
  });
  let stop: (() => void) | undefined;
  try {
    return await new Promise<Result>((resolve, reject) => {
      stop = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', stop, { once: true });
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`${what} ended with ${code} and said nothing`)));
    });
  } finally {
    if (stop) signal.removeEventListener('abort', stop);
    await worker.terminate();
  }
}
