import { Inject, Injectable } from '@nestjs/common';
import type { Heartbeat, Withdrawal } from '#domain';
import { messageOf, RejectedError, type Logger } from '#kit';
import type { Clock, Store, StoredCluster } from '#ports';
import type { Caller } from '../http/access/permit.js';
import { audit } from '../http/audit.js';
import { CLOCK, LOGGER, STORE } from '../parts.js';
import { Membership } from './membership.js';
import { Revocations } from './revocations.js';

/** How long a removal waits for the bus to drop the agent's connection, before it answers that this comes later. */
const SETTLE_MS = 2_000;

/** Takes clusters out of the fleet. */
@Injectable()
export class Leaving {
  @Inject(LOGGER) private readonly log!: Logger;

  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly membership: Membership,
    private readonly revocations: Revocations,
  ) {}

  /** Ends the registration now; what its agent applied stays. */
  async endNow(cluster: StoredCluster, caller: Caller): Promise<void> {
    const now = this.clock.now();
    const detail = { workloads: 'leave' };
    await this.membership.end(cluster, now, (unit) =>
      audit(unit, { now, caller }, 'cluster.remove', `Cluster/${cluster.name}`, { detail }),
    );
    await this.revocations.settle(SETTLE_MS);
  }

  /**
   * Lets its agent take down what it holds; the registration ends when that is told to be done. False: nobody ever joined, so
   * there is nothing to take down and it has ended.
   * @throws RejectedError `cluster-held`
   */
  async withdraw(cluster: StoredCluster, caller: Caller): Promise<boolean> {
    const { name, hold, state } = cluster;
    if (state === 'leaving') return true;
    if (state === 'registered') {
      await this.endNow(cluster, caller);
      return false;
    }
    if (hold !== null) {
      throw new RejectedError(
        'cluster-held',
        `Cluster "${name}" is held by ${hold.by} (${hold.reason}), so nothing on it is changed: "flotilla cluster unhold ${name}" first, or remove it with its workloads left as they are.`,
        { status: 409 },
      );
    }
    const now = this.clock.now();
    const detail = { workloads: 'withdraw' };
    await this.membership.leave(cluster, { since: now, by: caller.actor }, (unit) =>
      audit(unit, { now, caller }, 'cluster.remove', `Cluster/${name}`, { detail }),
    );
    return true;
  }

  /** What agents say of how far they came; whoever is done is let go. */
  async heard(beats: readonly Heartbeat[]): Promise<void> {
    for (const { cluster: uid, withdrawal } of beats) {
      if (withdrawal === undefined) continue;
      try {
        await this.take(uid, withdrawal);
      } catch (error) {
        // The next heartbeat says the same again.
        this.log.warn({ step: 'report', cluster: uid, error: messageOf(error) }, 'a withdrawal was not noted');
      }
    }
  }

  private async take(uid: string, told: Withdrawal): Promise<void> {
    const cluster = await this.store.read.clusters.get(uid);
    if (cluster?.state !== 'leaving') return;
    if (!told.done) return this.store.read.clusters.tellLeaving(uid, told);
    const now = this.clock.now();
    const { kept, names } = told;
    await this.membership.end(cluster, now, (unit) =>
      unit.audit.append({
        at: now,
        actor: `cluster:${cluster.name}`,
        act: 'cluster.withdrawn',
        object: `Cluster/${cluster.name}`,
        detail: { kept, ...(names.length > 0 && { names: [...names] }) },
      }),
    );
    this.log.info({ step: 'report', cluster: uid, name: cluster.name, kept }, 'a cluster has left the fleet');
  }
}
