import { formatDuration } from '../duration.js';
import type { Hold } from '../hold.js';
import { isFrozen, isInWindow } from './may-assign.js';
import type { ApplicationHeader, Freeze, Millis, Rollout, TargetRow, WaveProgress } from './model.js';
import { isOpened } from './wave-counters.js';
import type { Explanation } from './why.js';
import { gateHolds } from './why-gates.js';
import { freezeHold } from './why-holds.js';
import { ago, localTime, personOf } from './why-text.js';
import { nextOpening } from './windows.js';

/** A person's hold of a cluster. */
export interface HeldBy {
  readonly by: string;
  readonly reason: string;
  readonly since: Millis;
}

export interface ClusterPart {
  readonly application: string;
  readonly row: TargetRow;
  readonly header: ApplicationHeader | null;
  readonly online: boolean;
  /** Its last heartbeat or report, hub's clock. */
  readonly seenAt: Millis | null;
  /** Who holds the cluster, if a person does. */
  readonly held?: HeldBy | null;
  /** The fleet's, if there is one. */
  readonly freeze?: Freeze | null;
}

/** The row's part in the application's present (or last) rollout. */
interface Part {
  readonly rollout: Rollout | null;
  readonly wave: WaveProgress | undefined;
  readonly holds: readonly Hold[];
}

/** What one application does, or waits for, on one cluster. */
export function explainCluster(part: ClusterPart, now: Millis): Explanation {
  const { application, row, header } = part;
  const rollout = header?.rollout?.id === row.rollout ? header.rollout : null;
  const wave = rollout?.waves[row.wave];
  const holds = holdsOf(part, rollout, wave, now);
  const sentence = `${application} on ${row.name}: ${stateText(row, { rollout, wave, holds }, now)}`;
  return { sentence, holds, evidence: clusterEvidence(row, now), can: clusterRemedies(part, rollout, holds) };
}

function holdsOf(part: ClusterPart, rollout: Rollout | null, wave: WaveProgress | undefined, now: Millis): Hold[] {
  const { row, online, seenAt, held, freeze } = part;
  const holds: Hold[] = [];
  if (!online) {
    const since = seenAt ?? row.report?.at ?? now;
    const message = `${row.name} has not been heard of for ${formatDuration(now - since)}`;
    holds.push({ code: 'offline', message, since });
  }
  if (held) {
    const message = `${personOf(held.by)} holds ${row.name}: ${held.reason}`;
    holds.push({ code: 'clusterHold', message, since: held.since });
  }
  if (rollout?.state !== 'running' || row.state !== 'pending') return holds;
  holds.push(...rollout.holds);
  if (isFrozen(rollout.kind, freeze, now)) holds.push(freezeHold(freeze, now));
  if (wave && row.wave === rollout.wave && wave.phase === 'gateBefore') holds.push(...gateHolds(wave, now));
  if (wave && !isInWindow(wave, row.zone, now)) holds.push(windowHold(wave, row, rollout, now));
  return holds;
}

function windowHold(wave: WaveProgress, row: TargetRow, rollout: Rollout, now: Millis): Hold {
  const zone = row.zone ?? 'UTC';
  const opening = nextOpening(wave.windows ?? [], zone, now);
  const opens =
    opening === null
      ? 'none ever opens'
      : `the next opens at ${localTime(opening, zone)}, in ${formatDuration(opening - now)}`;
  const message = `no window of wave ${wave.name} is open for it: it is ${localTime(now, zone)} now, ${opens}`;
  const since = wave.openedAt ?? rollout.startedAt;
  return { code: 'window', message, since, ...(opening !== null && { clearsAt: opening }) };
}

function stateText(row: TargetRow, part: Part, now: Millis): string {
  const because = row.message === undefined ? '' : `: ${row.message}`;
  switch (row.state) {
    case 'pending':
      return pendingText(row, part);
    case 'assigned':
      return `release ${releaseText(row)} is assigned and not acknowledged yet${haltText(row)}`;
    case 'progressing':
      return `release ${releaseText(row)} is being applied and must be healthy for ${formatDuration(row.assignment?.healthyForMs ?? 0)}${haltText(row)}`;
    case 'passed':
      if (row.failedSince !== undefined)
        return `passed release ${releaseText(row)}, but its agent has said failed for ${formatDuration(now - row.failedSince)}${because}`;
      if (row.report?.phase === 'progressing')
        return `passed release ${releaseText(row)}, but its agent's last word is progressing`;
      return `passed release ${releaseText(row)}`;
    case 'unchanged':
      return `release ${releaseText(row)} changes nothing here, and it is healthy`;
    case 'failed':
      return `failed (${row.reason ?? 'unknown'})${because}`;
    case 'deferred':
      if (row.reason !== 'hold') return `put off as unreachable${because}`;
      return `put off: ${holdText(part) ?? row.message ?? 'a person holds the cluster'}`;
    case 'skipped':
      return `skipped${because}`;
    case 'removed':
      return `removed${because}`;
  }
}

function holdText({ holds }: Part): string | undefined {
  return holds.find(({ code }) => code === 'clusterHold')?.message;
}

function haltText({ halted }: TargetRow): string {
  return halted ? '; the rollout is paused hard: its agent stops before its next object' : '';
}

function pendingText(row: TargetRow, part: Part): string {
  const { rollout, wave, holds } = part;
  if (rollout?.state !== 'running') return 'its turn never came';
  if (row.carried) return `it is still in flight on an earlier assignment; its turn comes next${haltText(row)}`;
  if (rollout.holds.length > 0)
    return `waits, because the rollout is paused: ${rollout.holds.map(({ message }) => message).join('; ')}`;
  if (wave && !isOpened(wave) && row.wave > rollout.wave)
    return `waits for wave ${wave.name} to open; wave ${rollout.waves[rollout.wave]?.name ?? ''} is not done`;
  const waits = holds.filter(({ code }) => code !== 'offline');
  if (waits.length > 0) return `waits: ${waits.map(({ message }) => message).join('; ')}`;
  return `waits for a slot in wave ${wave?.name ?? ''}, ${wave?.maxConcurrency ?? 0} may be in flight at once`;
}

function releaseText({ assignment, desired }: TargetRow): string {
  const release = assignment?.release ?? (typeof desired === 'object' ? desired.release : null);
  return release === null ? '(withdrawn)' : String(release);
}

function clusterEvidence(row: TargetRow, now: Millis): string[] {
  const { assignment, acked, report, lastPassed, healthBefore, zone } = row;
  const lines: string[] = [];
  if (assignment) {
    const told = assignment.release === null ? 'to withdraw' : `release ${assignment.release}`;
    lines.push(
      `Assigned: ${told}, generation ${assignment.generation}, ${acked ? 'acknowledged' : 'not acknowledged'}`,
    );
  }
  if (report) {
    const steady = report.phase === 'healthy' ? `, healthy for ${formatDuration(report.steadyMs)} then` : '';
    lines.push(`Last report: ${report.phase} at generation ${report.generation}, ${ago(report.at, now)}${steady}`);
  }
  if (lastPassed) lines.push(`Last release that it passed: ${lastPassed.release}`);
  if (healthBefore !== undefined)
    lines.push(`Not healthy before this rollout already: its agent said ${healthBefore} when it was planned`);
  if (zone !== undefined) lines.push(`Time zone of its windows: ${zone}, where it is ${localTime(now, zone)}`);
  return lines;
}

function clusterRemedies(
  { application, row, held }: ClusterPart,
  rollout: Rollout | null,
  holds: readonly Hold[],
): string[] {
  const can: string[] = held ? [`flotilla cluster unhold ${row.name}`] : [];
  if (rollout?.state !== 'running') return can;
  const retry = `flotilla rollout retry ${application} --cluster ${row.name}`;
  const skip = `flotilla rollout skip ${application} --cluster ${row.name} --reason WHY`;
  if (holds.some(({ code }) => code === 'approval')) can.push(`flotilla rollout approve ${application}`);
  if (holds.some(({ code }) => code === 'schedule')) can.push(`flotilla rollout promote ${application}`);
  if (holds.some(({ code }) => code === 'freeze')) can.push('flotilla unfreeze');
  switch (row.state) {
    case 'failed':
    case 'deferred':
      // Nothing is tried on a cluster that a person holds.
      return held ? [...can, skip] : [...can, retry, skip];
    case 'pending':
    case 'assigned':
    case 'progressing':
      return [...can, skip];
    case 'skipped':
      return held ? can : [...can, retry];
    case 'passed':
    case 'unchanged':
    case 'removed':
      return can;
  }
}
