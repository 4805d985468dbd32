import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetView, RolloutView } from '#contract';
import { RejectedError } from '#kit';
import { Herd } from '../helpers/herd.js';
import type { OutsideBroker } from '../helpers/outside-broker.js';
import type { BenchHub } from './bench-hub.js';
import { type BenchRepository, declareApplication, makeBenchRepository } from './bench-repository.js';
import { say, stopwatch } from './machine.js';
import { percentile, round } from './percentile.js';
import { cpuSeconds, rssMiB } from './process-figures.js';

const APPLICATION = 'storm';
const WITHIN_MS = 15 * 60_000;
const LOOK_EVERY_MS = 100;

/** Everything is counted from the moment at which the bus was killed until every agent is current; CPU in seconds. */
export interface StormFigures {
  readonly downMs: number;
  /** Since the bus takes connections again. */
  readonly connectedP50Ms: number;
  readonly connectedP99Ms: number;
  readonly allConnectedMs: number;
  /** Every agent holds what the hub wants of it, and the hub has heard so. */
  readonly allCurrentMs: number;
  readonly logins: number;
  readonly manifestReads: number;
  readonly bundleFetches: number;
  /** Most bundles whose fetch began within one second. */
  readonly mostFetchesInASecond: number;
  readonly reports: number;
  readonly heartbeats: number;
  readonly hubCpuSeconds: number;
  readonly databaseCpuSeconds: number;
  readonly busCpuSeconds: number;
  readonly agentsCpuSeconds: number;
  readonly hubRssMiB: number;
  readonly busRssMiB: number;
}

export interface StormsFigures {
  readonly agents: number;
  /** The fleet's first coming: registered, joined, connected, one cluster after the other placed. */
  readonly fleetJoinedMs: number;
  readonly fleetJoinedHubCpuSeconds: number;
  readonly nothingNew: StormFigures;
  readonly newRelease: StormFigures;
}

interface Scene {
  readonly hub: BenchHub;
  readonly broker: OutsideBroker;
  readonly herd: Herd;
  readonly agents: number;
  readonly repository: BenchRepository;
}

/** A fleet's bus is killed: once with nothing new, once with a release that goes out to all the moment that it is back. */
export async function measureStorms(
  hub: BenchHub,
  broker: OutsideBroker,
  { folder, agents, downMs }: { readonly folder: string; readonly agents: number; readonly downMs: number },
): Promise<StormsFigures> {
  const repository = await makeBenchRepository(folder, APPLICATION);
  await hub.api.post('/api/v1/apply', declareApplication(APPLICATION, repository.url, { bench: 'storm' }));
  const began = performance.now();
  const before = hub.figures();
  const herd = await Herd.start({
    hub: hub.access,
    clusters: Array.from({ length: agents }, (_, number) => ({ name: `storm-${number}`, labels: { bench: 'storm' } })),
    onJoined: (joined) => (joined % 500 === 0 ? say(`${joined} agents`) : undefined),
  });
  try {
    const fleetJoinedMs = round(performance.now() - began);
    const fleetJoinedHubCpuSeconds = round(hub.figures().hubCpuSeconds - before.hubCpuSeconds, 1);
    const scene: Scene = { hub, broker, herd, agents, repository };
    await isCurrent(scene, 1);
    say('the first release is everywhere; the bus is killed');
    const nothingNew = await storm(scene, downMs, null);
    say(JSON.stringify(nothingNew));
    // The broker's write-ahead and the hub's own clearing up are of the first one.
    await sleep(5_000);
    const newRelease = await storm(scene, downMs, 2);
    say(JSON.stringify(newRelease));
    return { agents, fleetJoinedMs, fleetJoinedHubCpuSeconds, nothingNew, newRelease };
  } finally {
    await herd.stop();
  }
}

async function storm(scene: Scene, downMs: number, release: number | null): Promise<StormFigures> {
  const { hub, broker, herd, agents } = scene;
  const before = hub.figures();
  const agentsBefore = stopwatch();
  herd.count();
  await broker.kill();
  const killed = performance.now();
  if (release !== null) await scene.repository.push(release);
  await until(async () => herd.connected === 0, 'every agent noticed');
  await sleep(Math.max(0, downMs - (performance.now() - killed)));
  await broker.begin();
  const begun = performance.now();
  if (release !== null) await hub.api.post(`/api/v1/sources/${APPLICATION}/sync`);
  await until(async () => herd.connected === agents, 'every agent is connected');
  const allConnectedMs = performance.now() - begun;
  await until(
    async () => herd.tally().every((each) => each.manifests.length > 0 && each.reports.length > 0),
    'every agent has looked and told',
  );
  await isCurrent(scene, release ?? 1);
  const allCurrentMs = performance.now() - begun;
  const tallies = herd.tally();
  const sum = (of: (each: (typeof tallies)[number]) => number): number =>
    tallies.reduce((total, each) => total + of(each), 0);
  const connected = tallies.map(({ reconnects }) => (reconnects[0] ?? Number.NaN) - begun);
  const after = hub.figures();
  return {
    downMs: round(begun - killed),
    connectedP50Ms: round(percentile(connected, 50)),
    connectedP99Ms: round(percentile(connected, 99)),
    allConnectedMs: round(allConnectedMs),
    allCurrentMs: round(allCurrentMs),
    logins: sum(({ waits }) => waits.length),
    manifestReads: sum(({ manifests }) => manifests.length),
    bundleFetches: sum(({ bundles }) => bundles.length),
    mostFetchesInASecond: mostInASecond(tallies.flatMap(({ bundles }) => bundles.map(({ at }) => at))),
    reports: sum(({ reports }) => reports.length),
    heartbeats: sum(({ heartbeats }) => heartbeats),
    hubCpuSeconds: round(after.hubCpuSeconds - before.hubCpuSeconds, 2),
    databaseCpuSeconds: round(after.databaseCpuSeconds - before.databaseCpuSeconds, 2),
    busCpuSeconds: round(cpuSeconds(broker.pid), 2),
    agentsCpuSeconds: round(agentsBefore().cpuMs / 1000, 2),
    hubRssMiB: round(after.hubRssMiB),
    busRssMiB: round(rssMiB(broker.pid)),
  };
}

/** The release is in every cluster, by what a client of the API sees. */
async function isCurrent({ hub, herd, agents }: Scene, release: number): Promise<void> {
  await until(async () => {
    const [rollout, fleet] = await Promise.all([
      hub.api.get<RolloutView>(`/api/v1/rollouts/${APPLICATION}`),
      hub.api.get<FleetView>('/api/v1/fleet'),
    ]);
    const told = fleet.applications.find(({ name }) => name === APPLICATION)?.health['healthy'];
    return rollout.release === release && rollout.state === 'succeeded' && told === agents && herd.connected === agents;
  }, `release ${release} is in every cluster`);
}

async function until(is: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + WITHIN_MS;
  while (!(await is().catch(() => false))) {
    if (performance.now() > end) throw new RejectedError('bench', `not within ${WITHIN_MS} ms: ${what}`);
    await sleep(LOOK_EVERY_MS);
  }
}

function mostInASecond(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  let most = 0;
  for (let from = 0, to = 0; to < sorted.length; to += 1) {
    while ((sorted[to] ?? 0) - (sorted[from] ?? 0) >= 1000) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}
