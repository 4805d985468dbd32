import type { Hold } from '../hold.js';
import type { ApplicationHeader, BundleDrop, Freeze, Millis, Rollout, WaveProgress } from './model.js';
import { openDeferrals, openFailures } from './wave-counters.js';
import { remedies } from './why-can.js';
import { gateEvidence } from './why-gates.js';
import { deriveHolds, windowEvidence } from './why-holds.js';
import { clusters, personOf } from './why-text.js';

/** Why something waits or how it ended: one sentence first, then what stands behind it. Bounded. */
export interface Explanation {
  readonly sentence: string;
  readonly holds: readonly Hold[];
  /** Which wave, budget, gate, report, since when. At most 20. */
  readonly evidence: readonly string[];
  /** What a person can do about it, as commands. */
  readonly can: readonly string[];
}

const MAX_EVIDENCE = 20;
const MAX_OBJECTS = 5;

/**
 * Why a rollout waits, or how it ended.
 * @param header the application's, where it is its present (or last) rollout; null for an archived one.
 * @param freeze the fleet's, if there is one.
 */
export function explainRollout(
  rollout: Rollout,
  header: ApplicationHeader | null,
  now: Millis,
  freeze: Freeze | null = null,
): Explanation {
  const holds = header?.rollout?.id === rollout.id ? deriveHolds(header, now, freeze) : [];
  return {
    sentence: rollout.state === 'running' ? runningSentence(rollout, holds) : lastSentence(rollout, holds),
    holds,
    evidence: evidenceOf(rollout, now).slice(0, MAX_EVIDENCE),
    can: remedies(rollout, header, holds),
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
  if (stored.length > 0) {
    const hard = rollout.hard ? '; its agents stop before their next object' : '';
    return `${what(rollout)} is paused: ${stored.join('; ')}${hard}`;
  }
  const waits = holds.filter(({ code }) => WAITS.has(code)).map(({ message }) => message);
  const flow = holds.find(({ code }) => code === 'soak') ?? holds.find(({ code }) => code === 'inFlight');
  if (waits.length > 0) return `${what(rollout)} waits: ${[...waits, ...(flow ? [flow.message] : [])].join('; ')}`;
  if (flow) return `${what(rollout)} runs: ${flow.message}`;
  return `${what(rollout)} runs: its next step is due at once`;
}

/** What keeps a rollout from going on that nobody paused. */
const WAITS: ReadonlySet<Hold['code']> = new Set(['freeze', 'approval', 'schedule', 'webhook', 'metric', 'window']);

/** How it ended, and what of it still stands in the way: a release that was taken back does not come again by itself. */
function lastSentence(rollout: Rollout, holds: readonly Hold[]): string {
  const bars = holds.filter(({ code }) => code === 'barred').map(({ message }) => message);
  return [endedSentence(rollout), ...bars].join('; ');
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

function evidenceOf(rollout: Rollout, now: Millis): string[] {
  const drops = rollout.deletionsAccepted ? [] : (rollout.drops ?? []);
  return [
    ...drops.map(dropText),
    ...rollout.waves.flatMap((wave) => [
      ...waveEvidence(wave),
      ...windowEvidence(wave, now),
      ...gateEvidence(wave, now),
    ]),
    ...rollout.warnings,
  ];
}

/** What the deletion breaker stopped. */
function dropText({ from, to, dropped, of, objects }: BundleDrop): string {
  const named = objects.slice(0, MAX_OBJECTS);
  const more = dropped > named.length ? ` and ${dropped - named.length} more` : '';
  return `It drops ${dropped} of ${of} objects (bundle ${from.slice(0, 12)} -> ${to.slice(0, 12)}): ${named.join(', ')}${more}`;
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
    wave.unsteady > 0 ? `${wave.unsteady} passed and say progressing now` : '',
    wave.soakEndedBy === undefined ? '' : `its soak was ended early by ${personOf(wave.soakEndedBy)}`,
    wave.givenUp ? `given up by ${personOf(wave.givenUp.by)}: ${wave.givenUp.reason}` : '',
  ].filter(Boolean);
  const more = budgets.length > 0 ? ` (${budgets.join('; ')})` : '';
  return [`Wave ${wave.name} is ${wave.phase}: ${states.join(', ')} of ${wave.total}${more}`];
}
