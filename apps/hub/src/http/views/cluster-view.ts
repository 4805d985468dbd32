import type { ClusterApplicationView, ClusterView } from '#contract';
import type { TargetRow } from '#domain';
import type { ClusterLeaving, StoredCluster } from '#ports';
import { isoField, iso } from './time.js';

/** Worst first: the health of a cluster is that of its worst application. */
const WORST_FIRST = ['failed', 'refused', 'unknown', 'progressing', 'healthy'] as const;

export function clusterApplicationView(application: string, row: TargetRow): ClusterApplicationView {
  const { assignment, report } = row;
  // Only a report of the generation in force says anything: an older one is about what ran before.
  const word = assignment && report && report.generation === assignment.generation ? report : null;
  return {
    application,
    health: word ? word.phase : 'unknown',
    sync: word ? (word.phase === 'healthy' && word.digest === assignment?.digest ? 'synced' : 'outOfSync') : 'unknown',
    release: assignment?.release ?? null,
    digest: assignment?.digest ?? '',
    generation: row.generation,
    state: row.state,
    ...(row.message && { message: row.message }),
    ...isoField('reportedAt', report?.at),
  };
}

/** Rows of applications that the cluster is to run: one that was withdrawn or never assigned says nothing about its health. */
function running(rows: readonly ClusterRow[]): readonly ClusterRow[] {
  return rows.filter(({ row }) => row.assignment !== null && row.assignment.release !== null);
}

export interface ClusterRow {
  readonly application: string;
  readonly row: TargetRow;
}

export function clusterHealth(rows: readonly ClusterRow[]): ClusterView['health'] {
  const healths = new Set(running(rows).map(({ application, row }) => clusterApplicationView(application, row).health));
  return WORST_FIRST.find((health) => healths.has(health)) ?? 'none';
}

export function clusterStatus(cluster: StoredCluster): ClusterView['status'] {
  if (cluster.state === 'revoked') return 'revoked';
  if (cluster.state === 'registered') return 'waiting';
  if (cluster.state === 'leaving') return 'leaving';
  return cluster.online ? 'ready' : 'offline';
}

function leavingView({ by, since, told }: ClusterLeaving): NonNullable<ClusterView['leaving']> {
  return { by, since: iso(since), ...(told !== null && { left: told.left }) };
}

/** `withApplications`: the single view, which lists them. */
export function clusterView(
  cluster: StoredCluster,
  rows: readonly ClusterRow[],
  withApplications = false,
): ClusterView {
  return {
    name: cluster.name,
    uid: cluster.uid,
    labels: cluster.labels,
    facts: cluster.facts,
    state: cluster.state,
    status: clusterStatus(cluster),
    health: clusterHealth(rows),
    ...(cluster.agentVersion && { agentVersion: cluster.agentVersion }),
    ...isoField('seenAt', cluster.seenAt),
    createdAt: iso(cluster.createdAt),
    ...isoField('joinedAt', cluster.joinedAt),
    ...(cluster.hold && {
      hold: { by: cluster.hold.by, reason: cluster.hold.reason, since: iso(cluster.hold.since) },
    }),
    ...(cluster.leaving && { leaving: leavingView(cluster.leaving) }),
    ...(withApplications && {
      ...(cluster.credential && {
        credential: { issuedAt: iso(cluster.credential.issuedAt), expiresAt: iso(cluster.credential.expiresAt) },
      }),
      applications: rows.map(({ application, row }) => clusterApplicationView(application, row)),
    }),
  };
}
