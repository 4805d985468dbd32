import pg from 'pg';
import { applicationSpecSchema, sourceSpecSchema, strategySpecSchema, toStrategySpec } from '#contract';
import { place, type JsonObject, type Member } from '#domain';
import type { StoredRelease, Unit } from '#ports';
import { openStore } from '#store';
import { everywhere, filesOf, putRelease, SHOP, type FleetApplication } from './big-fleet-applications.js';
import { fleetClusters, loseClusters, putClusters, type Fate, type FleetCluster } from './big-fleet-clusters.js';
import { LONG_PAST, putPast } from './big-fleet-past.js';
import { FleetStory } from './big-fleet-story.js';
import { TestRepository } from './test-repository.js';

/** What a hub with such a fleet is to be started with: its clusters have no agents, and nobody is to be called silent for that. */
export const BIG_FLEET_ENV: Readonly<Record<string, string>> = { FLOTILLA_HEARTBEAT: '1h' };

export interface BigFleetOptions {
  /** 10,000 unless told. */
  readonly clusters?: number;
  /** Clusters in the running rollout of `shop`; 400 unless told. */
  readonly rollout?: number;
  /** Applications that run everywhere: `platform`, `telemetry`, …; `platform` alone unless told. At 10,000 clusters each costs about 4 s more. */
  readonly everywhere?: number;
  /** Also the events, rollouts, releases and acts of some years, for measurements of lists. */
  readonly longPast?: boolean;
}

export interface BigFleet {
  readonly clusters: readonly FleetCluster[];
  /** What is declared and running: `shop` is being rolled out, the others run everywhere. */
  readonly applications: readonly string[];
  /** How many clusters are in each state of the grid. */
  readonly states: Readonly<Record<Fate, number>>;
  /** Where the sources come from: a commit here and a sync make a real release. */
  readonly repository: TestRepository;
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NAMES = ['platform', 'telemetry', 'ingress', 'policies', 'backup', 'certificates', 'mesh', 'runtime'];

/**
 * Puts a fleet with a past of ten days into a hub's database, running or not: clusters with labels and facts, applications with
 * releases and ended rollouts, trouble of every kind, and a rollout of `shop` that is in the midst of its last wave. What rollouts
 * leave is decided by the engine itself, in the hub's own steps at times of the past, and committed at once; so the hub finds what it
 * would have written. Nothing is marked to be delivered, as there are no agents. Start the hub with BIG_FLEET_ENV.
 */
export async function growBigFleet(databaseUrl: string, options: BigFleetOptions = {}): Promise<BigFleet> {
  const now = Date.now();
  const clusters = fleetClusters(options.clusters ?? 10_000, options.rollout ?? 400, now);
  const common = NAMES.slice(0, options.everywhere ?? 1).map((name, index) =>
    everywhere(name, ['agent', 'controller'].slice(index % 2)),
  );
  const applications = [...common, SHOP];
  const { repository, revisions } = await commitAll(common);
  const store = await openStore({ url: databaseUrl });
  const client = new pg.Client({ connectionString: databaseUrl });
  try {
    await client.connect();
    await putClusters(client, clusters, now);
    if (options.longPast) await putPast(client, clusters, LONG_PAST, now);
    const states = await store.transact(async (unit) => {
      const story = new FleetStory(unit, clusters, now);
      await declare(unit, repository, applications, { revision: revisions.at(-1) ?? '', now });
      const release = (application: FleetApplication, number: number, at: number): Promise<StoredRelease> =>
        putRelease(unit, application, number, { ...commitOf(number, at), revision: revisions[number - 1] ?? '' });
      const rollOut = async (application: FleetApplication, number: number, at: number): Promise<void> => {
        const made = await release(application, number, at);
        await story.start(application.name, made, startOf(application, made, clusters), at);
      };
      for (const application of applications) {
        await rollOut(application, 1, now - 10 * DAY_MS);
        await story.finish(application.name);
      }
      await rollOut(SHOP, 2, now - 5 * DAY_MS);
      await story.finish('shop');
      await story.leave(clusters.filter(({ fate }) => fate === 'leaving'));
      await story.hold(clusters.filter(({ fate }) => fate === 'held'));
      await loseClusters(client, clusters);
      const [platform] = common;
      if (platform) {
        await rollOut(platform, 2, now - 30 * HOUR_MS);
        await story.finish(platform.name);
        await story.trouble(platform.name);
      }
      await rollOut(SHOP, 3, now - 2 * HOUR_MS);
      await story.halfWay('shop');
      return story.end(platform?.name);
    });
    return {
      ...{ clusters, states, repository, applications: applications.map(({ name }) => name) },
      close: () => repository.remove(),
    };
  } catch (error) {
    await repository.remove();
    throw error;
  } finally {
    await client.end();
    await store.close();
  }
}

/** Three commits: the files of each application at its first, second and third release, as far as there is one. */
async function commitAll(
  common: readonly FleetApplication[],
): Promise<{ repository: TestRepository; revisions: readonly string[] }> {
  const at = (release: number, applications: readonly FleetApplication[]): Record<string, string> =>
    Object.assign({}, ...applications.map((application) => filesOf(application, release))) as Record<string, string>;
  const repository = await TestRepository.create(at(1, [...common, SHOP]));
  const first = await repository.git('rev-parse', 'HEAD');
  const second = await repository.commit(commitOf(2, 0).subject, at(2, [...common.slice(0, 1), SHOP]));
  const third = await repository.commit(commitOf(3, 0).subject, at(3, [SHOP]));
  return { repository, revisions: [first, second, third] };
}

function commitOf(
  release: number,
  at: number,
): Omit<StoredRelease, 'application' | 'number' | 'source' | 'revision' | 'overlays' | 'specGeneration'> {
  const authors = [
    'Noor Haddad <noor@shop.example>',
    'Imre Kovacs <imre@shop.example>',
    'Lena Fischer <lena@shop.example>',
  ];
  const subjects = ['Bring everything under one roof', 'Answer searches from memory', 'Take payments by instalments'];
  return {
    author: authors[release - 1] ?? '',
    subject: subjects[release - 1] ?? '',
    committedAt: new Date(at - 240_000).toISOString(),
    createdAt: at,
  };
}

async function declare(
  unit: Unit,
  repository: TestRepository,
  applications: readonly FleetApplication[],
  { revision, now }: { readonly revision: string; readonly now: number },
): Promise<void> {
  const at = now - 12 * DAY_MS;
  const put = async (kind: 'Source' | 'Strategy' | 'Application', name: string, spec: object): Promise<void> => {
    await unit.resources.put(kind, name, JSON.parse(JSON.stringify(spec)) as JsonObject, at);
    await unit.audit.append({ at, actor: 'token:first-admin', act: 'apply', object: `${kind}/${name}` });
  };
  const { author, subject, committedAt } = commitOf(3, now - HOUR_MS);
  await put('Source', 'fleet', sourceSpecSchema.parse({ url: repository.folder, interval: '1h' }));
  const found = { revision, author, subject, committedAt, observedGeneration: 1, holds: [] };
  await unit.resources.setStatus('Source', 'fleet', found);
  for (const { name, path, placement, strategy } of applications) {
    await put('Strategy', name, strategySpecSchema.parse(strategy));
    await put(
      'Application',
      name,
      applicationSpecSchema.parse({ source: 'fleet', path, placement, strategy: name, renderer: 'yaml' }),
    );
    const release = name === 'shop' ? 3 : name === applications[0]?.name ? 2 : 1;
    await unit.resources.setStatus('Application', name, { revision, release, warnings: [], holds: [] });
  }
}

/** Strategy and members as the hub reads them. */
function startOf(
  application: FleetApplication,
  release: StoredRelease,
  clusters: readonly FleetCluster[],
): { readonly strategy: ReturnType<typeof toStrategySpec>; readonly members: readonly Member[] } {
  const spec = applicationSpecSchema.parse({
    source: 'fleet',
    path: application.path,
    placement: application.placement,
  });
  const joined = clusters.filter(({ fate }) => fate !== 'waiting' && (release.number === 1 || fate !== 'leaving'));
  const byUid = new Map(joined.map((cluster) => [cluster.uid, cluster]));
  const { members } = place(
    { selector: spec.placement.selector ?? {}, source: spec.source, pathTemplate: spec.path },
    joined,
  );
  return {
    strategy: toStrategySpec(strategySpecSchema.parse(application.strategy)),
    members: members.flatMap(({ uid, overlay }): Member[] => {
      const cluster = byUid.get(uid);
      const digest = release.overlays[overlay]?.digest;
      if (!cluster || digest === undefined) return [];
      const { name, labels, facts } = cluster;
      return [{ uid, name, labels, facts, overlay, digest }];
    }),
  };
}
