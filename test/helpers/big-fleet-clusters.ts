import type pg from 'pg';
import type { Labels } from '#domain';

/** What a cluster of the fleet is to show at last; as CELL_STATES. */
export type Fate =
  'healthy' | 'progressing' | 'failed' | 'drifted' | 'held' | 'offline' | 'waiting' | 'leaving' | 'none';

export interface FleetCluster {
  readonly uid: string;
  readonly name: string;
  readonly labels: Labels;
  readonly facts: Labels;
  readonly fate: Fate;
  readonly createdAt: number;
  /** When it was heard of last, where it is offline at last. */
  readonly lostAt: number;
}

const REGIONS = [
  ...['eu-west-1', 'eu-central-1', 'eu-north-1', 'us-east-1', 'us-east-2', 'us-west-2'],
  ...['ap-south-1', 'ap-southeast-2', 'ap-northeast-1', 'sa-east-1', 'af-south-1', 'me-central-1'],
];
const VERSIONS = ['v1.33.9', 'v1.34.6', 'v1.35.2', 'v1.36.1', 'v1.36.3'];
const PROVIDERS = ['aws', 'gcp', 'azure', 'hetzner'];
const TEAMS = ['payments', 'search', 'checkout', 'data', 'edge', 'core', 'media', 'growth'];
const DAY_MS = 86_400_000;

/** One in so many; in this order, a cluster has the first that its number says. */
const FATES: readonly (readonly [Fate, oneIn: number])[] = [
  ['waiting', 199],
  ['leaving', 499],
  ['offline', 31],
  ['held', 97],
  ['failed', 71],
  ['drifted', 67],
  ['progressing', 53],
];

/**
 * `count` clusters, the same ones each time: labels region, env, tier, team and ring, facts as agents tell them, and a fate. Every
 * 40th is in the env `lab`, where no application is placed. `critical` of those that joined have the tier `critical`.
 */
export function fleetClusters(count: number, critical: number, now: number): FleetCluster[] {
  const clusters = Array.from({ length: count }, (_, index) => clusterAt(index, now));
  const placed = clusters.flatMap((cluster, index) => (isPlaced(cluster) ? [index] : []));
  for (let nth = 0; nth < Math.min(critical, placed.length); nth += 1) {
    const index = placed[Math.floor((nth * placed.length) / critical)] ?? 0;
    const cluster = clusters[index];
    if (cluster === undefined) continue;
    const ring = nth % 20 === 0 ? 'canary' : nth % 5 === 0 ? 'early' : 'rest';
    clusters[index] = { ...cluster, labels: { ...cluster.labels, tier: 'critical', ring } };
  }
  return clusters;
}

/** Whether applications run on it until the end of the story. */
export function isPlaced({ labels, fate }: FleetCluster): boolean {
  return labels['env'] !== 'lab' && fate !== 'waiting' && fate !== 'leaving';
}

function clusterAt(index: number, now: number): FleetCluster {
  const pick = <T>(values: readonly T[], salt: number): T => values[mixed(index, salt) % values.length] as T;
  const region = pick(REGIONS, 1);
  const env = index % 40 === 7 ? 'lab' : pick(['prod', 'prod', 'prod', 'prod', 'staging', 'dev'], 2);
  const version = pick(VERSIONS, 3);
  const number = String(index).padStart(5, '0');
  const createdAt = now - (20 + (mixed(index, 4) % 300)) * DAY_MS - index * 1000;
  const fate = FATES.find(([, oneIn]) => index % oneIn === oneIn - 1)?.[0] ?? 'healthy';
  return {
    uid: `01890000-0000-7000-8000-${index.toString(16).padStart(12, '0')}`,
    name: `${region}-${env}-${number}`,
    labels: { region, env, tier: pick(['standard', 'standard', 'edge'], 5), team: pick(TEAMS, 6), ring: 'rest' },
    facts: {
      'kubernetes.version': version,
      'kubernetes.minor': version.slice(1, 5),
      nodes: String(3 + (mixed(index, 7) % 40)),
      provider: pick(PROVIDERS, 8),
      region,
    },
    fate: env === 'lab' && fate !== 'waiting' && fate !== 'leaving' && fate !== 'offline' ? 'none' : fate,
    createdAt,
    lostAt: now - (1 + (mixed(index, 9) % 46)) * 3_600_000,
  };
}

/** Some bits of a number, the same each time, that look like chance. */
function mixed(index: number, salt: number): number {
  let bits = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d);
  bits = Math.imul(bits ^ (bits >>> 12), 0x297a2d39);
  return (bits ^ (bits >>> 15)) >>> 0;
}

/** All of them in two statements, as they are after they joined and told their facts: everybody is online. 10,000 about 0.5 s. */
export async function putClusters(client: pg.Client, clusters: readonly FleetCluster[], now: number): Promise<void> {
  const joined = (cluster: FleetCluster): boolean => cluster.fate !== 'waiting';
  await client.query('begin');
  await client.query(
    `insert into clusters (uid, name, labels, facts, state, public_key, agent_version, protocol, online, seen_at, held_sequence,
                           created_at, joined_at)
     select uid, name, labels::jsonb, facts::jsonb, case when joined then 'joined' else 'registered' end,
            case when joined then 'U' || upper(replace(uid, '-', '')) end, case when joined then '0.1.0' end,
            case when joined then 1 end, joined, case when joined then $7::bigint end, case when joined then 1 else 0 end,
            created_at, case when joined then created_at + 40000 end
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::bigint[])
       as c(uid, name, labels, facts, joined, created_at)`,
    [
      clusters.map(({ uid }) => uid),
      clusters.map(({ name }) => name),
      clusters.map(({ labels }) => JSON.stringify(labels)),
      clusters.map((cluster) => JSON.stringify(joined(cluster) ? cluster.facts : {})),
      clusters.map(joined),
      clusters.map(({ createdAt }) => createdAt),
      now,
    ],
  );
  await client.query('insert into manifests (uid, sequence) select unnest($1::text[]), 1', [
    clusters.map(({ uid }) => uid),
  ]);
  await client.query('commit');
}

/** Those whose fate it is are not heard of any more. */
export async function loseClusters(client: pg.Client, clusters: readonly FleetCluster[]): Promise<void> {
  const lost = clusters.filter(({ fate }) => fate === 'offline');
  await client.query(
    `update clusters c set online = false, seen_at = l.seen_at
     from unnest($1::text[], $2::bigint[]) as l(uid, seen_at) where c.uid = l.uid`,
    [lost.map(({ uid }) => uid), lost.map(({ lostAt }) => lostAt)],
  );
}
