import type { DropView, EventView, ReleaseView, RolloutView, TargetView, WaveView } from '#contract';
import {
  TARGET_STATES,
  type ApplicationHeader,
  type BundleDrop,
  type PlannedDrop,
  type Rollout,
  type TargetRow,
  type TargetState,
  type WaveProgress,
} from '#domain';
import type { ReleaseDetails, ReleaseSource, StoredEvent, StoredRelease } from '#ports';
import { gateViews, windowView } from './gate-view.js';
import { iso, isoField } from './time.js';

export function totalCounts(waves: readonly WaveProgress[]): Record<TargetState, number> {
  const totals = Object.fromEntries(TARGET_STATES.map((state) => [state, 0])) as Record<TargetState, number>;
  for (const { counts } of waves) for (const state of TARGET_STATES) totals[state] += counts[state];
  return totals;
}

/** What a rollout's view needs besides the rollout itself. */
export interface RolloutContext {
  readonly revision: string;
  readonly why: string;
  readonly holds: RolloutView['holds'];
  readonly now: number;
  /** The application's clock, where it is the present rollout. */
  readonly clock: Pick<ApplicationHeader, 'clockOffset' | 'frozenSince'> | null;
}

export function rolloutView(application: string, rollout: Rollout, more: RolloutContext): RolloutView {
  return {
    id: rollout.id,
    application,
    number: rollout.number,
    kind: rollout.kind,
    release: rollout.release,
    revision: more.revision,
    state: rollout.state,
    paused: rollout.state === 'running' && rollout.holds.length > 0,
    wave: rollout.wave,
    waves: rollout.waves.map((wave) => waveView(wave, more)),
    counts: totalCounts(rollout.waves),
    total: rollout.waves.reduce((sum, { total }) => sum + total, 0),
    holds: more.holds,
    why: more.why,
    startedAt: iso(rollout.startedAt),
    startedBy: rollout.startedBy,
    ...(rollout.reason && { reason: rollout.reason }),
    ...isoField('endedAt', rollout.endedAt),
    ...(rollout.endedBy && { endedBy: rollout.endedBy }),
    warnings: [...rollout.warnings],
    ...(rollout.planDigest && { planDigest: rollout.planDigest }),
    ...(rollout.author && { author: authorText(rollout.author) }),
    ...(rollout.hard && { hard: true }),
    ...(rollout.drops && { drops: rollout.drops.map(dropView) }),
    ...(rollout.deletionsAccepted && { deletionsAccepted: true }),
  };
}

function waveView(wave: WaveProgress, { now, clock }: RolloutContext): WaveView {
  const gates = gateViews(wave, now);
  // Rollouts that ended before there were plans have none of these.
  const { suspects = 0, unsteady = 0, accepted, givenUp } = wave as Partial<WaveProgress>;
  return {
    name: wave.name,
    phase: wave.phase,
    total: wave.total,
    counts: { ...wave.counts },
    maxConcurrency: wave.maxConcurrency,
    maxFailures: wave.maxFailures,
    maxUnreachable: wave.maxUnreachable,
    ...isoField('openedAt', wave.openedAt),
    ...isoField('doneAt', wave.doneAt),
    ...(wave.digest && { digest: wave.digest }),
    ...(gates.length > 0 && { gates }),
    ...(wave.windows && { windows: wave.windows.map(windowView) }),
    ...(wave.zones && { zones: [...wave.zones] }),
    ...(wave.soakMs > 0 && { soak: soakOf(wave, clock) }),
    ...(suspects > 0 && { suspects }),
    ...(unsteady > 0 && { unsteady }),
    ...(accepted && accepted.failed + accepted.deferred > 0 && { accepted: { ...accepted } }),
    ...(givenUp && { givenUp: { ...givenUp } }),
  };
}

/** A soak's end is in active time: under a hold nobody knows when that is. */
function soakOf(
  { soakMs, soakSince, soakUntil }: WaveProgress,
  clock: RolloutContext['clock'],
): NonNullable<WaveView['soak']> {
  const until = clock && clock.frozenSince === null && soakUntil !== undefined ? soakUntil + clock.clockOffset : null;
  return { ms: soakMs, ...isoField('since', soakSince), ...isoField('until', until) };
}

export function dropView(drop: BundleDrop & Partial<PlannedDrop>): DropView {
  const { from, to, dropped, of, objects, budget, clusters, names } = drop;
  return {
    ...{ from, to, dropped, of, objects: [...objects] },
    ...(budget !== undefined && { budget }),
    ...(clusters !== undefined && { clusters }),
    ...(names && { names: [...names] }),
  };
}

function authorText({ name, email }: { readonly name: string; readonly email: string }): string {
  return email === '' ? name : `${name} <${email}>`.trim();
}

export function targetView(row: TargetRow, waves: readonly WaveProgress[]): TargetView {
  const { assignment, desired, report } = row;
  const wanted = typeof desired === 'object' ? desired : assignment;
  return {
    cluster: row.name,
    uid: row.uid,
    wave: row.wave,
    waveName: waves[row.wave]?.name ?? '',
    state: row.state,
    ...(row.reason && { reason: row.reason }),
    ...(row.message && { message: row.message }),
    release: wanted?.release ?? null,
    overlay: wanted?.overlay ?? '',
    digest: wanted?.digest ?? '',
    generation: row.generation,
    // Until it is assigned, what it has acknowledged is what ran before.
    acked: row.acked && row.assignment?.rollout === row.rollout,
    ...(row.halted && { halted: true }),
    ...(row.accepted && { accepted: true }),
    ...(row.zone !== undefined && { zone: row.zone }),
    ...(report && {
      report: {
        generation: report.generation,
        phase: report.phase,
        steadyMs: report.steadyMs,
        breaks: report.breaks,
        at: iso(report.at),
      },
    }),
  };
}

/**
 * @param mayName whether an overlay may be told by its path, which may have a cluster's name in it.
 * @param withOverlays false: only how many they are.
 * @param isWhole whether all of the application may be told.
 */
export function releaseView(
  release: StoredRelease,
  barred: readonly number[],
  {
    mayName = () => true,
    withOverlays = true,
    isWhole = true,
  }: { mayName?: (path: string) => boolean; withOverlays?: boolean; isWhole?: boolean } = {},
): ReleaseView {
  const overlays = Object.entries(release.overlays).filter(([path]) => mayName(path));
  const { details } = release;
  return {
    application: release.application,
    release: release.number,
    source: release.source,
    revision: release.revision,
    author: release.author,
    subject: release.subject,
    committedAt: release.committedAt,
    createdAt: iso(release.createdAt),
    overlays: withOverlays ? overlays.map(([path, overlay]) => ({ path, ...overlay })) : [],
    overlayCount: overlays.length,
    ...(details && { sources: releaseSources(details) }),
    ...(details?.warnings && isWhole && { warnings: [...details.warnings] }),
    barred: barred.includes(release.number),
  };
}

/** The environments' first, in their names' order; then what all of them take. */
function releaseSources({ sources, environments = {} }: ReleaseDetails): NonNullable<ReleaseView['sources']> {
  const shown = (name: string, { revision, tag, version, signature }: ReleaseSource, environment?: string) => ({
    name,
    ...(environment !== undefined && { environment }),
    revision,
    ...(tag !== undefined && { tag }),
    ...(version !== undefined && { version }),
    ...(signature && { signature }),
  });
  const own = Object.entries(environments);
  const taken = new Set(own.map(([, { source }]) => source));
  return [
    ...own.map(([environment, { source, ...told }]) => shown(source, told, environment)),
    ...Object.entries(sources).flatMap(([name, told]) => (taken.has(name) ? [] : [shown(name, told)])),
  ];
}

export function eventView(event: StoredEvent, clusterName?: string): EventView {
  return {
    id: event.id,
    seq: event.seq,
    at: iso(event.at),
    application: event.application,
    ...(event.rollout && { rollout: event.rollout }),
    ...(event.cluster && { cluster: clusterName ?? event.cluster }),
    event: event.event,
    message: event.message,
    ...(event.actor && { actor: event.actor }),
    ...(event.reason && { reason: event.reason }),
  };
}
