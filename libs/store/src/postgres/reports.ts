import { type AgentReport, canonicalJson } from '#domain';
import type { ReportStore } from '#ports';
import { latestReports, reportKey } from '../latest-reports.js';
import { oneText, pageAfter, pageLimit, toPage } from '../page-cursor.js';
import { bodiesOf, bodyList } from './body-list.js';
import type { Sql } from './sql.js';

interface ReportRow {
  readonly uid: string;
  readonly at: number;
  readonly body: string;
}

const toReport = (row: ReportRow): { report: AgentReport; at: number } => ({
  report: JSON.parse(row.body) as AgentReport,
  at: row.at,
});

export function reportStore(sql: Sql): ReportStore {
  return {
    upsert: (reports, now) => sql.atomically((within) => upsertReports(within, reports, now)),
    async get(application, uid) {
      const { rows } = await sql.query<ReportRow>(
        'select uid, at, body from reports where application = $1 and uid = $2',
        [application, uid],
      );
      return rows[0] === undefined ? null : toReport(rows[0]);
    },
    async ofCluster(uid) {
      const { rows } = await sql.query<ReportRow>(
        'select uid, at, body from reports where uid = $1 order by application',
        [uid],
      );
      return rows.map(toReport);
    },
    async boots(uid) {
      const { rows } = await sql.query<{ boots: number | null }>(
        'select max(boot) as boots from reports where uid = $1',
        [uid],
      );
      return rows[0]?.boots ?? 0;
    },
    async ofApplication(application, page) {
      const limit = pageLimit(page);
      const after = pageAfter(page, oneText);
      const { rows } = await sql.query<ReportRow>(
        `select uid, at, body from reports where application = $1 and ($2::text is null or uid > $2)
         order by uid limit $3`,
        [application, after?.[0] ?? null, limit + 1],
      );
      return toPage(rows, limit, (row) => [row.uid], toReport);
    },
  };
}

/** Two statements, 500 reports about 20 ms. News is also a sign of life of its cluster. */
async function upsertReports(sql: Sql, reports: readonly AgentReport[], now: number): Promise<readonly AgentReport[]> {
  if (reports.length === 0) return [];
  const latest = latestReports(reports);
  const { rows } = await sql.query<{ application: string; uid: string }>(
    `insert into reports (application, uid, boot, seq, at, body)
     select r.application, r.uid, r.boot, r.seq, $6, r.body
     from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], ${bodiesOf('$5')}) as r(application, uid, boot, seq, body)
     order by r.application, r.uid
     on conflict (application, uid) do update
       set boot = excluded.boot, seq = excluded.seq, at = excluded.at, body = excluded.body
       where (excluded.boot, excluded.seq) > (reports.boot, reports.seq)
     returning application, uid`,
    [
      latest.map((report) => report.application),
      latest.map((report) => report.cluster),
      latest.map((report) => report.boot),
      latest.map((report) => report.seq),
      bodyList(latest.map((report) => canonicalJson(report))),
      now,
    ],
  );
  if (rows.length === 0) return [];
  await sql.query(
    `with heard as (select uid from clusters where uid = any($1::text[]) order by uid for no key update)
     update clusters c set seen_at = greatest(c.seen_at, $2) from heard h where c.uid = h.uid`,
    [rows.map((row) => row.uid), now],
  );
  const news = new Set(rows.map((row) => reportKey(row.application, row.uid)));
  return latest.filter((report) => news.has(reportKey(report.application, report.cluster)));
}
