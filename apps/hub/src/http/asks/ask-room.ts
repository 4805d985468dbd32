import type { ClusterUid } from '#domain';
import { RejectedError, RetryableError } from '#kit';

/** An agent answers so many at once; more would wait there. */
const MOST_PER_CLUSTER = 3;
/** Each may hold an answer of 8 MiB. */
const MOST = 12;

/** How many agents may be asked at once. Equal questions of the same moment share one answer. */
export class AskRoom {
  private readonly open = new Map<ClusterUid, Map<string, Promise<unknown>>>();

  /**
   * @param of `what` tells equal questions to a cluster.
   * @throws RejectedError `too-many-asks` (429) of one cluster; RetryableError `asks-busy` of all.
   */
  take<T>(
    of: { readonly cluster: ClusterUid; readonly name: string; readonly what: string },
    ask: () => Promise<T>,
  ): Promise<T> {
    const there = this.open.get(of.cluster) ?? new Map<string, Promise<unknown>>();
    const same = there.get(of.what);
    if (same) return same as Promise<T>;
    if (there.size >= MOST_PER_CLUSTER) {
      throw new RejectedError(
        'too-many-asks',
        `Cluster "${of.name}" is being asked ${MOST_PER_CLUSTER} things already: wait for one of them, and ask again`,
        { status: 429 },
      );
    }
    const all = [...this.open.values()].reduce((sum, { size }) => sum + size, 0);
    if (all >= MOST) {
      throw new RetryableError(
        'asks-busy',
        `The hub is waiting for ${MOST} agents' answers already: ask again in a moment`,
      );
    }
    const answer = ask().finally(() => {
      there.delete(of.what);
      if (there.size === 0) this.open.delete(of.cluster);
    });
    there.set(of.what, answer);
    this.open.set(of.cluster, there);
    return answer;
  }
}
