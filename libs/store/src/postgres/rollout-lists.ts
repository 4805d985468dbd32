import type { ApplicationHeader, Rollout, TargetRow } from '#domain';
import type { ArchivedRollout, RolloutStore } from '#ports';
import { oneNumber, pageAfter, pageLimit, timeApplicationNumber, toPage, wavePositionUid } from '../page-cursor.js';
import type { Sql } from './sql.js';

interface RolloutRow {
  readonly application: string;
  readonly number: number;
  readonly started_at: number;
  readonly body: string;
  /** The application's header, where this rollout is the one in it. */
  readonly header: string | null;
}

interface TargetListRow {
  readonly wave: number;
  readonly position: number;
  readonly uid: string;
  readonly body: string;
}

const SELECT_ROLLOUT = `select r.application, r.number, r.started_at, r.body, h.header
  from rollouts r left join application_headers h on h.application = r.application and h.rollout_number = r.number`;

function toRollout(row: RolloutRow): Rollout {
  if (row.header === null) return JSON.parse(row.body) as Rollout;
  return (JSON.parse(row.header) as ApplicationHeader).rollout ?? (JSON.parse(row.body) as Rollout);
}

const toArchived = (row: RolloutRow): ArchivedRollout => ({ application: row.application, rollout: toRollout(row) });
const toTarget = (row: TargetListRow): TargetRow => JSON.parse(row.body) as TargetRow;

/** What people ask about rollouts; each page a range of an index, 1 to 5 ms. */
export function rolloutLists(sql: Sql): Pick<RolloutStore, 'rollout' | 'list' | 'targets'> {
  const rollout = async (application: string, number: number): Promise<Rollout | null> => {
    const { rows } = await sql.query<RolloutRow>(`${SELECT_ROLLOUT} where r.application = $1 and r.number = $2`, [
      application,
      number,
    ]);
    return rows[0] === undefined ? null : toRollout(rows[0]);
  };

  return {
    rollout,
    async list(application, page) {
      const limit = pageLimit(page);
      if (application !== null) {
        const after = pageAfter(page, oneNumber);
        const { rows } = await sql.query<RolloutRow>(
          `${SELECT_ROLLOUT} where r.application = $1 and ($2::int is null or r.number < $2) order by r.number desc limit $3`,
          [application, after?.[0] ?? null, limit + 1],
        );
        return toPage(rows, limit, (row) => [row.number], toArchived);
      }
      const after = pageAfter(page, timeApplicationNumber);
      const where = after === null ? '' : 'where (r.started_at, r.application, r.number) < ($2, $3, $4)';
      const { rows } = await sql.query<RolloutRow>(
        `${SELECT_ROLLOUT} ${where} order by r.started_at desc, r.application desc, r.number desc limit $1`,
        [limit + 1, ...(after ?? [])],
      );
      return toPage(rows, limit, (row) => [row.started_at, row.application, row.number], toArchived);
    },
    async targets(application, number, page) {
      const limit = pageLimit(page);
      const after = pageAfter(page, wavePositionUid);
      const present = await rollout(application, number);
      if (present === null) return { items: [] };
      const [from, key] =
        present.state === 'running'
          ? ['targets where application = $1 and rollout = $2', present.id]
          : ['archived_targets where application = $1 and number = $2', number];
      const { rows } = await sql.query<TargetListRow>(
        `select wave, position, uid, body from ${from}
           and ($3::text is null or state = $3) and ($4::int is null or wave = $4)
           and ($5::int is null or (wave, position, uid) > ($5, $6::int, $7::text))
         order by wave, position, uid limit $8`,
        [
          application,
          key,
          page.state ?? null,
          page.wave ?? null,
          after?.[0] ?? null,
          after?.[1] ?? null,
          after?.[2] ?? null,
          limit + 1,
        ],
      );
      return toPage(rows, limit, (row) => [row.wave, row.position, row.uid], toTarget);
    },
  };
}
