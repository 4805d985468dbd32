import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { schemasAnswerSchema, type SchemasAnswer, type SchemasAsk } from '#contract';
import { PROTOCOL_VERSION } from '#domain';
import type { BenchCluster } from './bench-cluster.js';
import { round } from './percentile.js';

const OBJECTS = 200;
const SETTLED_AFTER_MS = 20_000;
const ASK_TIMEOUT_MS = 30_000;
/** As the hub asks. */
const AT_ONCE = 2;

/** What an agent holds before, while and after it has told everything that its API server serves. */
export async function measureSchemas(cluster: BenchCluster): Promise<object> {
  const { agent } = cluster;
  await agent.start();
  const installed = await cluster.install('schemas', OBJECTS);
  await agent.stop();
  await agent.start();
  await sleep(SETTLED_AFTER_MS);
  const before = agent.memory();
  const cpu = agent.cpuSeconds();
  const began = performance.now();
  const { groupVersions = {} } = await ask(cluster);
  const waiting = Object.keys(groupVersions);
  let bytes = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const { document } = await ask(cluster, next);
        bytes += document?.gzipped.length ?? 0;
      }
    }),
  );
  const ms = performance.now() - began;
  const cpuMs = (agent.cpuSeconds() - cpu) * 1000;
  const after = agent.memory();
  await sleep(SETTLED_AFTER_MS);
  const settled = agent.memory();
  await cluster.uninstall(installed);
  return {
    documents: Object.keys(groupVersions).length,
    // In base64.
    answersKiB: round(bytes / 1024),
    ms: round(ms),
    cpuMs: round(cpuMs),
    rssBeforeMiB: round(before.rss, 1),
    rssAfterMiB: round(after.rss, 1),
    rssSettledMiB: round(settled.rss, 1),
    // VmHWM since the start of the process.
    peakBeforeMiB: round(before.peak, 1),
    peakMiB: round(after.peak, 1),
  };
}

async function ask({ hub }: BenchCluster, groupVersion?: string): Promise<SchemasAnswer> {
  const id = randomBytes(16).toString('hex');
  const asked: SchemasAsk = {
    ...{ protocol: PROTOCOL_VERSION, cluster: hub.cluster, id, ask: 'schemas' },
    ...(groupVersion !== undefined && { groupVersion }),
  };
  return schemasAnswerSchema.parse(await hub.sendAsk(id, hub.sign(asked), ASK_TIMEOUT_MS));
}
