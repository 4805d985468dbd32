import { type ApplicationHeader, canonicalJson, type Decision, type LoggedStep, outcomeDigest } from '#domain';
import { BugError, RetryableError } from '#kit';
import { partsOf } from '../decision-parts.js';
import { eventsOf } from './append-events.js';
import { archiveRollout } from './archive-rollout.js';
import { saveCheckpoint, stepColumns } from './engine-log.js';
import { markDirty } from './mark-dirty.js';
import { saveTargets } from './save-targets.js';
import type { Sql } from './sql.js';

/** Two to four statements for a report (about 1 ms), about 0.8 s for a plan of 10,000 rows. */
export async function commitDecision(
  sql: Sql,
  application: string,
  decision: Decision,
  step?: LoggedStep,
): Promise<void> {
  if (!decision.changed) return;
  const { header } = decision;
  if (header.application !== application) {
    throw new BugError('foreign-decision', `A decision about ${header.application} was saved for ${application}.`);
  }
  await sql.atomically(async (within) => {
    const { ended, lastRows, rows, dirty } = partsOf(decision);
    const bodies = new Map(decision.rows.map((row) => [row.uid, canonicalJson(row)]));
    const text = canonicalJson(header);
    if (step === undefined) await saveHeader(within, header, text);
    else await saveHeaderAndStep(within, header, text, step, outcomeDigest(text, bodies));
    await saveTargets(within, application, lastRows, bodies);
    for (const rollout of ended) await archiveRollout(within, application, rollout);
    await saveTargets(within, application, rows, bodies);
    await markDirty(within, dirty);
    if (decision.history.length > 0) {
      within.appendEvents(eventsOf(application, decision));
      within.signal('event');
    }
    if (header.wakeAt !== null) within.signal('wake');
  });
}

const SAVE_HEADER = `update application_headers set version = $2::bigint, wake_at = $3::bigint, rollout_number = $4::int, header = $5
  where application = $1 and version = $2::bigint - 1`;

function headerColumns(header: ApplicationHeader, text: string): readonly unknown[] {
  return [header.application, header.version, header.wakeAt, header.rollout?.number ?? null, text];
}

async function saveHeader(sql: Sql, header: ApplicationHeader, text: string): Promise<void> {
  const { count } = await sql.query(SAVE_HEADER, headerColumns(header, text));
  if (count !== 1) throw versionConflict(header.application);
  await listRollout(sql, header);
}

/** The log costs no round trip: what is appended goes with the header. */
async function saveHeaderAndStep(
  sql: Sql,
  header: ApplicationHeader,
  text: string,
  step: LoggedStep,
  outcome: string,
): Promise<void> {
  const { rows } = await sql.query<{ saved: boolean; known: boolean }>(
    `with saved as (${SAVE_HEADER} returning application),
     logged as (
       insert into engine_steps (application, step, rollout, engine, at, event, inputs, outcome)
       select application, $2::bigint, $6::text, $7::int, $8::bigint, $9::text, $10::text, $11::bytea from saved
     )
     select exists (select from saved) as saved,
            exists (select from rollouts where application = $1 and number = $4::int) as known`,
    [...headerColumns(header, text), ...stepColumns(header, step, outcome)],
  );
  const [found] = rows;
  if (found?.saved !== true) throw versionConflict(header.application);
  if (header.rollout === null || found.known) return;
  if (step.before === undefined) {
    throw new BugError('no-checkpoint', `${header.rollout.id} begins, and the state before it was not handed in.`);
  }
  await saveCheckpoint(sql, step.before, header.rollout.id);
  await listRollout(sql, header);
}

/** Its place in the list of rollouts; while it is the header's, the header says how it stands. */
async function listRollout(sql: Sql, { application, rollout }: ApplicationHeader): Promise<void> {
  if (rollout === null) return;
  await sql.query(
    `insert into rollouts (application, number, started_at, body) values ($1, $2, $3, $4) on conflict do nothing`,
    [application, rollout.number, rollout.startedAt, canonicalJson(rollout)],
  );
}

function versionConflict(application: string): RetryableError {
  return new RetryableError(
    'version-conflict',
    `Another hub changed the rollout of ${application} meanwhile: try again.`,
  );
}
