import { setTimeout as sleep } from 'node:timers/promises';
import { keepNewest } from '#kit';
import type { Clock, StoredCluster } from '#ports';

/** Who had no answer is not asked the same again before, ms. */
const AGAIN_AFTER_MS = 60_000;
/** Whose answer takes longer is not waited for alone: the next one is asked beside, ms. */
const ALONE_MS = 2_000;
/** Of many that could answer, so many are asked. */
const MOST = 5;
const MAX_REMEMBERED = 5_000;

export type Asked = Pick<StoredCluster, 'uid' | 'name' | 'online' | 'apis'>;

/**
 * Asks clusters what any of them can tell, one after the other until one has told: an agent that is silent, or does not tell the
 * truth, must not keep the hub from hearing it of another.
 */
export class AskOneOf {
  private readonly asking = new Map<string, Promise<unknown>>();
  private readonly failedAt = new Map<string, number>();

  /** @param tell hears of each that had no answer. */
  constructor(
    private readonly clock: Clock,
    private readonly tell: (cluster: Asked, error: unknown) => void,
  ) {}

  /** @param ask throws where it is no answer. Null: nobody had one. The same question is asked once at a time. */
  async ask<T>(question: string, clusters: readonly Asked[], ask: (cluster: Asked) => Promise<T>): Promise<T | null> {
    const running =
      this.asking.get(question) ?? this.start(question, clusters, ask).finally(() => this.asking.delete(question));
    this.asking.set(question, running);
    return (await running) as T | null;
  }

  private async start<T>(
    question: string,
    clusters: readonly Asked[],
    ask: (cluster: Asked) => Promise<T>,
  ): Promise<T | null> {
    const attempts: Promise<T>[] = [];
    for (const cluster of this.candidates(question, clusters)) {
      const attempt = this.attempt(question, cluster, ask);
      attempts.push(attempt);
      const waited = new AbortController();
      const hasOne = await Promise.race([
        isKept(Promise.any(attempts)),
        isKept(attempt),
        sleep(ALONE_MS, false, { signal: waited.signal }).catch(() => false),
      ]);
      waited.abort();
      if (hasOne) break;
    }
    return await Promise.any(attempts).catch(() => null);
  }

  private async attempt<T>(question: string, cluster: Asked, ask: (cluster: Asked) => Promise<T>): Promise<T> {
    try {
      return await ask(cluster);
    } catch (error) {
      const now = this.clock.now();
      keepNewest(this.failedAt, `${cluster.uid} ${question}`, now, MAX_REMEMBERED);
      keepNewest(this.failedAt, cluster.uid, now, MAX_REMEMBERED);
      this.tell(cluster, error);
      throw error;
    }
  }

  /** Who is there and has not failed to answer this of late; who has failed to answer anything comes last. */
  private candidates(question: string, clusters: readonly Asked[]): readonly Asked[] {
    const good: Asked[] = [];
    const doubtful: Asked[] = [];
    for (const cluster of clusters) {
      if (!cluster.online || this.hasFailed(`${cluster.uid} ${question}`)) continue;
      (this.hasFailed(cluster.uid) ? doubtful : good).push(cluster);
      if (good.length === MOST) break;
    }
    return [...good, ...doubtful].slice(0, MOST);
  }

  private hasFailed(key: string): boolean {
    const at = this.failedAt.get(key);
    return at !== undefined && this.clock.now() - at < AGAIN_AFTER_MS;
  }
}

function isKept(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  );
}
