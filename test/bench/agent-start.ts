import type { BenchCluster } from './bench-cluster.js';
import { percentile, round } from './percentile.js';

/** From the start of the process to its /readyz: with the join, and then again and again with 200 objects to enforce. */
export async function measureStart(cluster: BenchCluster, times: number): Promise<object> {
  const { agent } = cluster;
  const joinMs = await agent.start();
  const installed = await cluster.install('start', 200);
  const readyMs: number[] = [];
  const cpuMs: number[] = [];
  for (let turn = 0; turn < times; turn += 1) {
    await agent.stop();
    readyMs.push(await agent.start());
    cpuMs.push(agent.cpuSeconds() * 1000);
  }
  await cluster.uninstall(installed);
  return {
    joinMs: round(joinMs),
    readyMs: round(percentile(readyMs, 50)),
    readyMostMs: round(Math.max(...readyMs)),
    // All of its threads', up to then.
    cpuMs: round(percentile(cpuMs, 50)),
    goalMs: 500,
  };
}
