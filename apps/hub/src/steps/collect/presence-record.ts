import { Inject, Injectable } from '@nestjs/common';
import { canonicalJson, type ClusterUid, type Heartbeat, type RolloutEvent, sha256 } from '#domain';
import type { Clock, Store } from '#ports';
import { CLOCK, STORE } from '../../parts.js';
import { Stepper } from '../advance/stepper.js';
import { Reconcile } from '../assign/reconcile.js';

/** Writes presence and tells the engine who is back. */
@Injectable()
export class PresenceRecord {
  /** Digests of the facts that were heard since the start. */
  private readonly facts = new Map<ClusterUid, string>();

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly stepper: Stepper,
    private readonly reconcile: Reconcile,
  ) {}

  async seen(beats: readonly Heartbeat[]): Promise<void> {
    let returned = 0;
    const act = await this.store.transact(async (unit) => {
      const back = await unit.clusters.seen(
        beats.map(({ cluster, sequence, version, protocol, facts, apis }) => ({
          uid: cluster,
          sequence,
          version,
          protocol,
          ...(facts && { facts }),
          ...(apis !== undefined && { apis }),
        })),
        this.clock.now(),
      );
      await unit.trust.setHeld(beats.map(({ cluster, trust = 0 }) => ({ uid: cluster, generation: trust })));
      returned = back.length;
      const events = new Map<string, ClusterUid[]>();
      for (const uid of back) {
        for (const { application } of await unit.rollouts.ofCluster(uid)) {
          events.set(application, [...(events.get(application) ?? []), uid]);
        }
      }
      return this.stepper.takeAll(
        unit,
        [...events].map(([application, clusters]): [string, RolloutEvent] => [
          application,
          { type: 'returned', clusters },
        ]),
      );
    });
    act();
    const hasNews = beats.filter((beat) => beat.facts !== undefined && this.isNews(beat, beat.facts)).length > 0;
    // Facts take part in placement and waves; whoever is back may have missed a release.
    if (returned > 0 || hasNews) this.reconcile.fleetChanged();
  }

  /** Every agent tells its facts again after a reconnect; told once, they are none. */
  private isNews({ cluster, apis = '' }: Heartbeat, facts: Readonly<Record<string, string>>): boolean {
    const digest = sha256(canonicalJson({ facts, apis }));
    if (this.facts.get(cluster) === digest) return false;
    this.facts.set(cluster, digest);
    return true;
  }
}
