import { Injectable } from '@nestjs/common';
import type { ClusterCommandAnswer } from '#contract';
import { RejectedError } from '#kit';
import type { StoredCluster, Unit } from '#ports';
import { Brakes, type Taken } from '../../declared/brakes.js';
import { refuseByHand } from '../../declared/declared-objects.js';
import { Reconcile } from '../../steps/assign/reconcile.js';
import { audit } from '../audit.js';
import { clusterView } from '../views/cluster-view.js';
import { CommandWork } from './command-work.js';
import type { CommandRequest } from './command.js';

/** Holds clusters and lets them go, for all of their applications in one transaction. */
@Injectable()
export class ClusterHolds {
  constructor(
    private readonly work: CommandWork,
    private readonly brakes: Brakes,
    private readonly reconcile: Reconcile,
  ) {}

  hold(name: string, request: CommandRequest, reason: string): Promise<ClusterCommandAnswer> {
    const { caller } = request;
    return this.work.run(request, async (unit, now) => {
      const cluster = await this.lock(unit, name);
      const changed = await unit.clusters.hold(cluster.uid, { reason, by: caller.actor, since: now });
      if (!changed) {
        const hold = cluster.hold ? `by ${cluster.hold.by}: ${cluster.hold.reason}` : '';
        return { answer: await answerOf(unit, name, [], `Nothing changed: Cluster ${name} is held already ${hold}`) };
      }
      await audit(unit, { now, caller }, 'cluster.hold', `Cluster/${name}`, { reason });
      const event = { type: 'held', clusters: [cluster.uid], actor: caller.actor, reason } as const;
      const outcomes = await this.brakes.tell(unit, cluster, event);
      const message = `Nothing new is assigned to ${name} until it is let go; what it acknowledged goes on`;
      const first = `Cluster ${name} is held: ${reason}`;
      return {
        answer: await answerOf(unit, name, [first, ...changesOf(outcomes)], message),
        after: () => this.brakes.act(outcomes),
      };
    });
  }

  unhold(name: string, request: CommandRequest, reason: string | undefined): Promise<ClusterCommandAnswer> {
    const { caller } = request;
    return this.work.run(request, async (unit, now) => {
      const cluster = await this.lock(unit, name);
      await refuseByHand(unit, caller.actor, { kind: 'Hold', name });
      const changed = await unit.clusters.unhold(cluster.uid);
      if (!changed) return { answer: await answerOf(unit, name, [], `Nothing changed: Cluster ${name} is not held`) };
      await audit(unit, { now, caller }, 'cluster.unhold', `Cluster/${name}`, { reason });
      const why = reason === undefined ? {} : { reason };
      const event = { type: 'unheld', clusters: [cluster.uid], actor: caller.actor, ...why } as const;
      const outcomes = await this.brakes.tell(unit, cluster, event);
      const message = `${name} takes part again: what was put off has its turn where its rollout runs, and the rest catches up`;
      return {
        answer: await answerOf(unit, name, [`Cluster ${name} is no longer held`, ...changesOf(outcomes)], message),
        // What went by meanwhile comes through a catch-up.
        after: () => {
          this.brakes.act(outcomes);
          this.reconcile.requestAll();
        },
      };
    });
  }

  private async lock(unit: Unit, name: string): Promise<StoredCluster> {
    const cluster = await find(unit, name);
    await this.brakes.lock(unit, [{ kind: 'Hold', name }]);
    return cluster;
  }
}

function changesOf(outcomes: readonly Taken[]): string[] {
  return outcomes
    .flatMap(([application, { changes }]) => changes.map((each) => `${application}: ${each}`))
    .slice(0, 50);
}

async function find(unit: Unit, name: string): Promise<StoredCluster> {
  const cluster = await unit.clusters.byName(name);
  if (!cluster) throw new RejectedError('not-found', `Cluster "${name}" does not exist`, { status: 404 });
  return cluster;
}

async function answerOf(unit: Unit, name: string, changes: string[], message: string): Promise<ClusterCommandAnswer> {
  const cluster = await find(unit, name);
  const rows = await unit.rollouts.ofCluster(cluster.uid);
  return { cluster: clusterView(cluster, rows, true), changed: changes.length > 0, changes, message };
}
