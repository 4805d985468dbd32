import type { LocalAccess } from '#contract';
import type { Logger } from '#kit';
import { SimulatedFleet } from '../simulated-fleet.js';
import { simulate } from '../simulate.js';
import { startSimulatorServer } from '../simulator-server.js';
import type { Closers } from './closers.js';
import { type DemoClusters, simulatedPlans } from './demo-clusters.js';
import type { Progress } from './progress.js';

export interface OpenClusters {
  /** Where they are kept. */
  readonly folder: string;
  readonly hub: LocalAccess;
  readonly log: Logger;
  readonly say: Progress;
  readonly closers: Closers;
}

/** Twelve clusters without Kubernetes, and a server by which they can be looked at. */
export async function openSimulatedClusters({ folder, hub, log, say, closers }: OpenClusters): Promise<DemoClusters> {
  const fleet = await SimulatedFleet.open({ folder, logger: log });
  closers.add(() => fleet.close());
  const clusters = simulatedPlans();
  const simulation = await say.step(`Starting ${clusters.length} clusters, each with its agent`, () =>
    simulate({ fleet, clusters, hub, logger: log }),
  );
  closers.add(() => simulation.stop());
  const server = await startSimulatorServer({ fleet, agents: simulation, logger: log });
  closers.add(() => server.close());
  return { count: clusters.length, about: [`The simulated clusters are at ${server.url}.`] };
}
