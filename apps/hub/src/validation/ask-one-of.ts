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
  private readonly running = new Map<string, Promise<unknown>>();
  private readonly inFlight = new Set<string>();
  private readonly failedAt = new Map<string, number>();

  /** @param tell hears of each that had no answer. */
  constructor(
    private readonly clock: Clock,
    private readonly tell: (cluster: Asked, error: unknown) => void,
  ) {}

  /**
   * Null: nobody had an answer. No cluster is asked the same twice at once.
   * @param ask throws where it is no answer.
   */
  async ask<T>(question: string, clusters: readonly Asked[], ask: (cluster: Asked) => Promise<T>): Promise<T | null> {
    const running = this.running.get(question) as Promise<T | null> | undefined;
    if (running === undefined) return await this.begin(question, this.start(question, clusters, ask));
    // It may have been put to other clusters, none of which answers.
    const found = await Promise.race([running, sleep(ALONE_MS, null, { ref: false })]);
    if (found !== null) return found;
    // Others have waited as long, and may have asked on by now.
    const others = (this.running.get(question) as Promise<T | null> | undefined) ?? running;
    return await this.begin(question, firstOf([others, this.start(question, clusters, ask)]));
  }

  private begin<T>(question: string, answer: Promise<T>): Promise<T> {
    this.running.set(question, answer);
    return answer.finally(() => {
      if (this.running.get(question) === answer) this.running.delete(question);
    });
  }

  private async start<T>(
    question: string,
    clusters: readonly Asked[],
    ask: (cluster: Asked) => Promise<T>,
  ): Promise<T | null> {
    const attempts: Promise<T | null>[] = [];
    for (const cluster of this.candidates(question, clusters)) {
      const attempt = this.attempt(question, cluster, ask);
      attempts.push(attempt);
      const waited = new AbortController();
      const late = sleep(ALONE_MS, null, { signal: waited.signal }).catch(() => null);
      const found = await Promise.race([firstOf(attempts), attempt, late]);
      waited.abort();
      if (found !== null) return found;
    }
    return await firstOf(attempts);
  }

  private async attempt<T>(question: string, cluster: Asked, ask: (cluster: Asked) => Promise<T>): Promise<T | null> {
    const key = `${cluster.uid} ${question}`;
    if (this.inFlight.has(key)) return null;
    this.inFlight.add(key);
    try {
      return await ask(cluster);
    } catch (error) {
      const now = this.clock.now();
      keepNewest(this.failedAt, key, now, MAX_REMEMBERED);
      keepNewest(this.failedAt, cluster.uid, now, MAX_REMEMBERED);
      this.tell(cluster, error);
      return null;
    } finally {
      this.inFlight.delete(key);
    }
  }

  /** Who is there and has not failed to answer this of late; who has failed to answer anything comes last. */
  private candidates(question: string, clusters: readonly Asked[]): readonly Asked[] {
    const good: Asked[] = [];
    const doubtful: Asked[] = [];
    for (const cluster of clusters) {
      const key = `${cluster.uid} ${question}`;
      if (!cluster.online || this.inFlight.has(key) || this.hasFailed(key)) continue;
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

/** The first that is something; null once all of them are nothing. */
async function firstOf<T>(answers: readonly Promise<T | null>[]): Promise<T | null> {
  const some = answers.map(async (answer) => (await answer) ?? Promise.reject(new Error('nothing')));
  return await Promise.any(some).catch(() => null);
}
