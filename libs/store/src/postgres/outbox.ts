import type { ClusterState, TargetRow } from '#domain';
import type { DirtyCluster, OutboxStore } from '#ports';
import { MOST_AHEAD } from '../most-ahead.js';
import { markDirty } from './mark-dirty.js';
import type { Sql } from './sql.js';

interface DirtyRow {
  readonly uid: string;
  readonly counter: number;
  readonly sequence: number;
  readonly bus_revision: number;
  readonly state: ClusterState;
}

/** A cluster is claimed by a lock on its row of `manifests`; a mark is `counter > cleared` in `dirty_clusters`. */
export function outboxStore(sql: Sql): OutboxStore {
  return {
    claim: (limit) => claimDirty(sql, limit),
    /** 1,000 clusters of one application about 15 ms. */
    async assignments(uids) {
      const { rows } = await sql.query<{ uid: string; application: string; body: string }>(
        `select uid, application, body from targets where uid = any($1::text[]) and assigned order by uid, application`,
        [uids],
      );
      return rows.map(({ uid, application, body }) => ({ uid, application, row: JSON.parse(body) as TargetRow }));
    },
    /** 1,000 clusters about 25 ms. */
    async written(results) {
      if (results.length === 0) return;
      const each = [...results].sort((a, b) => (a.uid < b.uid ? -1 : 1));
      const uids = each.map((result) => result.uid);
      await sql.atomically(async (within) => {
        await within.query(
          `update manifests m set sequence = r.sequence, bus_revision = r.bus_revision
           from unnest($1::text[], $2::bigint[], $3::bigint[]) as r(uid, sequence, bus_revision) where m.uid = r.uid`,
          [uids, each.map((result) => result.sequence), each.map((result) => result.busRevision)],
        );
        // An upsert only for its order: an update from a join would lock in whatever order the plan reads.
        await within.query(
          `insert into dirty_clusters (uid, counter, cleared)
           select r.uid, r.counter, r.counter from unnest($1::text[], $2::bigint[]) as r(uid, counter)
           on conflict (uid) do update set cleared = excluded.cleared where dirty_clusters.cleared < excluded.cleared`,
          [uids, each.map((result) => result.counter)],
        );
      });
    },
    mark: (uids) => markDirty(sql, [...new Set(uids)].sort()),
    async pending() {
      const { rows } = await sql.query<{ count: number }>(
        'select count(*) as count from dirty_clusters where counter > cleared',
      );
      return rows[0]?.count ?? 0;
    },
  };
}

/**
 * Two statements, 1,000 clusters about 20 ms. The first one may see marks that another hub is just clearing; the second one,
 * under the lock, sees what is true.
 */
async function claimDirty(sql: Sql, limit: number): Promise<readonly DirtyCluster[]> {
  sql.requireTransaction('outbox.claim');
  const locked = await sql.query<{ uid: string }>(
    `select m.uid from manifests m join dirty_clusters d on d.uid = m.uid where d.counter > d.cleared
     limit $1 for update of m skip locked`,
    [limit],
  );
  if (locked.rows.length === 0) return [];
  const { rows } = await sql.query<DirtyRow>(
    // Never below what the agent said it holds: this database may have been restored from a backup.
    `select d.uid, d.counter, greatest(m.sequence, least(c.held_sequence, m.sequence + ${MOST_AHEAD})) as sequence, m.bus_revision,
            c.state
     from manifests m join dirty_clusters d on d.uid = m.uid join clusters c on c.uid = m.uid
     where d.uid = any($1::text[]) and d.counter > d.cleared order by d.uid`,
    [locked.rows.map((row) => row.uid)],
  );
  return rows.map(({ uid, state, counter, sequence, bus_revision }) => ({
    uid,
    state,
    counter,
    sequence,
    busRevision: bus_revision,
  }));
}
