import {
  type ApplicationHeader,
  canonicalJson,
  type EngineCheckpoint,
  type EngineState,
  ENGINE_VERSION,
  type LogEntry,
  type LoggedStep,
  readInputs,
  type RolloutEvent,
  writeInputs,
} from '#domain';
import type { RolloutStore } from '#ports';
import { packState, unpackState } from '../packed-state.js';
import { oneNumber, pageAfter, pageLimit, toPage } from '../page-cursor.js';
import type { Sql } from './sql.js';

interface StepRow {
  readonly application: string;
  readonly step: number;
  readonly engine: number;
  readonly at: number;
  readonly rollout: string | null;
  readonly event: string;
  readonly inputs: string;
  readonly outcome: string;
}

interface CheckpointRow {
  readonly application: string;
  readonly step: number;
  readonly engine: number;
  readonly rollout: string | null;
  readonly gzipped: Buffer;
}

/** In the order of saveHeaderAndStep's parameters: rollout, engine, at, event, inputs, outcome. */
export function stepColumns(header: ApplicationHeader, step: LoggedStep, outcome: string): readonly unknown[] {
  return [
    header.rollout?.id ?? null,
    ENGINE_VERSION,
    step.now,
    canonicalJson(step.event),
    writeInputs(step.inputs),
    Buffer.from(outcome, 'hex'),
  ];
}

/** Once per rollout; 10,000 rows about 0.2 s, most of it outside of this thread. `rollout`: null where the application ends. */
export async function saveCheckpoint(sql: Sql, state: EngineState, rollout: string | null): Promise<void> {
  const { application, version } = state.header;
  await sql.query(
    'insert into engine_checkpoints (application, step, engine, rollout, gzipped) values ($1, $2, $3, $4, $5)',
    [application, version, ENGINE_VERSION, rollout, await packState(state)],
  );
}

async function toCheckpoint(row: CheckpointRow | undefined): Promise<EngineCheckpoint | null> {
  if (row === undefined) return null;
  const { application, step, engine, rollout, gzipped } = row;
  return { application, step, version: engine, rollout, ...(await unpackState(gzipped)) };
}

const toEntry = (row: StepRow): LogEntry => ({
  application: row.application,
  step: row.step,
  version: row.engine,
  at: row.at,
  rollout: row.rollout,
  event: JSON.parse(row.event) as RolloutEvent,
  inputs: readInputs(row.inputs),
  outcome: row.outcome,
});

/** Ranges of a primary key: a checkpoint of 10,000 rows about 0.2 s, a page of steps 1 to 20 ms. */
export function engineLog(sql: Sql): Pick<RolloutStore, 'checkpointOf' | 'checkpointAfter' | 'steps'> {
  return {
    async checkpointOf(rollout) {
      const { rows } = await sql.query<CheckpointRow>('select * from engine_checkpoints where rollout = $1', [rollout]);
      return toCheckpoint(rows[0]);
    },
    async checkpointAfter(application, step) {
      const { rows } = await sql.query<CheckpointRow>(
        'select * from engine_checkpoints where application = $1 and step > $2 order by step limit 1',
        [application, step],
      );
      return toCheckpoint(rows[0]);
    },
    async steps(rollout, page) {
      const limit = pageLimit(page);
      const after = pageAfter(page, oneNumber);
      const { rows } = await sql.query<StepRow>(
        `with first as (select application, step from engine_checkpoints where rollout = $1)
         select s.application, s.step, s.engine, s.at, s.rollout, s.event, s.inputs, encode(s.outcome, 'hex') as outcome
         from first f join engine_steps s
           on s.application = f.application and s.step > greatest(f.step, $2::bigint)
           and s.step <= coalesce((select min(c.step) from engine_checkpoints c
                                   where c.application = f.application and c.step > f.step), 9007199254740991)
         order by s.step limit $3`,
        [rollout, after?.[0] ?? 0, limit + 1],
      );
      return toPage(rows, limit, (row) => [row.step], toEntry);
    },
  };
}
