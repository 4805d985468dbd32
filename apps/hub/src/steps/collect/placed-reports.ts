import { Inject, Injectable } from '@nestjs/common';
import type { ClusterUid } from '#domain';
import type { Metrics } from '#kit';
import type { StatusMessage, Store } from '#ports';
import { METRICS, STORE } from '../../parts.js';

/** Clusters whose applications are remembered: so many names as a fleet has, and no more memory than that. */
const MOST_CLUSTERS = 20_000;

/**
 * Lets through what clusters say of applications that they were ever to run. Whoever holds an agent's key may report by any name;
 * names that were made up must cost neither a lock nor a row.
 */
@Injectable()
export class PlacedReports {
  /** What was found before: rows stay, so what is in here is true. What is not is looked up, for it may be a moment old. */
  private readonly known = new Map<ClusterUid, ReadonlySet<string>>();
  private readonly dropped;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(METRICS) metrics: Metrics,
  ) {
    this.dropped = metrics.counter({
      name: 'reports_dropped_total',
      help: 'Reports of applications that are not placed on the cluster that sent them.',
    });
  }

  async sift(batch: readonly StatusMessage[]): Promise<readonly StatusMessage[]> {
    // Before anything is decided by it: what is forgotten in between would be dropped.
    if (this.known.size > MOST_CLUSTERS) this.known.clear();
    const unknown = new Set(batch.filter((message) => !this.knows(message)).map(({ cluster }) => cluster));
    if (unknown.size > 0) await this.learn(unknown);
    const placed = batch.filter((message) => this.knows(message));
    this.dropped.inc(batch.length - placed.length);
    return placed;
  }

  private knows({ cluster, application }: StatusMessage): boolean {
    return this.known.get(cluster)?.has(application) === true;
  }

  private async learn(uids: ReadonlySet<ClusterUid>): Promise<void> {
    const found = new Map<ClusterUid, Set<string>>();
    for (const { uid, application } of await this.store.read.rollouts.placed([...uids])) {
      const names = found.get(uid) ?? new Set();
      found.set(uid, names.add(application));
    }
    for (const [uid, names] of found) this.known.set(uid, names);
  }
}
