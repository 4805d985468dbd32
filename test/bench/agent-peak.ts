import type { BenchCluster } from './bench-cluster.js';
import { round } from './percentile.js';

/** The most that is resident at once while objects are applied that are new to the cluster, and then while all of them change. */
export async function measurePeak(cluster: BenchCluster, objects: number): Promise<object> {
  const { agent } = cluster;
  await agent.start();
  const before = agent.memory();
  const installed = await cluster.install('peak', objects);
  const first = agent.memory();
  await cluster.update(installed, '2', true);
  const changed = agent.memory();
  await cluster.uninstall(installed);
  return {
    objects,
    // VmHWM since the start of the process.
    startPeakMiB: round(before.peak, 1),
    peakMiB: round(first.peak, 1),
    peakAllChangedMiB: round(changed.peak, 1),
    goalMiB: 96,
  };
}
