import { type ApplicationHeader, canonicalJson, newHeader } from '#domain';
import type { Sql } from './sql.js';

/** One row by key, 0.2 ms; waits for whoever holds it. The first time an application is locked, its header is made (three more statements). */
export async function lockHeader(sql: Sql, application: string): Promise<ApplicationHeader> {
  sql.requireTransaction('rollouts.lock');
  const found = await selectForUpdate(sql, application);
  if (found !== undefined) return found;
  const { rows } = await sql.query<{ number: number; seq: number; version: number }>(
    `select coalesce((select max(number) from rollouts where application = $1), 0) as number,
            coalesce((select max(seq) from rollout_events where application = $1), 0) as seq,
            greatest(0, (select max(step) from engine_steps where application = $1),
                     (select max(step) + 1 from engine_checkpoints where application = $1)) as version`,
    [application],
  );
  const before = rows[0] ?? { number: 0, seq: 0, version: 0 };
  const { number: rolloutNumber, seq, version } = before;
  const header = newHeader(application, { rolloutNumber, seq, version });
  // Two hubs may meet here: the second insert waits for the first one's transaction, and then the select for its end.
  await sql.query(
    `insert into application_headers (application, version, header) values ($1, $2, $3) on conflict do nothing`,
    [application, header.version, canonicalJson(header)],
  );
  return (await selectForUpdate(sql, application)) ?? header;
}

async function selectForUpdate(sql: Sql, application: string): Promise<ApplicationHeader | undefined> {
  const { rows } = await sql.query<{ header: string }>(
    'select header from application_headers where application = $1 for update',
    [application],
  );
  return rows[0] === undefined ? undefined : (JSON.parse(rows[0].header) as ApplicationHeader);
}

/** Through the partial index on wake_at, 0.3 ms; another hub's are skipped, not waited for. */
export async function lockDueHeaders(sql: Sql, now: number, limit: number): Promise<readonly string[]> {
  sql.requireTransaction('rollouts.lockDue');
  const { rows } = await sql.query<{ application: string }>(
    `select application from application_headers where wake_at <= $1
     order by wake_at, application limit $2 for update skip locked`,
    [now, limit],
  );
  return rows.map((row) => row.application);
}
