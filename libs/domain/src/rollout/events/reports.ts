import type { Draft } from '../draft.js';
import type { ReportInput, TargetRow } from '../model.js';
import { isConcluded, isLive, isSteady, moved } from '../row-moves.js';
import { WAVE_DEFAULTS } from '../strategy.js';
import { dropMendedHolds } from '../budgets.js';
import { isUnsteady } from '../wave-counters.js';
import { goOnFrom } from './ahead.js';

/** Verdicts on what agents say: each looks at its own row and its wave's counters, and assigns nothing. */
export function takeReports(draft: Draft, reports: readonly ReportInput[]): void {
  for (const report of reports) takeReport(draft, report);
  if (draft.changed) dropMendedHolds(draft, ['noEvidence', 'unreachable']);
}

function takeReport(draft: Draft, report: ReportInput): void {
  const row = draft.row(report.uid);
  if (!row) return;
  if (report.generation > row.generation) {
    goOnFrom(draft, row, report.generation);
    return;
  }
  const { assignment } = row;
  // Older, reordered, foreign: no evidence.
  if (!assignment || report.generation !== assignment.generation || report.digest !== assignment.digest) return;

  const told = withReport(draft, row, report);
  const isPart = draft.running?.id === row.rollout;
  const judged = isPart ? judge(draft, row, told, report) : onItsOwn(draft, row, told);
  if (sameButForTime(row, judged)) return;
  draft.put(judged);
  if (isUnsteady(row) && !isUnsteady(judged)) wakeIfSoaked(draft, judged.wave);
}

/** The soak may have waited for just this cluster: it ends in this transaction, not at the next look. */
function wakeIfSoaked(draft: Draft, index: number): void {
  const wave = draft.running?.waves[index];
  if (wave?.phase !== 'soaking' || wave.unsteady > 0 || (wave.soakUntil ?? 0) > draft.active) return;
  draft.wakeNow();
}

/** The report taken down, and what it proves of the assignment, whatever rollout the cluster is a part of. */
function withReport(draft: Draft, row: TargetRow, report: ReportInput): TargetRow {
  const { generation, digest, phase, steadyMs, breaks } = report;
  const acked = row.acked || draft.rules.anyReportAcknowledges || phase === 'progressing';
  const told = { ...row, acked, report: { generation, digest, phase, steadyMs, breaks, at: draft.now } };
  const { assignment } = row;
  if (!assignment || !isSteady(told, assignment.healthyForMs)) return told;
  const { release, overlay, terms } = assignment;
  if (release === null) return { ...told, lastPassed: null };
  return { ...told, lastPassed: { release, overlay, digest, ...(terms !== undefined && { terms }) } };
}

function judge(draft: Draft, row: TargetRow, told: TargetRow, report: ReportInput): TargetRow {
  switch (row.state) {
    case 'pending':
      if (row.carried) return judgeCarried(draft, row, told);
      // A retried one that had never acknowledged does so now: it is under way, with no need of another generation.
      if (isLive(row) && !row.acked) return judgeProgress(draft, begun(draft, told), report);
      return lateStart(draft, row, told);
    case 'deferred':
      if (!isLive(row) || !told.acked) return lateStart(draft, row, told);
      if (!draft.rules.returnedTakesSlot && !isSteady(told, told.assignment?.healthyForMs ?? 0)) return told;
      return judgeProgress(draft, begun(draft, told), report);
    case 'assigned':
      return told.acked ? judgeProgress(draft, begun(draft, told), report) : told;
    case 'progressing':
      return judgeProgress(draft, told, report);
    case 'passed':
    case 'unchanged':
      return judgePassed(draft, told, report);
    case 'failed':
      return judgeFailed(draft, told);
    case 'skipped':
    case 'removed':
      return told;
  }
}

/** Back, and at work on what an earlier rollout assigned: in flight until that is over, then its turn here comes. */
function lateStart(draft: Draft, row: TargetRow, told: TargetRow): TargetRow {
  if (row.acked || !told.acked || isLive(row) || isConcluded(told) || !draft.rules.inFlightCarried) return told;
  const dueAt = draft.active + (draft.running?.waves[row.wave]?.progressDeadlineMs ?? 0);
  draft.wakeNow();
  return { ...moved(told, 'pending'), dueAt, carried: true, requeued: true };
}

/**
 * No rollout of its own runs: a cluster that comes back late applies what it was assigned. It is in flight all the same, which
 * the next rollout has to know.
 */
function onItsOwn(draft: Draft, row: TargetRow, told: TargetRow): TargetRow {
  if (isConcluded(told)) return row.carried ? settled(told) : told;
  if (row.acked || !told.acked || row.state === 'removed') return told;
  const deadline = draft.header.rollout?.waves[row.wave]?.progressDeadlineMs ?? WAVE_DEFAULTS.progressDeadlineMs;
  return { ...told, carried: true, dueAt: draft.active + deadline };
}

function settled(told: TargetRow): TargetRow {
  const { carried: _, ...rest } = told;
  return { ...rest, dueAt: null };
}

/** Acknowledged: from here on silence is the release's fault. */
function begun(draft: Draft, told: TargetRow): TargetRow {
  const wave = draft.running?.waves[told.wave];
  const dueAt = draft.active + (wave?.progressDeadlineMs ?? 0);
  draft.wakeBy(dueAt);
  return { ...moved(told, 'progressing'), dueAt };
}

function judgeProgress(draft: Draft, told: TargetRow, report: ReportInput): TargetRow {
  const healthyForMs = told.assignment?.healthyForMs ?? 0;
  if (isSteady(told, healthyForMs)) {
    draft.wakeNow();
    return moved(told, 'passed');
  }
  if (report.phase !== 'failed' && report.phase !== 'refused') return told;
  const reason = report.cause ?? (report.phase === 'refused' ? 'sync' : 'health');
  const message = report.message ?? (report.phase === 'refused' ? 'its agent refused it' : 'its agent says failed');
  draft.note('failed', `${told.name} failed: ${message}`, { cluster: told.uid });
  draft.wakeNow();
  return moved(told, 'failed', { reason, message });
}

/** Failed, after it passed: a regression once it has lasted, which a tick decides; progressing, as in a drain, is none. */
function judgePassed(draft: Draft, told: TargetRow, report: ReportInput): TargetRow {
  if (report.phase === 'failed') {
    if (told.failedSince !== undefined) return told;
    const dueAt = draft.active + (told.assignment?.healthyForMs ?? 0);
    draft.wakeBy(dueAt);
    return { ...told, failedSince: draft.now, dueAt, ...(report.message !== undefined && { message: report.message }) };
  }
  if (told.failedSince === undefined) return told;
  draft.wakeNow();
  return moved(told, told.state);
}

/** What failed may yet prove itself, and so may what was lost; only a regression stays one until a person retries it. */
function judgeFailed(draft: Draft, told: TargetRow): TargetRow {
  const sticks = told.reason === 'hold' || (told.reason === 'regressed' && draft.rules.regressionSticks);
  if (sticks || !isLive(told) || !isSteady(told, told.assignment?.healthyForMs ?? 0)) return told;
  draft.note('recovered', `${told.name} is healthy after all`, { cluster: told.uid });
  draft.wakeNow();
  return moved(told, 'passed');
}

/** In flight on a superseded rollout's assignment: however that ends, the slot is free again and its turn comes. */
function judgeCarried(draft: Draft, row: TargetRow, told: TargetRow): TargetRow {
  if (isConcluded(told)) {
    draft.wakeNow();
    return moved(told, 'pending');
  }
  if (row.acked) return told;
  const dueAt = draft.active + (draft.running?.waves[row.wave]?.progressDeadlineMs ?? 0);
  draft.wakeBy(dueAt);
  return { ...told, dueAt };
}

function sameButForTime(row: TargetRow, next: TargetRow): boolean {
  if (row.report === null || next.report === null) return false;
  return (
    row.state === next.state &&
    row.acked === next.acked &&
    row.dueAt === next.dueAt &&
    row.failedSince === next.failedSince &&
    row.carried === next.carried &&
    row.report.generation === next.report.generation &&
    row.report.digest === next.report.digest &&
    row.report.phase === next.report.phase &&
    row.report.steadyMs === next.report.steadyMs &&
    row.report.breaks === next.report.breaks
  );
}
