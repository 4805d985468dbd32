import { formatDuration } from '../duration.js';
import type { Hold } from '../hold.js';
import { activeTime } from './need.js';
import type { ApplicationHeader, Millis, Rollout, TargetRow, WaveProgress } from './model.js';
import { inFlight, openDeferrals, openFailures } from './wave-counters.js';

/** Why something waits or how it ended: one sentence first, then what stands behind it. Bounded. */
export interface Explanation {
  readonly sentence: string;
  readonly holds: readonly Hold[];
  /** Which wave, budget, report, since when. At most 20. */
  readonly evidence: readonly string[];
  /** What a person can do about it, as commands. */
  readonly can: readonly string[];
}

const MAX_EVIDENCE = 20;

/**
 * Everything that the present rollout waits for: its stored holds, which stop assignment, then what only explains (in flight,
 * soak, queued, barred).
 */
export function deriveHolds(header: ApplicationHeader, now: Millis): readonly Hold[] {
  const { rollout } = header;
  const holds: Hold[] = [];
  if (rollout?.state === 'running') holds.push(...rollout.holds, ...waitsOf(rollout, header, now));
  if (header.queued) {
    const { release, since } = header.queued;
    holds.push({ code: 'queued', message: `release ${release} waits for rollout ${rollout?.id ?? ''} to end`, since });
  }
  if (rollout?.kind === 'rollback' && header.barred.includes(rollout.release)) {
    holds.push({
      code: 'barred',
      message: `release ${rollout.release} was rolled back and is barred until it is lifted`,
      since: rollout.startedAt,
    });
  }
  return holds;
}

function waitsOf(rollout: Rollout, header: ApplicationHeader, now: Millis): Hold[] {
  const index = waitingWave(rollout);
  const wave = rollout.waves[index];
  if (!wave) return [];
  const since = wave.openedAt ?? rollout.startedAt;
  const holds: Hold[] = [];
  const flying = inFlight(wave);
  if (flying > 0) {
    const message = `${clusters(flying)} of wave ${wave.name} ${flying === 1 ? 'is' : 'are'} in flight, ${wave.maxConcurrency} may be at once`;
    holds.push({ code: 'inFlight', message, since });
  }
  if (wave.phase === 'soaking') holds.push(soakHold(wave, header, now));
  if (wave.counts.deferred > 0 && rollout.holds.length === 0) {
    const message = `${clusters(wave.counts.deferred)} of wave ${wave.name} cannot be reached, ${wave.maxUnreachable} may`;
    holds.push({ code: 'deferred', message, since });
  }
  return holds;
}

/** The first wave that is not over: the open one, or an earlier one with somebody who was retried or came back. */
function waitingWave(rollout: Rollout): number {
  const early = rollout.waves.findIndex(
    (wave, index) => index < rollout.wave && (inFlight(wave) > 0 || wave.counts.pending > 0),
  );
  return rollout.waves[rollout.wave] === undefined ? early : rollout.wave;
}

function soakHold(wave: WaveProgress, header: ApplicationHeader, now: Millis): Hold {
  const until = wave.soakUntil ?? 0;
  const left = until - activeTime(header, now);
  const since = wave.soakSince ?? now;
  if (header.frozenSince !== null) {
    return {
      code: 'soak',
      message: `wave ${wave.name} soaks, ${formatDuration(Math.max(0, left))} of it are left once the hold is gone`,
      since,
    };
  }
  const message =
    left > 0
      ? `wave ${wave.name} soaks for another ${formatDuration(left)}: all of its clusters must stay healthy`
      : `wave ${wave.name} has soaked and waits for a sign of life of each of its clusters`;
  return { code: 'soak', message, since, ...(left > 0 && { clearsAt: until + header.clockOffset }) };
}

/**
 * Why a rollout waits, or how it ended.
 * @param header the application's, where it is its present (or last) rollout; null for an archived one.
 */
export function explainRollout(rollout: Rollout, header: ApplicationHeader | null, now: Millis): Explanation {
  const holds = header?.rollout?.id === rollout.id ? deriveHolds(header, now) : [];
  return {
    sentence: rollout.state === 'running' ? runningSentence(rollout, holds) : endedSentence(rollout),
    holds,
    evidence: [...rollout.waves.flatMap(waveEvidence), ...rollout.warnings].slice(0, MAX_EVIDENCE),
    can: remedies(rollout, header),
  };
}

function what(rollout: Rollout): string {
  switch (rollout.kind) {
    case 'forward':
      return `Rollout ${rollout.id} of release ${rollout.release}`;
    case 'rollback':
      return `Rollback ${rollout.id} of release ${rollout.release}`;
    case 'catchUp':
      return `Catch-up ${rollout.id} with release ${rollout.release}`;
  }
}

function runningSentence(rollout: Rollout, holds: readonly Hold[]): string {
  const stored = rollout.holds.map(({ message }) => message);
  if (rollout.takeBack) return `${what(rollout)} is about to be rolled back: ${stored.join('; ')}`;
  if (stored.length > 0) return `${what(rollout)} is paused: ${stored.join('; ')}`;
  const wait = holds.find(({ code }) => code === 'soak') ?? holds.find(({ code }) => code === 'inFlight');
  if (wait) return `${what(rollout)} runs: ${wait.message}`;
  return `${what(rollout)} runs: its next step is due at once`;
}

function endedSentence(rollout: Rollout): string {
  const counts = total(rollout);
  const by = rollout.endedBy === undefined ? '' : ` by ${rollout.endedBy}`;
  switch (rollout.state) {
    case 'running':
    case 'succeeded':
      return `${what(rollout)} succeeded: ${clusters(counts.passed + counts.unchanged)} passed`;
    case 'succeededWithExceptions': {
      const others = (['failed', 'deferred', 'skipped'] as const).filter((state) => counts[state] > 0);
      const list = others.map((state) => `${counts[state]} ${state}`).join(', ');
      return `${what(rollout)} ended with exceptions: ${clusters(counts.passed + counts.unchanged)} passed, ${list}`;
    }
    case 'superseded':
      return `${what(rollout)} was superseded${by}`;
    case 'rolledBack':
      return `${what(rollout)} was rolled back${by}`;
    case 'cancelled':
      return `${what(rollout)} was cancelled`;
  }
}

function total(rollout: Rollout): Record<'passed' | 'unchanged' | 'failed' | 'deferred' | 'skipped', number> {
  const sum = { passed: 0, unchanged: 0, failed: 0, deferred: 0, skipped: 0 };
  for (const { counts } of rollout.waves) {
    for (const state of ['passed', 'unchanged', 'failed', 'deferred', 'skipped'] as const) sum[state] += counts[state];
  }
  return sum;
}

function waveEvidence(wave: WaveProgress): string[] {
  if (wave.phase === 'pending' || wave.total === 0) return [];
  const states = Object.entries(wave.counts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`);
  const budgets = [
    openFailures(wave) > 0 ? `${openFailures(wave)} failed, ${wave.maxFailures} may` : '',
    openDeferrals(wave) > 0 ? `${openDeferrals(wave)} unreachable, ${wave.maxUnreachable} may` : '',
    wave.suspects > 0 ? `${wave.suspects} say failed, not yet for long enough` : '',
  ].filter(Boolean);
  const more = budgets.length > 0 ? ` (${budgets.join('; ')})` : '';
  return [`Wave ${wave.name} is ${wave.phase}: ${states.join(', ')} of ${wave.total}${more}`];
}

function remedies(rollout: Rollout, header: ApplicationHeader | null): string[] {
  const of = header?.application ?? rollout.id;
  const command = (verb: string): string => `flotilla rollout ${verb} ${of}`;
  if (header === null) return [];
  if (rollout.state !== 'running') {
    if (rollout.kind === 'rollback')
      return header.barred.includes(rollout.release) ? [`${command('lift')} ${rollout.release}`] : [];
    return [command('rollback')];
  }
  const codes = new Set(rollout.holds.map(({ code }) => code));
  const can: string[] = [];
  const isOver = codes.has('failures') || codes.has('unreachable');
  if (codes.has('user') && !isOver && !codes.has('noEvidence')) can.push(command('resume'));
  if (isOver || codes.has('noEvidence')) can.push(command('retry'));
  if (isOver && !codes.has('noEvidence')) can.push(`${command('resume')} --accept`);
  if (codes.has('noEvidence')) can.push(`${command('skip')} --cluster NAME --reason WHY`);
  if (codes.size === 0) can.push(command('pause'));
  if (rollout.kind !== 'rollback') can.push(command('rollback'));
  return [...can, command('cancel')];
}

export interface ClusterPart {
  readonly application: string;
  readonly row: TargetRow;
  readonly header: ApplicationHeader | null;
  readonly online: boolean;
  /** Its last heartbeat or report, hub's clock. */
  readonly seenAt: Millis | null;
}

/** What one application does, or waits for, on one cluster. */
export function explainCluster({ application, row, header, online, seenAt }: ClusterPart, now: Millis): Explanation {
  const rollout = header?.rollout?.id === row.rollout ? header.rollout : null;
  const wave = rollout?.waves[row.wave];
  const holds: Hold[] = [];
  if (!online) {
    const since = seenAt ?? row.report?.at ?? now;
    holds.push({
      code: 'offline',
      message: `${row.name} has not been heard of for ${formatDuration(now - since)}`,
      since,
    });
  }
  if (rollout?.state === 'running' && row.state === 'pending') holds.push(...rollout.holds);
  const sentence = `${application} on ${row.name}: ${stateText(row, rollout, wave)}`;
  return { sentence, holds, evidence: clusterEvidence(row, now), can: clusterRemedies(row, rollout, application) };
}

function stateText(row: TargetRow, rollout: Rollout | null, wave: WaveProgress | undefined): string {
  const because = row.message === undefined ? '' : `: ${row.message}`;
  const isRunning = rollout?.state === 'running';
  switch (row.state) {
    case 'pending':
      if (!isRunning || !rollout) return 'its turn never came';
      if (row.carried) return 'it is still in flight on an earlier assignment; its turn comes next';
      if (rollout.holds.length > 0)
        return `waits, because the rollout is paused: ${rollout.holds.map(({ message }) => message).join('; ')}`;
      if (wave?.phase === 'pending')
        return `waits for wave ${wave.name} to open; wave ${rollout.waves[rollout.wave]?.name ?? ''} is not done`;
      return `waits for a slot in wave ${wave?.name ?? ''}, ${wave?.maxConcurrency ?? 0} may be in flight at once`;
    case 'assigned':
      return `release ${releaseText(row)} is assigned and not acknowledged yet`;
    case 'progressing':
      return `release ${releaseText(row)} is being applied and must be healthy for ${formatDuration(row.assignment?.healthyForMs ?? 0)}`;
    case 'passed':
      if (row.failedSince !== undefined)
        return `passed release ${releaseText(row)}, but its agent says failed now${because}`;
      return `passed release ${releaseText(row)}`;
    case 'unchanged':
      return `release ${releaseText(row)} changes nothing here, and it is healthy`;
    case 'failed':
      return `failed (${row.reason ?? 'unknown'})${because}`;
    case 'deferred':
      return `put off as unreachable${because}`;
    case 'skipped':
      return `skipped${because}`;
    case 'removed':
      return `removed${because}`;
  }
}

function releaseText({ assignment, desired }: TargetRow): string {
  const release = assignment?.release ?? (typeof desired === 'object' ? desired.release : null);
  return release === null ? '(withdrawn)' : String(release);
}

function clusterEvidence({ assignment, acked, report, lastPassed }: TargetRow, now: Millis): string[] {
  const lines: string[] = [];
  if (assignment) {
    const told = assignment.release === null ? 'to withdraw' : `release ${assignment.release}`;
    lines.push(
      `Assigned: ${told}, generation ${assignment.generation}, ${acked ? 'acknowledged' : 'not acknowledged'}`,
    );
  }
  if (report) {
    const steady = report.phase === 'healthy' ? `, healthy for ${formatDuration(report.steadyMs)} then` : '';
    lines.push(
      `Last report: ${report.phase} at generation ${report.generation}, ${formatDuration(now - report.at)} ago${steady}`,
    );
  }
  if (lastPassed) lines.push(`Last release that it passed: ${lastPassed.release}`);
  return lines;
}

function clusterRemedies(row: TargetRow, rollout: Rollout | null, application: string): string[] {
  if (rollout?.state !== 'running') return [];
  const retry = `flotilla rollout retry ${application} --cluster ${row.name}`;
  const skip = `flotilla rollout skip ${application} --cluster ${row.name} --reason WHY`;
  if (row.state === 'failed' || row.state === 'deferred') return [retry, skip];
  if (row.state === 'pending' || row.state === 'assigned' || row.state === 'progressing') return [skip];
  return row.state === 'skipped' ? [retry] : [];
}

function clusters(count: number): string {
  return `${count} ${count === 1 ? 'cluster' : 'clusters'}`;
}
