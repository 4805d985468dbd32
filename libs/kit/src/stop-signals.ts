import os from 'node:os';

/** One Ctrl-C reaches a process more than once: from the terminal and again from npm. Within this it is the same one. */
const sameMs = 1_000;

export interface StopOptions {
  /** How long `stop` may take, in milliseconds, before the process ends anyway with exit code 1. */
  readonly limitMs?: number;
  /** The exit code after `stop` went well; unless told, what `process.exitCode` says then, or 0. */
  readonly exitCode?: number;
  /** Tells a failure of `stop`. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Runs `stop` at the first SIGINT, SIGTERM or SIGHUP and then ends the process. A second signal, more than a second later, ends
 * it at once with 128 + the signal's number. Answers a function that takes the handlers away again.
 */
export function onStopSignal(stop: (signal: NodeJS.Signals) => Promise<void>, options: StopOptions = {}): () => void {
  const { limitMs = 4_500, exitCode, onError } = options;
  let first: number | undefined;
  const handle = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (first !== undefined) {
      if (now - first >= sameMs) process.exit(128 + os.constants.signals[signal]);
      return;
    }
    first = now;
    setTimeout(() => {
      onError?.(new Error(`Stopping took longer than ${limitMs} ms.`));
      process.exit(1);
    }, limitMs).unref();
    stop(signal).then(
      () => process.exit(exitCode ?? process.exitCode ?? 0),
      (error: unknown) => {
        onError?.(error);
        process.exit(1);
      },
    );
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, handle);
  return () => {
    for (const signal of signals) process.removeListener(signal, handle);
  };
}
