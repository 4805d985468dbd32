import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditedRequest } from './audit-log.js';
import { AGENT_USER, type BenchCluster } from './bench-cluster.js';
import { round } from './percentile.js';

/** What one changed object costs where few objects are installed, and where many are. */
export async function measureGrowth(cluster: BenchCluster, sizes: readonly number[]): Promise<object> {
  const { agent, audit } = cluster;
  const figures: object[] = [];
  for (const objects of sizes) {
    await agent.start();
    const installed = await cluster.install('growth', objects);
    await sleep(3_000);
    audit.read();
    const cpu = agent.cpuSeconds();
    await cluster.update(installed, '2');
    // What it records after its report.
    await sleep(2_000);
    const requests = audit.read().filter(({ user }) => user === AGENT_USER);
    const cpuMs = round((agent.cpuSeconds() - cpu) * 1000);
    figures.push({ objects, requests: requests.length, asked: requests.map(titleOf), cpuMs });
    await cluster.uninstall(installed);
  }
  return { changed: 1, figures };
}

function titleOf({ verb, resource, name, isDryRun }: AuditedRequest): string {
  return `${verb}${isDryRun ? ' dry-run' : ''} ${resource}/${name}`;
}
