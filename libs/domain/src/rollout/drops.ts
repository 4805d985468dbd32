import { resolveCount } from './count.js';
import type { BundleDrop, HeldRelease, TargetRow } from './model.js';
import { firstOf } from './names-of.js';
import type { Count, StrategySpec } from './strategy.js';

/** A percentage of a small bundle would be nothing: so many objects may always go. */
const LEAST_DELETIONS = 3;
/** Most pairs of bundles that a rollout keeps. */
const MAX_PAIRS = 20;

/** How many of a bundle's `of` objects a release may drop without being asked. */
export function deletionBudget(maxDeletions: Count, of: number): number {
  const budget = resolveCount(maxDeletions, of, 'tolerance');
  return typeof maxDeletions === 'number' ? budget : Math.max(LEAST_DELETIONS, budget);
}

/** More than the budget, or all of it: whole removals always ask. */
export function isOverBudget({ dropped, of }: BundleDrop, maxDeletions: Count): boolean {
  return dropped > 0 && (dropped >= of || dropped > deletionBudget(maxDeletions, of));
}

/**
 * The digest of the bundle that a cluster has now, as far as is known: what a release would replace, and what its drops are
 * counted from. Null: it has none, or nothing is known of it.
 */
export function replacedDigest(row: TargetRow | undefined): string | null {
  if (!row) return null;
  const { assignment, acked, report, lastPassed } = row;
  // What its agent refused never got there, and what it has not acknowledged is not there yet.
  const isRefused = report?.phase === 'refused';
  if (acked && assignment && !isRefused) return assignment.release === null ? null : assignment.digest;
  return (isRefused ? lastPassed?.digest : (report ?? lastPassed)?.digest) || null;
}

/** Whether a cluster has this very bundle on these very terms, as far as is known. */
export function isReplacedBySame(
  row: TargetRow | undefined,
  { digest, terms }: Pick<HeldRelease, 'digest' | 'terms'>,
): boolean {
  if (!row || replacedDigest(row) !== digest) return false;
  const { assignment, acked, lastPassed } = row;
  return (acked && assignment ? assignment : lastPassed)?.terms === terms;
}

/** A pair of bundles as a key. */
export function pairKey(from: string, to: string): string {
  return `${from} ${to}`;
}

/** A drop with whom it hits. */
export interface PlannedDrop extends BundleDrop {
  /** How many of its objects may go without being asked. */
  readonly budget: number;
  /** How many clusters go from that bundle to that one, and the names of the first. */
  readonly clusters: number;
  readonly names: readonly string[];
}

/** Those over the budget, the worst first; bounded, for they are kept with the rollout. */
export function excessiveDrops(
  drops: readonly PlannedDrop[],
  strategy: Pick<StrategySpec, 'maxDeletions'>,
): PlannedDrop[] {
  return drops
    .filter((drop) => isOverBudget(drop, strategy.maxDeletions))
    .sort(
      (a, b) =>
        b.dropped - a.dropped || b.clusters - a.clusters || (pairKey(a.from, a.to) < pairKey(b.from, b.to) ? -1 : 1),
    )
    .slice(0, MAX_PAIRS);
}

/** Why the rollout holds: the counts, the clusters, the first objects. @param excessive not empty. */
export function deletionsText(release: number, excessive: readonly PlannedDrop[]): string {
  const [worst] = excessive;
  if (!worst) return '';
  const clusters = excessive.reduce((sum, drop) => sum + drop.clusters, 0);
  const names = [...new Set(excessive.flatMap((drop) => drop.names))];
  const all = worst.dropped >= worst.of ? ', which is everything' : '';
  const may = `${worst.budget} may go unasked`;
  return (
    `release ${release} deletes ${worst.dropped} of ${worst.of} objects${all}, ${may}, on ${firstOf(names, clusters)}: ` +
    firstOf(worst.objects, worst.dropped)
  );
}
