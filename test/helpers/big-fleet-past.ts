import type pg from 'pg';
import { AUDIT_GENESIS, auditHash, canonicalJson, type AuditEntry } from '#domain';
import type { FleetCluster } from './big-fleet-clusters.js';

export interface PastOptions {
  readonly events: number;
  readonly audits: number;
  readonly releases: number;
  readonly rollouts: number;
}

/** What a hub of 10,000 clusters has behind it after some years. */
export const LONG_PAST: PastOptions = { events: 300_000, audits: 30_000, releases: 2_000, rollouts: 1_500 };

const APPLICATIONS = 12;
const STEP_MS = 60_000;

/**
 * The history of applications that were deleted since: of those, a hub keeps exactly releases, ended rollouts, events and the audit.
 * Before anything else is in the database, so that numbers rise with time. About 6 s.
 */
export async function putPast(
  client: pg.Client,
  clusters: readonly FleetCluster[],
  past: PastOptions,
  now: number,
): Promise<void> {
  const began = now - 30 * 86_400_000 - past.events * STEP_MS;
  await client.query('begin');
  await client.query(
    `insert into rollout_events (application, seq, at, rollout, event, message, cluster, actor)
     select 'retired-' || n % $2, n / $2 + 1, $4::bigint + n * $5::bigint, 'retired-' || n % $2 || '-' || n / ($2 * 40) + 1,
            case when n % 9 = 0 then 'failed' when n % 5 = 0 then 'held' else 'passed' end,
            'the cluster said so in the year before', case when n % 7 = 0 then null else uids[n % array_length(uids, 1) + 1] end,
            case when n % 11 = 0 then 'token:ann' end
     from generate_series(0, $1::int - 1) as n, (select $3::text[] as uids) u`,
    [past.events, APPLICATIONS, clusters.map(({ uid }) => uid), began, STEP_MS],
  );
  await client.query(
    `insert into releases (application, number, source, revision, author, subject, committed_at, overlays, spec_generation, created_at)
     select 'retired-' || n % $2, n / $2 + 1, 'fleet', md5(n::text) || '00000000', 'Ann <ann@shop.example>', 'Change ' || n,
            '2025-01-01T00:00:00Z', $5, 1, $3::bigint + n * $4::bigint
     from generate_series(0, $1::int - 1) as n`,
    [past.releases, APPLICATIONS, began, STEP_MS * 100, JSON.stringify(overlays())],
  );
  await putRollouts(client, clusters, past, began);
  await putAudits(client, past, began);
  await client.query('commit');
}

function overlays(): object {
  const overlay = { bytes: 9_000, digest: 'd'.repeat(64), objects: 12, tool: 'yaml' };
  return Object.fromEntries(['dev', 'prod', 'staging'].map((env) => [`apps/retired/${env}`, overlay]));
}

async function putRollouts(
  client: pg.Client,
  clusters: readonly FleetCluster[],
  { rollouts }: PastOptions,
  began: number,
): Promise<void> {
  const counts = {
    ...{ pending: 0, assigned: 0, progressing: 0, passed: 20, failed: 0 },
    ...{ deferred: 0, unchanged: 0, skipped: 0, removed: 0 },
  };
  const budgets = { maxConcurrency: 20, maxFailures: 1, maxUnreachable: 4 };
  const times = { ackTimeoutMs: 300_000, progressDeadlineMs: 600_000, healthyForMs: 30_000, soakMs: 0 };
  const rest = { digest: 'd'.repeat(64), phase: 'done', carried: 0, suspects: 0, unsteady: 0 };
  const wave = { name: 'all', total: 20, ...budgets, ...times, ...rest, counts, accepted: { failed: 0, deferred: 0 } };
  const bodies = Array.from({ length: rollouts }, (_, index) => {
    const [application, number] = [`retired-${index % APPLICATIONS}`, Math.floor(index / APPLICATIONS) + 1];
    const startedAt = began + index * STEP_MS * 100;
    const named = { id: `${application}-${number}`, number, kind: 'forward', release: number, state: 'succeeded' };
    const told = {
      strategy: { waves: [] },
      waves: [wave],
      wave: 1,
      holds: [],
      planDigest: 'd'.repeat(64),
      warnings: [],
    };
    const body = { ...named, ...told, startedAt, startedBy: 'system', endedAt: startedAt + STEP_MS };
    return { application, number, startedAt, body: canonicalJson(body) };
  });
  await client.query(
    `insert into rollouts (application, number, started_at, body)
     select * from unnest($1::text[], $2::int[], $3::bigint[], $4::text[])`,
    [
      bodies.map(({ application }) => application),
      bodies.map(({ number }) => number),
      bodies.map(({ startedAt }) => startedAt),
      bodies.map(({ body }) => body),
    ],
  );
  await client.query(
    `insert into archived_targets (application, number, uid, wave, position, state, body)
     select r.application, r.number, uids[(r.number * 20 + n) % array_length(uids, 1) + 1], 0, n, 'passed', '{}'
     from rollouts r, generate_series(0, 19) as n, (select $1::text[] as uids) u`,
    [clusters.map(({ uid }) => uid)],
  );
}

/** In their chain, each with the hash of the one before. */
async function putAudits(client: pg.Client, { audits }: PastOptions, began: number): Promise<void> {
  let previous = AUDIT_GENESIS;
  const { rows } = await client.query<{ hash: string }>('select hash from audit order by id desc limit 1');
  previous = rows[0]?.hash ?? previous;
  const acts = ['apply', 'rollout.start', 'rollout.pause', 'rollout.approve', 'cluster.add', 'token.create'];
  const entries = Array.from({ length: audits }, (_, index): AuditEntry & { previous: string; hash: string } => {
    const entry: AuditEntry = {
      at: began + index * STEP_MS * 10,
      actor: index % 3 === 0 ? 'system' : `token:person-${index % 17}`,
      act: acts[index % acts.length] ?? 'apply',
      object: `Application/retired-${index % APPLICATIONS}`,
      reason: 'as was agreed',
    };
    const chained = { ...entry, previous, hash: auditHash(previous, entry) };
    previous = chained.hash;
    return chained;
  });
  await client.query(
    `insert into audit (at, actor, act, object, reason, previous, hash)
     select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])`,
    (['at', 'actor', 'act', 'object', 'reason', 'previous', 'hash'] as const).map((key) =>
      entries.map((entry) => entry[key]),
    ),
  );
}
