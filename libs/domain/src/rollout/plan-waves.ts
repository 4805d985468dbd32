import { sha256 } from '../canonical-json.js';
import type { ClusterUid } from '../cluster.js';
import { matchesSelector, selectable } from '../selector.js';
import { resolveCount } from './count.js';
import type { Member, ResolvedWave } from './model.js';
import { namesOf } from './names-of.js';
import type { StrategySpec, WaveSpec } from './strategy.js';

export interface PlannedTarget {
  readonly uid: ClusterUid;
  /** Index of its wave. */
  readonly wave: number;
  /** Its place in the wave's order, from 0. */
  readonly position: number;
}

export interface WavePlan {
  /** Budgets resolved to integers: they change no more. */
  readonly waves: readonly ResolvedWave[];
  readonly targets: readonly PlannedTarget[];
  readonly warnings: readonly string[];
}

/** A wave being filled. */
interface Filling {
  readonly spec: WaveSpec;
  readonly members: Member[];
}

/**
 * Who goes in which wave: the first that selects a cluster takes it, `take` by a stable hash of (application, cluster), so that
 * the same clusters go first each time; whom none selects joins the last. Members are never empty: an empty list is an error.
 */
export function planWaves(
  application: string,
  strategy: Pick<StrategySpec, 'waves'>,
  members: readonly Member[],
): WavePlan {
  const ordered = members
    .map((member) => ({ member, order: sha256(`${application}\u0000${member.uid}`), labels: selectable(member) }))
    .sort((a, b) => compare(a.order, b.order) || compare(a.member.uid, b.member.uid));
  const left = new Set(ordered);
  const fillings = strategy.waves.map((spec): Filling => {
    const selected = spec.selector
      ? ordered.filter(({ labels }) => matchesSelector(spec.selector ?? {}, labels))
      : ordered;
    // Of all that the selector matches, before earlier waves took theirs.
    const limit = spec.take === undefined ? Number.POSITIVE_INFINITY : resolveCount(spec.take, selected.length, 'take');
    const taken: Member[] = [];
    for (const each of selected) {
      if (taken.length >= limit) break;
      if (!left.delete(each)) continue;
      taken.push(each.member);
    }
    return { spec, members: taken };
  });
  const unmatched = [...left].map(({ member }) => member);
  fillings.at(-1)?.members.push(...unmatched);

  return {
    waves: fillings.map(({ spec, members: inWave }) => resolveWave(spec, inWave.length)),
    targets: fillings.flatMap(({ members: inWave }, wave) =>
      inWave.map(({ uid }, position) => ({ uid, wave, position })),
    ),
    warnings: [...emptyWaves(fillings), ...unmatchedWarning(strategy, unmatched)],
  };
}

/** A wave as it was declared, with its budgets as integers for so many clusters. */
export function resolveWave(spec: WaveSpec, total: number): ResolvedWave {
  return {
    name: spec.name,
    total,
    maxConcurrency: resolveCount(spec.maxConcurrency, total, 'concurrency'),
    maxFailures: resolveCount(spec.maxFailures, total, 'tolerance'),
    maxUnreachable: resolveCount(spec.maxUnreachable, total, 'tolerance'),
    ackTimeoutMs: spec.ackTimeoutMs,
    progressDeadlineMs: spec.progressDeadlineMs,
    healthyForMs: spec.healthyForMs,
    soakMs: spec.soakMs,
    ...(hasAny(spec.before) && { before: spec.before }),
    ...(hasAny(spec.after) && { after: spec.after }),
    ...(hasAny(spec.windows) && { windows: spec.windows }),
  };
}

function hasAny<T>(list: readonly T[] | undefined): list is readonly T[] {
  return list !== undefined && list.length > 0;
}

function emptyWaves(fillings: readonly Filling[]): string[] {
  return fillings.flatMap(({ spec, members }) => {
    if (members.length > 0) return [];
    const why = spec.selector
      ? 'its selector matches no cluster that an earlier wave left'
      : 'earlier waves took every cluster';
    return [`wave ${spec.name} has no cluster: ${why}`];
  });
}

function unmatchedWarning(strategy: Pick<StrategySpec, 'waves'>, unmatched: readonly Member[]): string[] {
  const last = strategy.waves.at(-1);
  if (unmatched.length === 0 || !last) return [];
  return [`no wave selects ${namesOf(unmatched)}: joined the last wave, ${last.name}`];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
