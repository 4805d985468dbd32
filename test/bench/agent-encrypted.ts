import { setTimeout as sleep } from 'node:timers/promises';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import type { BenchCluster } from './bench-cluster.js';
import { round } from './percentile.js';
import { sealSecrets } from './seal-secrets.js';

const OBJECTS = 200;
const SETTLED_AFTER_MS = 20_000;
const KEYS = 'flotilla-sops-age';
const SYSTEM = 'flotilla-system';

/** What encrypted Secrets, each of a file of its own, take of the agent beside an application that has none. */
export async function measureEncrypted(cluster: BenchCluster, secrets: number): Promise<object> {
  const { agent, hub, plane } = cluster;
  const identity = await generateIdentity();
  await plane.kubectl(['-n', SYSTEM, 'create', 'secret', 'generic', KEYS, `--from-literal=keys.txt=${identity}`]);
  await agent.start();
  const plain = await cluster.install('plain', OBJECTS);
  await sleep(SETTLED_AFTER_MS);
  const before = agent.memory();
  const { name: namespace } = await cluster.namespace('encrypted');
  const objects = await sealSecrets(secrets, await identityToRecipient(identity));
  const [cpu, began] = [agent.cpuSeconds(), performance.now()];
  const { generation } = await hub.assign('encrypted', objects, { namespace });
  await cluster.healthy('encrypted', generation);
  const healthyMs = performance.now() - began;
  const cpuSeconds = agent.cpuSeconds() - cpu;
  await sleep(SETTLED_AFTER_MS);
  const after = agent.memory();
  await agent.stop();
  await agent.start();
  await sleep(SETTLED_AFTER_MS);
  const started = agent.memory();
  await cluster.uninstall({ application: 'encrypted', namespace, objects: secrets });
  await cluster.uninstall(plain);
  await plane.kubectl(['-n', SYSTEM, 'delete', 'secret', KEYS]);
  return {
    ...{ objects: OBJECTS, secrets },
    // VmRSS some seconds after each was applied, and of a process that found all of them there; VmHWM since its start.
    beforeMiB: round(before.rss, 1),
    afterMiB: round(after.rss, 1),
    peakMiB: round(after.peak, 1),
    foundMiB: round(started.rss, 1),
    foundPeakMiB: round(started.peak, 1),
    healthyMs: round(healthyMs),
    cpuMs: round(cpuSeconds * 1000),
  };
}
