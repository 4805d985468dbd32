import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { LiveBatch, TargetView } from '#contract';
import { live } from '../api/live.js';
import { pastTargets, targets } from './queries.js';

/** At most twice a second; a rollout whose clusters take long to read is read less often. */
const LEAST_MS = 500;
/** While it runs, whatever the stream says. */
const POLL_MS = 10_000;

/** All clusters of a rollout, in the order of their turns: as they are now, kept up by the live stream, or as they were. */
export function useTargets(id: string, at: string | undefined, isRunning: boolean): UseQueryResult<TargetView[]> {
  const queries = useQueryClient();
  useEffect(() => {
    if (at !== undefined) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isReading = false;
    let isStale = false;
    let pause = LEAST_MS;
    const read = async (): Promise<void> => {
      timer = undefined;
      isStale = false;
      isReading = true;
      const begun = performance.now();
      await Promise.allSettled([
        queries.refetchQueries({ queryKey: ['targets', id] }, { cancelRefetch: false }),
        queries.refetchQueries({ queryKey: ['rollout', id], type: 'active' }, { cancelRefetch: false }),
      ]);
      isReading = false;
      pause = Math.max(LEAST_MS, 2 * (performance.now() - begun));
      if (isStale) soon();
    };
    const soon = (): void => {
      isStale = true;
      if (!isReading) timer ??= setTimeout(() => void read().catch(() => undefined), pause);
    };
    const stop = live.onBatch((batch) => {
      if (concerns(batch, id)) soon();
    });
    const poll = isRunning ? setInterval(soon, POLL_MS) : undefined;
    return () => {
      stop();
      clearInterval(poll);
      clearTimeout(timer);
    };
  }, [id, at, isRunning, queries]);
  const present = useQuery({ ...targets(id), enabled: at === undefined });
  const past = useQuery({
    ...pastTargets(id, at ?? ''),
    enabled: at !== undefined,
    // Cells go from where they stand to where they stood.
    placeholderData: (before: TargetView[] | undefined) => before ?? queries.getQueryData(targets(id).queryKey),
  });
  return at === undefined ? present : past;
}

/** A cluster that passes is no event of the history, but a cell that changes. */
function concerns({ events, cells, reset }: LiveBatch, id: string): boolean {
  return reset === true || cells !== undefined || events.some(({ rollout }) => rollout === id);
}
