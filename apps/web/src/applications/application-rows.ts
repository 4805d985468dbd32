import type { FleetView, RolloutView } from '#contract';
import type { ApplicationObject } from '../api/queries.js';
import type { Shown } from './search.js';

type InFleet = FleetView['applications'][number];

/** An application as the list shows it. */
export interface ApplicationRow {
  readonly name: string;
  readonly source: string;
  readonly strategy: string;
  readonly release: number | null;
  readonly revision?: string;
  /** Clusters by health, as the fleet tells it. */
  readonly health: Readonly<Record<string, number>>;
  readonly clusters: number;
  readonly rollout?: RolloutPart;
  /** What it waits for, in words; absent: nothing. */
  readonly waitsFor?: string;
}

export interface RolloutPart {
  readonly id: string;
  readonly state: string;
  readonly paused: boolean;
  /** Where the newest rollouts have it: clusters that are done, and all of them. */
  readonly done?: number;
  readonly total?: number;
}

/** Pure: what three answers of the hub say of each application, by name. */
export function rowsOf(
  objects: readonly ApplicationObject[],
  fleet: Pick<FleetView, 'applications'> | undefined,
  rollouts: readonly RolloutView[] = [],
): readonly ApplicationRow[] {
  const inFleet = new Map(fleet?.applications.map((each) => [each.name, each]));
  const byId = new Map(rollouts.map((each) => [each.id, each]));
  return objects.map(({ metadata: { name }, spec, status }) => {
    const found = inFleet.get(name);
    const health = found?.health ?? {};
    const running = byId.get(found?.rollout?.id ?? '');
    const rollout = found?.rollout && partOf(found.rollout, running);
    const waitsFor = waitOf(found, status, running);
    const release = status?.release ?? found?.release ?? null;
    // The hub's word is of the source's newest commit, which need not have made a release.
    const revision = running?.release === release ? running?.revision : (status?.revision ?? found?.revision);
    return {
      name,
      source: spec.source,
      strategy: spec.strategy,
      release,
      ...(revision !== undefined && { revision }),
      health,
      clusters: Object.values(health).reduce((sum, count) => sum + count, 0),
      ...(rollout && { rollout }),
      ...(waitsFor !== undefined && { waitsFor }),
    };
  });
}

function partOf(rollout: NonNullable<InFleet['rollout']>, view: RolloutView | undefined): RolloutPart {
  if (!view) return rollout;
  const { passed = 0, unchanged = 0, skipped = 0, removed = 0 } = view.counts;
  return { ...rollout, done: passed + unchanged + skipped + removed, total: view.total };
}

/** What keeps a new release from being made comes before what the rollout waits for. */
function waitOf(
  found: InFleet | undefined,
  status: ApplicationObject['status'],
  rollout: RolloutView | undefined,
): string | undefined {
  const [hold] = status?.holds ?? found?.holds ?? [];
  if (hold) return hold.message;
  if (rollout?.state === 'running') return rollout.why;
  return status?.warnings?.[0];
}

export const isFailing = ({ health }: ApplicationRow): boolean =>
  (health['failed'] ?? 0) + (health['refused'] ?? 0) > 0;
export const isRolling = ({ rollout }: ApplicationRow): boolean => rollout?.state === 'running';
export const isWaiting = ({ rollout, waitsFor }: ApplicationRow): boolean =>
  rollout?.paused === true || (waitsFor !== undefined && rollout?.state !== 'running');

const KINDS: Readonly<Record<Shown, (row: ApplicationRow) => boolean>> = {
  all: () => true,
  failing: isFailing,
  rolling: isRolling,
  waiting: isWaiting,
};

/** Those of a kind that have every word of the filter in their name, source, strategy, commit, rollout or what they wait for. */
export function chosenRows(
  rows: readonly ApplicationRow[],
  { q = '', show = 'all' }: { readonly q?: string; readonly show?: Shown },
): readonly ApplicationRow[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => KINDS[show](row) && words.every((word) => textOf(row).includes(word)));
}

/** How many there are of each kind. */
export function kindCounts(rows: readonly ApplicationRow[]): Readonly<Record<Shown, number>> {
  const count = (show: Shown): number => rows.filter(KINDS[show]).length;
  return { all: rows.length, failing: count('failing'), rolling: count('rolling'), waiting: count('waiting') };
}

function textOf({ name, source, strategy, revision = '', release, rollout, waitsFor = '' }: ApplicationRow): string {
  return [name, source, strategy, revision, `release ${release ?? ''}`, rollout?.id, rollout?.state, waitsFor]
    .join(' ')
    .toLowerCase();
}
