import { Injectable } from '@nestjs/common';
import type { ClusterCommandAnswer } from '#contract';
import type { RolloutEvent } from '#domain';
import { RejectedError } from '#kit';
import type { StoredCluster, Unit } from '#ports';
import type { StepOutcome } from '../../steps/advance/run-step.js';
import { Stepper } from '../../steps/advance/stepper.js';
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
    private readonly stepper: Stepper,
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
      const outcomes = await this.tell(unit, cluster, event);
      const message = `Nothing new is assigned to ${name} until it is let go; what it acknowledged goes on`;
      const first = `Cluster ${name} is held: ${reason}`;
      return {
        answer: await answerOf(unit, name, [first, ...changesOf(outcomes)], message),
        after: () => this.act(outcomes),
      };
    });
  }

  unhold(name: string, request: CommandRequest, reason: string | undefined): Promise<ClusterCommandAnswer> {
    const { caller } = request;
    return this.work.run(request, async (unit, now) => {
      const cluster = await this.lock(unit, name);
      const changed = await unit.clusters.unhold(cluster.uid);
      if (!changed) return { answer: await answerOf(unit, name, [], `Nothing changed: Cluster ${name} is not held`) };
      await audit(unit, { now, caller }, 'cluster.unhold', `Cluster/${name}`, { reason });
      const why = reason === undefined ? {} : { reason };
      const event = { type: 'unheld', clusters: [cluster.uid], actor: caller.actor, ...why } as const;
      const outcomes = await this.tell(unit, cluster, event);
      const message = `${name} takes part again: what was put off has its turn where its rollout runs, and the rest catches up`;
      return {
        answer: await answerOf(unit, name, [`Cluster ${name} is no longer held`, ...changesOf(outcomes)], message),
        // What went by meanwhile comes through a catch-up.
        after: () => {
          this.act(outcomes);
          this.reconcile.requestAll();
        },
      };
    });
  }

  /** Applications first, then the cluster: the order of everybody who needs both, or they would wait for each other in a circle. */
  private async lock(unit: Unit, name: string): Promise<StoredCluster> {
    const cluster = await find(unit, name);
    const rows = await unit.rollouts.ofCluster(cluster.uid);
    for (const application of rows.map((row) => row.application).sort()) await unit.rollouts.lock(application);
    return cluster;
  }

  private async tell(unit: Unit, cluster: StoredCluster, event: RolloutEvent): Promise<readonly Taken[]> {
    const rows = await unit.rollouts.ofCluster(cluster.uid);
    const outcomes = await this.stepper.withinAll(
      unit,
      rows.map(({ application }) => [application, event] as const),
    );
    for (const [application, { refused }] of outcomes) {
      if (refused) throw new RejectedError(refused.code, `${application}: ${refused.message}`, { status: 409 });
    }
    return outcomes;
  }

  private act(outcomes: readonly Taken[]): void {
    for (const [application, outcome] of outcomes) this.stepper.act(application, outcome);
  }
}

type Taken = readonly [application: string, outcome: StepOutcome];

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
