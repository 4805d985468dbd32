import type { AgentReport } from '#domain';

/** The newest report of each (application, cluster) in the batch, in the batch's order. */
export function latestReports(reports: readonly AgentReport[]): readonly AgentReport[] {
  const newest = new Map<string, AgentReport>();
  for (const report of reports) {
    const key = reportKey(report.application, report.cluster);
    const other = newest.get(key);
    if (other === undefined || isNewer(report, other)) newest.set(key, report);
  }
  return reports.filter((report) => newest.get(reportKey(report.application, report.cluster)) === report);
}

export function isNewer(report: AgentReport, other: AgentReport): boolean {
  return report.boot === other.boot ? report.seq > other.seq : report.boot > other.boot;
}

/** Application names hold no space. */
export function reportKey(application: string, uid: string): string {
  return `${application} ${uid}`;
}
