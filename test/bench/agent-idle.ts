import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditedRequest } from './audit-log.js';
import { AGENT_USER, type BenchCluster } from './bench-cluster.js';
import { passed, type WireBytes } from './counting-proxy.js';
import { round } from './percentile.js';

const OBJECTS = 200;
/** What follows a start: facts, reports, records, the lists of the kinds it watches. */
const SETTLED_AFTER_MS = 20_000;
const MINUTES_A_DAY = 24 * 60;
/** Headers of IPv4 and of TCP with timestamps; each piece is a packet, and each packet is acknowledged by another at worst. */
const HEADER_BYTES = 52;
/** Every 30 minutes. */
const LOOKS_A_DAY = 48;
/** A credential lives a day; it is renewed after two thirds of that, and the broker ends its connection with it. */
const RENEWALS_A_DAY = 1.5;

/** What a settled agent holds, sends and asks while nothing happens. */
export async function measureIdle(cluster: BenchCluster, minutes: number): Promise<object> {
  const { agent, audit, hub, wire } = cluster;
  const renewal = await bytesOfRenewal(cluster);
  const installed = await cluster.install('idle', OBJECTS);
  await sleep(SETTLED_AFTER_MS);
  const rssAfterApply = agent.memory().rss;
  const look = await bytesOfLook(cluster);
  await agent.stop();
  await agent.start();
  await sleep(SETTLED_AFTER_MS);
  audit.read();
  const before = wire.bytes;
  const heartbeats = hub.heartbeats.length;
  const cpu = agent.cpuSeconds();
  const rss: number[] = [];
  for (let tick = 0; tick < minutes * 6; tick += 1) {
    await sleep(10_000);
    rss.push(agent.memory().rss);
  }
  const idle = passed(before, wire.bytes);
  const cpuMsPerMinute = round(((agent.cpuSeconds() - cpu) * 1000) / minutes);
  const requests = audit.read().filter(({ user }) => user === AGENT_USER);
  const told = hub.heartbeats.length - heartbeats;
  await cluster.uninstall(installed);
  return {
    minutes,
    memory: {
      objects: OBJECTS,
      // VmRSS, of a process that found them there at its start, and of the one that applied them.
      rssMiB: round(rss.at(-1) ?? 0, 1),
      rssMostMiB: round(Math.max(...rss), 1),
      rssAfterApplyMiB: round(rssAfterApply, 1),
      goalMiB: 64,
    },
    cpuMsPerMinute,
    nats: {
      heartbeats: told,
      idle,
      look,
      renewal,
      kilobytesPerDay: kilobytesPerDay(minutes, idle, look, renewal, 0),
      withTcpKilobytesPerDay: kilobytesPerDay(minutes, idle, look, renewal, HEADER_BYTES),
      goalKilobytesPerDay: 1_000,
    },
    requests: countByVerb(requests),
  };
}

/** The idle minutes as they are, a day long; and what is too rare to be waited for, counted in as often as it comes. */
function kilobytesPerDay(
  minutes: number,
  idle: WireBytes,
  look: WireBytes,
  renewal: WireBytes,
  headerBytes: number,
): number {
  const size = ({ up, down, pieces }: WireBytes): number => up + down + pieces * 2 * headerBytes;
  const bytes = (size(idle) * MINUTES_A_DAY) / minutes + size(look) * LOOKS_A_DAY + size(renewal) * RENEWALS_A_DAY;
  return round(bytes / 1_000);
}

function countByVerb(requests: readonly AuditedRequest[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = { list: 0, get: 0, watch: 0 };
  for (const { verb } of requests) counts[verb] = (counts[verb] ?? 0) + 1;
  return counts;
}

/** A nudge that says nothing new has the agent look at its manifest, as it does by itself every half hour, and tell that it lives. */
async function bytesOfLook({ hub, wire }: BenchCluster): Promise<WireBytes> {
  const before = wire.bytes;
  const told = hub.heartbeats.length;
  await hub.publish();
  await hub.eventually(
    () => (hub.heartbeats.length > told ? true : undefined),
    () => 'no heartbeat after a look',
  );
  await sleep(1_000);
  return passed(before, wire.bytes);
}

/** The agent joins anew with a credential of some seconds: before they are over it has a new one, and then a new connection. */
async function bytesOfRenewal({ agent, hub, plane, wire }: BenchCluster): Promise<WireBytes> {
  await plane.kubectl(['delete', 'secret', 'flotilla-agent-identity', '-n', 'flotilla-system', '--ignore-not-found']);
  hub.joins.splice(0);
  const { credentialSeconds } = hub;
  hub.credentialSeconds = 20;
  await agent.start();
  hub.credentialSeconds = credentialSeconds;
  await sleep(3_000);
  const before = wire.bytes;
  await hub.eventually(
    () => (wire.bytes.connections > before.connections ? true : undefined),
    () => 'no new connection after the end of a credential',
    60_000,
  );
  await sleep(3_000);
  return passed(before, wire.bytes);
}
