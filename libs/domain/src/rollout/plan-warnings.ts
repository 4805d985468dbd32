import type { ReportPhase, TargetRow } from './model.js';
import { firstOf, namesOf } from './names-of.js';
import type { PlannedCluster, PlannedWave } from './plan.js';

/** Digits of a bundle's digest that a sentence shows. */
const SHORT = 12;

/** What its agent says of the application, where it has it and that is not healthy. */
export function unhealthyPhase(row: TargetRow | undefined): ReportPhase | undefined {
  if (typeof row?.assignment?.release !== 'number') return undefined;
  const phase = row.report?.phase;
  return phase === 'healthy' ? undefined : phase;
}

/** As much of a planned wave as warnings look at. */
type Warned = Pick<PlannedWave, 'name'> & {
  readonly clusters: readonly Pick<
    PlannedCluster,
    'name' | 'overlay' | 'digest' | 'change' | 'status' | 'healthBefore'
  >[];
};

/** What a person should know before it starts; none of it stops the start. */
export function planWarnings(waves: readonly Warned[], zoneProblems: ReadonlyMap<string, readonly string[]>): string[] {
  const clusters = waves.flatMap((wave) => wave.clusters);
  // Objects that were unhealthy before must not be taken for the release's doing.
  const unhealthy = clusters.filter(({ healthBefore }) => healthBefore !== undefined);
  const held = clusters.filter(({ status }) => status === 'held');
  return [
    ...(unhealthy.length > 0 ? [`not healthy before: ${namesOf(unhealthy)}`] : []),
    ...(held.length > 0 ? [`held by a person, and put off when their turn comes: ${namesOf(held)}`] : []),
    ...untested(waves),
    ...[...zoneProblems].map(
      ([problem, names]) => `the windows of ${firstOf([...names].sort(), names.length)} are taken in UTC: ${problem}`,
    ),
  ];
}

/** Bundles that a later wave takes and no cluster before it does: the earlier waves say nothing of them. */
function untested(waves: readonly Warned[]): string[] {
  const tested = new Set<string>();
  const warnings: string[] = [];
  for (const { name, clusters } of waves) {
    const isFirst = tested.size === 0;
    const fresh = new Map<string, Warned['clusters'][number][]>();
    for (const cluster of clusters) {
      // Who has these very bytes tries nothing.
      if (isFirst || tested.has(cluster.digest) || cluster.change === 'unchanged') continue;
      const takers = fresh.get(cluster.digest);
      if (takers) takers.push(cluster);
      else fresh.set(cluster.digest, [cluster]);
    }
    for (const { digest } of clusters) tested.add(digest);
    if (fresh.size > 0) warnings.push(untestedText(name, fresh));
  }
  return warnings;
}

function untestedText(wave: string, fresh: ReadonlyMap<string, Warned['clusters']>): string {
  const bundles = [...fresh].map(
    ([digest, clusters]) => `${digest.slice(0, SHORT)} (overlay ${clusters[0]?.overlay ?? ''}: ${namesOf(clusters)})`,
  );
  const what = bundles.length === 1 ? 'this bundle' : `these ${bundles.length} bundles`;
  return `no earlier wave tests ${what} of wave ${wave}: ${firstOf(bundles, bundles.length)}`;
}
