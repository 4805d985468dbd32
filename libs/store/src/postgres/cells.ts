import type { ClusterState, Labels, ReportPhase } from '#domain';
import type { CellReading, CellStore } from '#ports';
import type { Sql } from './sql.js';

interface ClusterRow {
  readonly uid: string;
  readonly name: string;
  readonly labels: Labels;
  readonly facts: Labels;
  readonly state: ClusterState;
  readonly online: boolean;
  readonly held: boolean;
  readonly xmin: string;
}

interface ApplicationRow {
  readonly uid: string;
  readonly application: string;
  readonly phase: ReportPhase | null;
  readonly told: number | null;
  readonly runs: number;
  readonly drifted: boolean;
  readonly xmin: string;
  readonly report_xmin: string | null;
}

/**
 * What changed is found by the transaction that wrote each row, which PostgreSQL keeps anyway: no column, no index and no signal
 * that a writer could forget. That reads the pages of three tables, and so is for a few times a second at most.
 */
export function cellStore(sql: Sql): CellStore {
  return {
    async read(since): Promise<CellReading> {
      // Before what is read: whoever was still writing then is looked at again the next time.
      const { rows } = await sql.query<{ mark: string }>(
        'select pg_snapshot_xmin(pg_current_snapshot())::text as mark',
      );
      const mark = Number(rows[0]?.mark ?? 0);
      const clusters = await readClusters(sql, since);
      const applications = await readApplications(sql, since);
      return {
        mark,
        clusters: clusters.map(({ uid, name, labels, facts, state, online, held, xmin }) => ({
          ...{ uid, name, labels, facts, state, online, isHeld: held, written: whole(mark, xmin) },
        })),
        applications: applications.map(({ uid, application, phase, told, runs, drifted, xmin, report_xmin }) => ({
          ...{ uid, application, phase, told, runs, isDrifted: drifted },
          written: Math.max(whole(mark, xmin), report_xmin === null ? 0 : whole(mark, report_xmin)),
        })),
      };
    },
  };
}

/** A row bears the lower half of its transaction's number, which is less than half a turn away from any that is asked for. */
const TURN = 2 ** 32;
const newer = (table: string): string => `age(${table}.xmin) <= age($1::xid)`;
const lower = (mark: number): string => String(mark % TURN);
const whole = (near: number, xmin: string): number => near + ((Number(xmin) - (near % TURN)) | 0);

async function readClusters(sql: Sql, since: number | null): Promise<readonly ClusterRow[]> {
  const select = `select uid, name, labels, facts, state, online, hold_since is not null as held, xmin::text from clusters c`;
  const { rows } =
    since === null
      ? await sql.query<ClusterRow>(select)
      : await sql.query<ClusterRow>(`${select} where ${newer('c')}`, [lower(since)]);
  return rows;
}

/**
 * `told` says the digest of the assignment as well, where there is a word of the one in force: a row's body, which is long, is
 * taken apart only where another one runs.
 */
const APPLICATION_COLUMNS = `
  t.uid, t.application, t.phase, t.release as told, t.xmin::text, r.xmin as report_xmin,
  coalesce(case
    when t.phase is not null and r.runs = r.digest then t.release
    when r.runs = '' then 0
    else (
      select case r.runs when b.assignment->>'digest' then t.release
                         when b."lastPassed"->>'digest' then (b."lastPassed"->>'release')::int
                         when b.previous->>'digest' then (b.previous->>'release')::int end
      from json_to_record(t.body::json) as b(assignment json, "lastPassed" json, previous json))
  end, 0) as runs,
  coalesce((r.drift->>'drifted')::int > 0 or (t.phase = 'healthy' and r.runs <> r.digest), false) as drifted`;

const REPORT = 'json_to_record(p.body::json) as x(runs text, digest text, drift json)';

async function readApplications(sql: Sql, since: number | null): Promise<readonly ApplicationRow[]> {
  if (since === null) {
    const { rows } = await sql.query<ApplicationRow>(
      `select ${APPLICATION_COLUMNS}
       from targets t left join (select p.uid, p.application, p.xmin::text, x.* from reports p cross join lateral ${REPORT}) r
         on r.uid = t.uid and r.application = t.application
       where t.release is not null`,
    );
    return rows;
  }
  const { rows } = await sql.query<ApplicationRow>(
    `with changed as (
       select t.uid, t.application from targets t where ${newer('t')}
       union
       select p.uid, p.application from reports p where ${newer('p')}
     )
     select ${APPLICATION_COLUMNS}
     from changed c join targets t on t.uid = c.uid and t.application = c.application
       left join lateral (
         select p.xmin::text, x.* from reports p cross join lateral ${REPORT} where p.uid = t.uid and p.application = t.application
       ) r on true`,
    [lower(since)],
  );
  return rows;
}
