import type { ClusterUid } from '../cluster.js';
import { selectable } from '../selector.js';
import {
  deletionBudget,
  deletionsText,
  excessiveDrops,
  isReplacedBySame,
  pairKey,
  replacedDigest,
  type PlannedDrop,
} from './drops.js';
import { newGates } from './gate-state.js';
import type {
  ApplicationHeader,
  BundleDrop,
  GateProgress,
  HeldRelease,
  LoadedRow,
  Member,
  Millis,
  ReportPhase,
  ResolvedWave,
  Rollout,
  RolloutEvent,
  RolloutKind,
  StoredHold,
} from './model.js';
import { planDigest, waveDigest } from './plan-digest.js';
import { planWarnings, unhealthyPhase } from './plan-warnings.js';
import { planWaves } from './plan-waves.js';
import { fallback } from './row-moves.js';
import { clusterZone } from './windows.js';
import type { StrategySpec } from './strategy.js';

/** One cluster's part in a plan. */
export interface PlannedCluster {
  readonly uid: ClusterUid;
  readonly name: string;
  /** The overlay's path within the source, and the digest of its bundle in the release. */
  readonly overlay: string;
  readonly digest: string;
  /** As of HeldRelease. */
  readonly terms?: string;
  /** What it goes back to should the release be taken back; null: nothing that it ever passed. */
  readonly previous: HeldRelease | null;
  /** `new`: it has nothing of the application as far as is known; `unchanged`: it has these very bytes on these very terms. */
  readonly change: 'new' | 'changed' | 'unchanged';
  /** Absent: ready. `held`: a person holds it, so it would be put off when its turn comes. */
  readonly status?: 'offline' | 'held';
  /** What its agent says of the application now, where that is not healthy. */
  readonly healthBefore?: ReportPhase;
  /** Its time zone (IANA), where its wave has windows. */
  readonly zone?: string;
  /** How many objects of what it has are not in what it gets; absent: none, or not known. */
  readonly dropped?: number;
}

export interface PlannedWave extends ResolvedWave {
  /** What approvals of it bind to. */
  readonly digest: string;
  /** Absent: it has none. */
  readonly gates?: readonly GateProgress[];
  /** In the order in which they get their turn. */
  readonly clusters: readonly PlannedCluster[];
}

/** One distinct bundle and who shares it. */
export interface PlannedBundle {
  readonly digest: string;
  /** Overlays that render to it, sorted. */
  readonly overlays: readonly string[];
  readonly clusters: number;
  /** The first of them by name, at most 5. */
  readonly names: readonly string[];
  /** The waves that take it, in their order. */
  readonly waves: readonly string[];
}

/** What a rollout would do, before anything is assigned: plain JSON. Whatever is shown here is what `start` does. */
export interface RolloutPlan {
  readonly application: string;
  readonly release: number;
  readonly kind: Exclude<RolloutKind, 'rollback'>;
  /** What `start {plan}` and `approve {plan}` are held against: changes with the waves' digests and names. */
  readonly digest: string;
  /** How many clusters. */
  readonly total: number;
  readonly waves: readonly PlannedWave[];
  /** The most used first. */
  readonly bundles: readonly PlannedBundle[];
  /** Pairs of bundles that drop something, with whom they hit; those over the budget are in `excessive` too. */
  readonly drops: readonly PlannedDrop[];
  readonly excessive: readonly PlannedDrop[];
  /** What it would wait for from its start on: inherited from the rollout that it supersedes, or its deletions. */
  readonly holds: readonly StoredHold[];
  readonly warnings: readonly string[];
}

/** What a plan is made of: the words of a `start`. */
export type PlanRequest = Pick<
  Extract<RolloutEvent, { type: 'start' }>,
  'kind' | 'release' | 'strategy' | 'members' | 'drops'
>;

/** Names of clusters that a bundle or a drop brings along. */
const MAX_NAMES = 5;

/**
 * Pure: who would get what, when, within which budgets. It says nothing of whether the start would be refused or queued.
 * @param rows all rows of the application, as `need` of a `start` names them.
 * @param request.members not empty: that is an error, refused by `start`.
 */
export function planRollout(
  header: ApplicationHeader,
  rows: readonly LoadedRow[],
  request: PlanRequest,
  now: Millis,
): RolloutPlan {
  const { application } = header;
  const { kind, release, strategy } = request;
  const loaded = new Map(rows.map((each) => [each.row.uid, each]));
  const members = new Map(request.members.map((member) => [member.uid, member]));
  const drops = new Map((request.drops ?? []).map((drop) => [pairKey(drop.from, drop.to), drop]));
  const wavePlan = planWaves(application, strategy, request.members);
  const barred = [...header.barred, release];
  const zoneProblems = new Map<string, string[]>();
  const clustersOf = wavePlan.waves.map((): PlannedCluster[] => []);
  for (const { uid, wave } of wavePlan.targets) {
    const member = members.get(uid);
    const resolved = wavePlan.waves[wave];
    if (!member || !resolved) continue;
    clustersOf[wave]?.push(plannedCluster(member, loaded.get(uid), { barred, drops, wave: resolved, zoneProblems }));
  }
  const waves = wavePlan.waves.map((wave, index) => plannedWave(wave, clustersOf[index] ?? []));
  const plannedDrops = dropsOf(waves, loaded, drops, strategy.maxDeletions);
  const excessive = kind === 'forward' ? excessiveDrops(plannedDrops, strategy) : [];
  return {
    application,
    release,
    kind,
    digest: planDigest({ application, release, kind, waves }),
    total: members.size,
    waves,
    bundles: bundlesOf(waves),
    drops: plannedDrops,
    excessive,
    holds: holdsOf(header, release, excessive, Math.max(header.now, now)),
    warnings: [...wavePlan.warnings, ...planWarnings(waves, zoneProblems)],
  };
}

interface PlanContext {
  readonly wave: ResolvedWave;
  readonly barred: readonly number[];
  readonly drops: ReadonlyMap<string, BundleDrop>;
  /** Filled here: what is wrong with whose zone. */
  readonly zoneProblems: Map<string, string[]>;
}

function plannedCluster(member: Member, loaded: LoadedRow | undefined, context: PlanContext): PlannedCluster {
  const { uid, name, overlay, digest, terms } = member;
  const row = loaded?.row;
  const replaced = replacedDigest(row);
  const drop = replaced === null ? undefined : context.drops.get(pairKey(replaced, digest));
  const status = statusOf(member, loaded);
  const healthBefore = unhealthyPhase(row);
  return {
    ...{ uid, name, overlay, digest },
    ...(terms !== undefined && { terms }),
    previous: row ? fallback(row, context.barred) : null,
    change: replaced === null ? 'new' : isReplacedBySame(row, member) ? 'unchanged' : 'changed',
    ...(status && { status }),
    ...(healthBefore && { healthBefore }),
    ...(context.wave.windows && { zone: zoneOf(member, context.wave.windows, context.zoneProblems) }),
    ...(drop && drop.dropped > 0 && { dropped: drop.dropped }),
  };
}

function statusOf(member: Member, loaded: LoadedRow | undefined): PlannedCluster['status'] {
  if (loaded?.held ?? member.held) return 'held';
  return (loaded ? loaded.online : member.online) === false ? 'offline' : undefined;
}

/** Where the wave's windows are for this cluster; a label that is missing or wrong is said in a warning, and means UTC. */
export function zoneOf(
  member: Member,
  windows: NonNullable<ResolvedWave['windows']>,
  problems: Map<string, string[]>,
): string {
  const { zone, problem } = clusterZone(windows, selectable(member));
  if (problem === undefined) return zone;
  const names = problems.get(problem);
  if (names) names.push(member.name);
  else problems.set(problem, [member.name]);
  return zone;
}

function plannedWave(wave: ResolvedWave, clusters: readonly PlannedCluster[]): PlannedWave {
  const gates = newGates(wave);
  const zones = wave.windows && distinctZones(clusters);
  return {
    ...wave,
    ...(zones && { zones }),
    digest: waveDigest(wave, clusters),
    ...(gates && { gates }),
    clusters,
  };
}

export function distinctZones(clusters: readonly { readonly zone?: string }[]): string[] {
  return [...new Set(clusters.flatMap(({ zone }) => zone ?? []))].sort();
}

function bundlesOf(waves: readonly PlannedWave[]): PlannedBundle[] {
  const found = new Map<string, { overlays: Set<string>; names: string[]; waves: Set<string> }>();
  for (const wave of waves) {
    for (const { digest, overlay, name } of wave.clusters) {
      const bundle = found.get(digest) ?? { overlays: new Set(), names: [], waves: new Set() };
      bundle.overlays.add(overlay);
      bundle.names.push(name);
      bundle.waves.add(wave.name);
      found.set(digest, bundle);
    }
  }
  return [...found]
    .map(([digest, bundle]) => ({
      digest,
      overlays: [...bundle.overlays].sort(),
      clusters: bundle.names.length,
      names: bundle.names.sort().slice(0, MAX_NAMES),
      waves: [...bundle.waves],
    }))
    .sort((a, b) => b.clusters - a.clusters || (a.digest < b.digest ? -1 : 1));
}

function dropsOf(
  waves: readonly PlannedWave[],
  loaded: ReadonlyMap<ClusterUid, LoadedRow>,
  drops: ReadonlyMap<string, BundleDrop>,
  maxDeletions: StrategySpec['maxDeletions'],
): PlannedDrop[] {
  const hit = new Map<string, string[]>();
  for (const { uid, name, digest, dropped } of waves.flatMap(({ clusters }) => clusters)) {
    if (dropped === undefined) continue;
    const key = pairKey(replacedDigest(loaded.get(uid)?.row) ?? '', digest);
    const names = hit.get(key);
    if (names) names.push(name);
    else hit.set(key, [name]);
  }
  return [...hit].flatMap(([key, names]) => {
    const drop = drops.get(key);
    if (!drop) return [];
    const budget = deletionBudget(maxDeletions, drop.of);
    return [{ ...drop, budget, clusters: names.length, names: names.sort().slice(0, MAX_NAMES) }];
  });
}

/** What a person said of the rollout that this one takes the place of holds for it, too. */
function holdsOf(
  header: ApplicationHeader,
  release: number,
  excessive: readonly PlannedDrop[],
  now: Millis,
): StoredHold[] {
  const { rollout } = header;
  const isSuperseding = rollout?.state === 'running' && !isWaitedFor(rollout);
  const inherited = isSuperseding ? rollout.holds.filter(isInherited) : [];
  if (excessive.length === 0) return inherited;
  const since = inherited.find(({ code }) => code === 'deletions')?.since ?? now;
  const deletions = { code: 'deletions', message: deletionsText(release, excessive), since } as const;
  return [deletions, ...inherited.filter(({ code }) => code !== 'deletions')];
}

/** Whether a start waits for this running rollout to end instead of superseding it. */
export function isWaitedFor({ kind, strategy }: Rollout): boolean {
  return kind === 'rollback' || (kind === 'forward' && strategy.supersede === 'queue');
}

/** Whether a hold goes over to the rollout that supersedes. */
function isInherited({ code }: StoredHold): boolean {
  return code === 'user' || code === 'deletions';
}
