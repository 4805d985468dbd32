import type { ReportPhase, TargetRow } from '#domain';

/** What the agent said of the very assignment that is in force; null: nothing yet, or of an older one. */
export function phaseInForce({ assignment, report }: TargetRow): ReportPhase | null {
  if (assignment === null || report === null) return null;
  return report.generation === assignment.generation && report.digest === assignment.digest ? report.phase : null;
}
