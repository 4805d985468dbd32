import { planWaves, type Member, type StrategySpec, type TargetRow } from '#domain';
import type { StoredCluster } from '#ports';
import type { Tried } from './dry-run-result.js';

/** A cluster that can be asked, and the bundle that it would get. */
export interface Candidate {
  readonly cluster: StoredCluster;
  readonly digest: string;
}

/** Whom of a rollout's first wave to ask, of each bundle one before another of any; and whom nobody can ask. */
export function firstWaveOf({
  application,
  strategy,
  members,
  clusters,
  rows,
}: {
  readonly application: string;
  readonly strategy: StrategySpec;
  readonly members: readonly Member[];
  readonly clusters: readonly StoredCluster[];
  readonly rows: readonly TargetRow[];
}): { readonly asked: readonly Candidate[]; readonly left: readonly Tried[] } {
  if (members.length === 0) return { asked: [], left: [] };
  const byUid = new Map(clusters.map((cluster) => [cluster.uid, cluster]));
  const rowOf = new Map(rows.map((row) => [row.uid, row]));
  const memberOf = new Map(members.map((member) => [member.uid, member]));
  const { targets } = planWaves(application, strategy, members);
  const first = targets[0]?.wave;
  const left: Tried[] = [];
  const found = targets.flatMap(({ uid, wave }): Candidate[] => {
    const [cluster, member] = [byUid.get(uid), memberOf.get(uid)];
    if (wave !== first || !cluster || !member || hadIt(rowOf.get(uid), member)) return [];
    if (cluster.online && cluster.apis !== undefined) return [{ cluster, digest: member.digest }];
    // Whoever tells what it serves can be asked this, too.
    left.push({ cluster, outcome: cluster.online ? 'unable' : 'offline' });
    return [];
  });
  const seen = new Map<string, number>();
  const turns = found.map((each) => {
    const turn = seen.get(each.digest) ?? 0;
    seen.set(each.digest, turn + 1);
    return { each, turn };
  });
  return { asked: turns.sort((a, b) => a.turn - b.turn).map(({ each }) => each), left };
}

/** Whether a cluster has had this very bundle on these terms: nothing holds up the way back to what ran. */
function hadIt(row: TargetRow | undefined, { digest, terms }: Member): boolean {
  return [row?.lastPassed, row?.previous].some((held) => held?.digest === digest && held.terms === terms);
}
