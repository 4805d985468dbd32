import { Inject, Injectable } from '@nestjs/common';
import type { RolloutEvent } from '#domain';
import type { HubBus, Store, StoredCluster, Unit } from '#ports';
import { HUB_BUS, STORE } from '../parts.js';
import { Stepper } from '../steps/advance/stepper.js';
import { Reconcile } from '../steps/assign/reconcile.js';

/** What follows for the applications when a cluster comes, changes or goes. */
@Injectable()
export class Membership {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(HUB_BUS) private readonly bus: HubBus,
    private readonly stepper: Stepper,
    private readonly reconcile: Reconcile,
  ) {}

  changed(): void {
    this.reconcile.requestAll();
  }

  /** Ends the registration in one transaction, then its credential and its manifest. */
  async end(cluster: StoredCluster, now: number, also: (unit: Unit) => Promise<void>): Promise<void> {
    const act = await this.store.transact(async (unit) => {
      const rows = await unit.rollouts.ofCluster(cluster.uid);
      const events = rows.map(({ application }): [string, RolloutEvent] => [
        application,
        { type: 'removed', clusters: [cluster.uid], why: 'ended' },
      ]);
      const after = await this.stepper.takeAll(unit, events);
      await unit.clusters.revoke(cluster.uid, now);
      await also(unit);
      return after;
    });
    act();
    if (cluster.publicKey) await this.bus.revokeCredential(cluster.publicKey);
    await this.bus.deleteManifest(cluster.uid);
  }
}
