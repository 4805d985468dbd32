/** Eight were the fastest towards an API server on 2 cores. */
export const REQUESTS_AT_ONCE = 8;

/** Runs `act` on every item, at most `limit` at once, in order of their start. Rejects with the first rejection, when all under way have ended. */
export async function mapLimited<T>(
  items: readonly T[],
  act: (item: T) => Promise<void>,
  limit = REQUESTS_AT_ONCE,
): Promise<void> {
  let next = 0;
  let failed = false;
  const work = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const item = items[next];
      next += 1;
      try {
        await act(item as T);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, work));
  const rejected = ends.find((end) => end.status === 'rejected');
  if (rejected !== undefined) throw rejected.reason;
}
