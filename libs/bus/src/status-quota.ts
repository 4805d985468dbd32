import type { JetStreamManager } from '@nats-io/jetstream';
import { type Logger, messageOf } from '#kit';
import { streams, subjects } from './subjects.js';

/**
 * How many reports of one cluster STATUS keeps. A cluster has one for each of its applications; an agent that was taken over may
 * make up as many names as it likes.
 */
export const REPORTS_PER_CLUSTER = 2_000;

/** How long a cluster's reports are counted before the count begins anew, milliseconds. */
const WINDOW_MS = 60_000;

/**
 * Bounds what one cluster may have in STATUS. The broker has no quota for a part of a stream, so whoever reads the reports counts
 * them: a cluster that sends many has all but its latest purged, before the stream is full and drops other clusters' instead. What
 * is purged is that cluster's own.
 */
export class StatusQuota {
  readonly #counts = new Map<string, number>();
  readonly #due = new Set<string>();
  #windowEnds = 0;
  #purging = false;

  constructor(
    private readonly manager: JetStreamManager,
    private readonly log: Pick<Logger, 'warn'>,
    private readonly limit: number = REPORTS_PER_CLUSTER,
  ) {}

  /** A report of the cluster's came. */
  count(cluster: string): void {
    const now = performance.now();
    if (now > this.#windowEnds) {
      this.#counts.clear();
      this.#windowEnds = now + WINDOW_MS;
    }
    const count = (this.#counts.get(cluster) ?? 0) + 1;
    // Half of the limit, so that the purge begins before much more than that is there.
    const isMuch = count >= this.limit / 2;
    this.#counts.set(cluster, isMuch ? 0 : count);
    if (!isMuch) return;
    this.#due.add(cluster);
    if (!this.#purging) this.#purge().catch((error: unknown) => this.log.warn({ why: messageOf(error) }, 'no purge'));
  }

  /** One after another: a purge costs the broker a look at what it purges. */
  async #purge(): Promise<void> {
    this.#purging = true;
    for (const cluster of this.#due) {
      this.#due.delete(cluster);
      try {
        const filter = subjects.status(cluster, '*');
        const { purged } = await this.manager.streams.purge(streams.status, { filter, keep: this.limit });
        if (purged > 0) {
          const line = 'a cluster sends reports of more applications than it can have; the oldest were dropped';
          this.log.warn({ cluster, dropped: purged, kept: this.limit }, line);
        }
      } catch (error) {
        // Its next reports are counted again.
        this.log.warn(
          { cluster, why: messageOf(error) },
          'the reports of a cluster that sends too many were not dropped',
        );
      }
    }
    this.#purging = false;
  }
}
