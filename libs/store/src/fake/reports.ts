import type { ReportStore } from '#ports';
import { isNewer, latestReports } from '../latest-reports.js';
import { oneText } from '../page-cursor.js';
import { byKeys, kept, keyOf } from './memory.js';
import { pageOf } from './page-of.js';
import type { Run } from './session.js';

export function fakeReports(run: Run): ReportStore {
  return {
    upsert: (reports, now) =>
      run(async (session) => {
        const { tables } = session;
        const latest = latestReports(reports);
        const keys = latest.map((report) => keyOf(report.application, report.cluster)).sort();
        for (const key of keys) await session.lock(`report ${key}`);
        const news = latest.filter((report) => {
          const before = tables.reports.get(keyOf(report.application, report.cluster));
          return before === undefined || isNewer(report, before.report);
        });
        for (const report of news) {
          tables.reports.set(keyOf(report.application, report.cluster), kept({ report, at: now }));
          const cluster = tables.clusters.get(report.cluster);
          if (cluster === undefined) continue;
          tables.clusters.set(cluster.uid, kept({ ...cluster, seenAt: Math.max(cluster.seenAt ?? now, now) }));
        }
        return news;
      }),
    get: (application, uid) => run(({ tables }) => tables.reports.get(keyOf(application, uid)) ?? null),
    ofCluster: (uid) =>
      run(({ tables }) =>
        tables.reports
          .rows()
          .filter(({ report }) => report.cluster === uid)
          .sort(byKeys(({ report }) => [report.application])),
      ),
    boots: (uid) =>
      run(({ tables }) =>
        tables.reports
          .rows()
          .filter(({ report }) => report.cluster === uid)
          .reduce((most, { report }) => Math.max(most, report.boot), 0),
      ),
    ofApplication: (application, page) =>
      run(({ tables }) => {
        const own = tables.reports.rows().filter(({ report }) => report.application === application);
        return pageOf(own, page, oneText, ({ report }) => [report.cluster]);
      }),
  };
}
