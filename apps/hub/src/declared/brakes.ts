import { Injectable } from '@nestjs/common';
import type { Resource } from '#contract';
import { pauseReason, type ApplicationHeader, type RolloutEvent } from '#domain';
import { RejectedError } from '#kit';
import type { StoredCluster, Unit } from '#ports';
import type { StepOutcome } from '../steps/advance/run-step.js';
import { Stepper } from '../steps/advance/stepper.js';
import {
  readWaitingPause,
  readWaitingPauses,
  writeWaitingPause,
  type WaitingPause,
} from '../steps/advance/waiting-pause.js';

/** A Hold of a cluster, or a Pause of an application: both have its name. */
export type BrakeDocument = Extract<Resource, { kind: 'Hold' | 'Pause' }>;

/** What the engine decided of it; acted on after the commit. */
export type Taken = readonly [application: string, outcome: StepOutcome];

/** Who puts a brake on, or takes it off. */
export interface Braking {
  readonly now: number;
  readonly actor: string;
  readonly reason: string;
}

/** Puts on and takes off what holds clusters and pauses applications, within a transaction of the caller's. */
@Injectable()
export class Brakes {
  constructor(private readonly stepper: Stepper) {}

  /**
   * Applications first, then clusters: the order of everybody who needs both, or they would wait for each other in a circle. To be
   * called before anything is written.
   */
  async lock(unit: Unit, brakes: readonly { readonly kind: string; readonly name: string }[]): Promise<void> {
    const applications = new Set<string>();
    for (const { kind, name } of brakes) {
      if (kind === 'Pause') applications.add(name);
      const cluster = kind === 'Hold' ? await unit.clusters.byName(name) : null;
      const rows = cluster ? await unit.rollouts.ofCluster(cluster.uid) : [];
      for (const { application } of rows) applications.add(application);
    }
    for (const application of [...applications].sort()) await unit.rollouts.lock(application);
  }

  /** One that is on already stays as it is. */
  async put(unit: Unit, { kind, metadata: { name } }: BrakeDocument, by: Braking): Promise<readonly Taken[]> {
    const { now: since, actor, reason } = by;
    if (kind === 'Hold') {
      const cluster = await unit.clusters.byName(name);
      if (!cluster || !(await unit.clusters.hold(cluster.uid, { reason, by: actor, since }))) return [];
      return this.tell(unit, cluster, { type: 'held', clusters: [cluster.uid], actor, reason });
    }
    if (await isPausable(unit, name)) return this.take(unit, name, { type: 'pause', actor, reason });
    await writeWaitingPause(unit, name, { by: actor, reason });
    return [];
  }

  /** @throws RejectedError what the engine refuses, as a rollout that goes on over its budgets. */
  async lift(unit: Unit, kind: BrakeDocument['kind'], name: string, by: Braking): Promise<readonly Taken[]> {
    const { actor, reason } = by;
    if (kind === 'Hold') {
      const cluster = await unit.clusters.byName(name);
      if (!cluster || !(await unit.clusters.unhold(cluster.uid))) return [];
      return this.tell(unit, cluster, { type: 'unheld', clusters: [cluster.uid], actor, reason });
    }
    await writeWaitingPause(unit, name, null);
    // Of an application that went in the same commit nothing goes on.
    if (!(await unit.resources.get('Application', name)) || !(await isPausable(unit, name))) return [];
    return this.take(unit, name, { type: 'resume', actor, reason });
  }

  /** Every application of a cluster hears that it is held, or no more. */
  async tell(unit: Unit, cluster: StoredCluster, event: RolloutEvent): Promise<readonly Taken[]> {
    const rows = await unit.rollouts.ofCluster(cluster.uid);
    const outcomes = await this.stepper.withinAll(
      unit,
      rows.map(({ application }) => [application, event] as const),
    );
    return outcomes.map(accepted);
  }

  /** After the commit. */
  act(taken: readonly Taken[]): void {
    for (const [application, outcome] of taken) this.stepper.act(application, outcome);
  }

  private async take(unit: Unit, application: string, event: RolloutEvent): Promise<readonly Taken[]> {
    return [accepted([application, await this.stepper.within(unit, application, event)])];
  }
}

/** Why a cluster is held, or an application paused; null: it is not. */
export async function brakeReason(unit: Unit, kind: BrakeDocument['kind'], name: string): Promise<string | null> {
  if (kind === 'Hold') return (await unit.clusters.byName(name))?.hold?.reason ?? null;
  return pauseReasonOf(await unit.rollouts.header(name), await readWaitingPause(unit, name));
}

/** The same of many applications: those that are paused. */
export async function pauseReasons(unit: Unit, applications: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const headers = new Map((await unit.rollouts.headers()).map((header) => [header.application, header]));
  const waiting = await readWaitingPauses(unit, applications);
  return new Map(
    applications.flatMap((name): [string, string][] => {
      const reason = pauseReasonOf(headers.get(name) ?? null, waiting.get(name) ?? null);
      return reason === null ? [] : [[name, reason]];
    }),
  );
}

function pauseReasonOf(header: ApplicationHeader | null, waiting: WaitingPause | null): string | null {
  const rollout = header?.rollout;
  if (rollout?.state !== 'running' || rollout.kind === 'rollback') return waiting?.reason ?? null;
  const hold = rollout.holds.find(({ code }) => code === 'user');
  return hold ? (pauseReason(hold.message) ?? 'paused by a person') : null;
}

/** What is taken back is not paused by what is declared: it is the way out. */
async function isPausable(unit: Unit, application: string): Promise<boolean> {
  const rollout = (await unit.rollouts.header(application))?.rollout;
  return rollout?.state === 'running' && rollout.kind !== 'rollback';
}

function accepted([application, outcome]: Taken): Taken {
  const { refused } = outcome;
  if (refused) throw new RejectedError(refused.code, `${application}: ${refused.message}`, { status: 409 });
  return [application, outcome];
}
