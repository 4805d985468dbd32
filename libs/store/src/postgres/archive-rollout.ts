import { canonicalJson } from '#domain';
import { rolloutNumberOf, type EndedRollout } from '../decision-parts.js';
import type { Sql } from './sql.js';

/**
 * Keeps an ended rollout and its targets as they are now, over an earlier archive of it: the rows themselves go on to the next
 * rollout. One statement within the database; 10,000 targets about 150 ms, once per rollout.
 */
export async function archiveRollout(sql: Sql, application: string, { id, final }: EndedRollout): Promise<void> {
  const number = rolloutNumberOf(id);
  await sql.query(
    `insert into archived_targets (application, number, uid, wave, position, state, body)
     select application, $3, uid, wave, position, state, body from targets where application = $1 and rollout = $2
     on conflict (application, number, uid) do update
       set wave = excluded.wave, position = excluded.position, state = excluded.state, body = excluded.body
       where archived_targets.body is distinct from excluded.body`,
    [application, id, number],
  );
  await sql.query(
    `insert into rollouts (application, number, started_at, body) values ($1, $2, $3, $4)
     on conflict (application, number) do update set body = excluded.body`,
    [application, number, final.startedAt, canonicalJson(final)],
  );
}
