import type { EventView, ReleaseView, RolloutView, TargetView } from '#contract';
import { TARGET_STATES, type Rollout, type TargetRow, type TargetState, type WaveProgress } from '#domain';
import type { StoredEvent, StoredRelease } from '#ports';
import { iso, isoField } from './time.js';

export function totalCounts(waves: readonly WaveProgress[]): Record<TargetState, number> {
  const totals = Object.fromEntries(TARGET_STATES.map((state) => [state, 0])) as Record<TargetState, number>;
  for (const { counts } of waves) for (const state of TARGET_STATES) totals[state] += counts[state];
  return totals;
}

export function rolloutView(
  application: string,
  rollout: Rollout,
  more: { readonly revision: string; readonly why: string; readonly holds: RolloutView['holds'] },
): RolloutView {
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
    waves: rollout.waves.map((wave) => ({
      name: wave.name,
      phase: wave.phase,
      total: wave.total,
      counts: { ...wave.counts },
      maxConcurrency: wave.maxConcurrency,
      maxFailures: wave.maxFailures,
      maxUnreachable: wave.maxUnreachable,
      ...isoField('openedAt', wave.openedAt),
      ...isoField('doneAt', wave.doneAt),
    })),
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
  };
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

export function releaseView(release: StoredRelease, barred: readonly number[]): ReleaseView {
  return {
    application: release.application,
    release: release.number,
    source: release.source,
    revision: release.revision,
    author: release.author,
    subject: release.subject,
    committedAt: release.committedAt,
    createdAt: iso(release.createdAt),
    overlays: Object.entries(release.overlays).map(([path, overlay]) => ({ path, ...overlay })),
    barred: barred.includes(release.number),
  };
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
