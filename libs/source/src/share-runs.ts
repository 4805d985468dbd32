import { setImmediate } from 'node:timers/promises';

/**
 * Makes concurrent calls share runs: whoever asks before a run has begun gets that run; whoever asks while one is under way gets the
 * next one, because the run under way may have looked before the caller's change was there.
 */
export function shareRuns(run: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  const begin = async (before: Promise<void> | null): Promise<void> => {
    await before?.catch(() => undefined);
    await setImmediate();
    current = next;
    next = null;
    try {
      await run();
    } finally {
      if (next === null) current = null;
    }
  };
  return () => (next ??= begin(current));
}
