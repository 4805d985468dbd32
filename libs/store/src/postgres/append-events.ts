import type { Decision } from '#domain';
import type { Sql } from './sql.js';

/** Any constant will do, as long as nothing else of ours uses it. */
export const EVENT_ORDER_LOCK = 4_710_001;

export interface EventRow {
  readonly application: string;
  readonly seq: number;
  readonly at: number;
  readonly rollout: string | null;
  readonly event: string;
  readonly message: string;
  readonly cluster: string | null;
  readonly actor: string | null;
  readonly reason: string | null;
}

/** The history of a decision; header.seq is the number of its last entry. */
export function eventsOf(application: string, { header, history }: Decision): readonly EventRow[] {
  const first = header.seq - history.length + 1;
  return history.map((entry, index) => ({
    application,
    seq: first + index,
    at: header.now,
    rollout: entry.rollout,
    event: entry.event,
    message: entry.message,
    cluster: entry.cluster ?? null,
    actor: entry.actor ?? null,
    reason: entry.reason ?? null,
  }));
}

/**
 * Whoever reads "all events above id N" must never be overtaken by a lower id that commits later. So ids are drawn under a lock
 * that lasts until the commit, and this is the transaction's last statement. Cost: one round trip, 0.2 ms for a few events.
 */
export async function appendEvents(sql: Sql, events: readonly EventRow[]): Promise<void> {
  if (events.length === 0) return;
  await sql.query(
    `with turn as materialized (select pg_advisory_xact_lock($1))
     insert into rollout_events (application, seq, at, rollout, event, message, cluster, actor, reason)
     select e.* from turn, unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
       as e(application, seq, at, rollout, event, message, cluster, actor, reason)`,
    [
      EVENT_ORDER_LOCK,
      events.map((each) => each.application),
      events.map((each) => each.seq),
      events.map((each) => each.at),
      events.map((each) => each.rollout),
      events.map((each) => each.event),
      events.map((each) => each.message),
      events.map((each) => each.cluster),
      events.map((each) => each.actor),
      events.map((each) => each.reason),
    ],
  );
}
