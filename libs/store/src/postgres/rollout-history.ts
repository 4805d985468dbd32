import type { Scope } from '#domain';
import type { RolloutStore, StoredEvent } from '#ports';
import { oneNumber, pageAfter, pageLimit, toPage } from '../page-cursor.js';
import type { EventRow } from './append-events.js';
import { boundsOf, seesPairSql } from './scopes-to-sql.js';
import { Parameters } from './selector-to-sql.js';
import type { Sql } from './sql.js';

type StoredRow = EventRow & { readonly id: number };

/** Reads an event as its engine wrote it: what it did not say is absent, not null. */
export function toEvent(row: StoredRow): StoredEvent {
  return {
    id: row.id,
    application: row.application,
    seq: row.seq,
    at: row.at,
    rollout: row.rollout,
    event: row.event,
    message: row.message,
    ...(row.cluster === null ? {} : { cluster: row.cluster }),
    ...(row.actor === null ? {} : { actor: row.actor }),
    ...(row.reason === null ? {} : { reason: row.reason }),
  };
}

/** Pages by id, newest first; a rollout's whole history and SSE's catch up, oldest first. 1 to 5 ms a page. */
export function rolloutHistory(sql: Sql): Pick<RolloutStore, 'events' | 'history' | 'eventsAfter'> {
  return {
    async events(query) {
      const limit = pageLimit(query);
      const after = pageAfter(query, oneNumber);
      const parameters = new Parameters();
      const conditions = [heldEvents(query.scopes, parameters)];
      if (query.application !== undefined) conditions.push(`e.application = ${parameters.add(query.application)}`);
      if (query.rollout !== undefined) {
        // The id begins with the application, whose events an index finds.
        conditions.push(`e.application = ${parameters.add(query.rollout.replace(/-\d+$/, ''))}`);
        conditions.push(`e.rollout = ${parameters.add(query.rollout)}`);
      }
      if (query.cluster !== undefined) conditions.push(`e.cluster = ${parameters.add(query.cluster)}`);
      if (query.actor !== undefined)
        conditions.push(`e.actor is not null and starts_with(e.actor, ${parameters.add(query.actor)})`);
      if (query.since !== undefined) conditions.push(`e.at >= ${parameters.add(query.since)}`);
      if (query.until !== undefined) conditions.push(`e.at < ${parameters.add(query.until)}`);
      if (after !== null) conditions.push(`e.id < ${parameters.add(after[0])}`);
      const { rows } = await sql.query<StoredRow>(
        `select e.* from rollout_events e where ${conditions.join(' and ')} order by e.id desc limit ${limit + 1}`,
        parameters.values,
      );
      return toPage(rows, limit, (row) => [row.id], toEvent);
    },
    async history(rollout, after, limit) {
      const { rows } = await sql.query<StoredRow>(
        'select * from rollout_events where application = $1 and rollout = $2 and seq > $3 order by seq limit $4',
        [rollout.replace(/-\d+$/, ''), rollout, after, limit],
      );
      return rows.map(toEvent);
    },
    async eventsAfter(id, limit, scopes) {
      const parameters = new Parameters();
      const { rows } = await sql.query<StoredRow>(
        `select e.* from rollout_events e where e.id > ${parameters.add(id)} and ${heldEvents(scopes, parameters)}
         order by e.id limit ${parameters.add(limit)}`,
        parameters.values,
      );
      return rows.map(toEvent);
    },
  };
}

/** An event without a cluster needs a scope without a selector. */
function heldEvents(scopes: readonly Scope[] | undefined, parameters: Parameters): string {
  const bounds = boundsOf(scopes);
  return bounds === null ? 'true' : seesPairSql(bounds, { application: 'e.application', uid: 'e.cluster' }, parameters);
}
