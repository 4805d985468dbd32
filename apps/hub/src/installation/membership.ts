import { Inject, Injectable } from '@nestjs/common';
import type { RolloutEvent } from '#domain';
import type { Store, StoredCluster, Unit } from '#ports';
import { STORE } from '../parts.js';
import { Stepper } from '../steps/advance/stepper.js';
import { Reconcile } from '../steps/assign/reconcile.js';

/** What follows for the applications when a cluster comes, changes or goes. */
@Injectable()
export class Membership {
  constructor(
    @Inject(STORE) private readonly store: Store,
    private readonly stepper: Stepper,
    private readonly reconcile: Reconcile,
  ) {}

  changed(): void {
    this.reconcile.fleetChanged();
  }

  /**
   * Ends the registration, and with it every credential: in one transaction with what tells the bus to refuse its key and to
   * forget its manifest. False: it had ended already, and nothing was written.
   */
  end(cluster: StoredCluster, now: number, also: (unit: Unit) => Promise<void>): Promise<boolean> {
    return this.take(cluster, 'ended', async (unit) => {
      if (!(await unit.clusters.revoke(cluster.uid, now))) return false;
      // Its agent may have joined with another key since the caller looked.
      const { publicKey } = (await unit.clusters.get(cluster.uid)) ?? cluster;
      if (publicKey !== null) await unit.revocations.add({ publicKey, at: now });
      await also(unit);
      return true;
    });
  }

  /** Begins to take a cluster out: from here on it is given nothing, and its agent takes down what it holds. False: it leaves already. */
  leave(
    cluster: StoredCluster,
    leaving: { readonly since: number; readonly by: string },
    also: (unit: Unit) => Promise<void>,
  ): Promise<boolean> {
    return this.take(cluster, 'leaving', async (unit) => {
      if (!(await unit.clusters.leave(cluster.uid, leaving))) return false;
      await also(unit);
      return true;
    });
  }

  /** Lets go of the cluster in all applications and in its registration, or in neither. */
  private async take(
    { uid }: StoredCluster,
    why: 'ended' | 'leaving',
    register: (unit: Unit) => Promise<boolean>,
  ): Promise<boolean> {
    try {
      const act = await this.store.transact(async (unit) => {
        const rows = await unit.rollouts.ofCluster(uid);
        const events = rows.map(({ application }): [string, RolloutEvent] => [
          application,
          { type: 'removed', clusters: [uid], why },
        ]);
        const after = await this.stepper.takeAll(unit, events);
        if (!(await register(unit))) throw new Already();
        // The relay writes its manifest, or deletes it, by what the registration says then.
        await unit.outbox.mark([uid]);
        return after;
      });
      act();
    } catch (error) {
      if (error instanceof Already) return false;
      throw error;
    }
    this.changed();
    return true;
  }
}

/** Rolls back what was decided for a registration that is not as it was. */
class Already extends Error {}
