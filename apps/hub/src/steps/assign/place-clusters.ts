import type { ApplicationSpec } from '#contract';
import { place, type Member, type Overlay, type TargetRow } from '#domain';
import type { StoredCluster } from '#ports';
import type { RenderedOverlay } from '../render/known-overlay.js';
import type { OverlayError } from '../render/render-overlays.js';
import { Blocked } from './inputs.js';
import { placementOf, type ChartFacts } from './placement-of.js';

/** A cluster that takes the application, and what it takes of it. */
export interface Placed {
  readonly cluster: StoredCluster;
  /** The overlay's name. */
  readonly overlay: string;
  readonly inputs: Overlay;
}

/** Who takes the application, and who can't. */
export interface Placing {
  readonly placed: readonly Placed[];
  /** Clusters that are left out for want of a label or an overlay: an error is never a deletion. */
  readonly unplaced: Set<string>;
  /** Why they are. */
  readonly warnings: string[];
  /** The application's, by cluster. */
  readonly rows: ReadonlyMap<string, TargetRow>;
}

/** @throws Blocked where nobody takes it, or one that runs it can't be told an overlay. */
export function placeClusters(
  spec: ApplicationSpec,
  chart: ChartFacts,
  clusters: readonly StoredCluster[],
  rows: ReadonlyMap<string, TargetRow>,
): Placing {
  const byUid = new Map(clusters.map((cluster) => [cluster.uid, cluster]));
  const { members, errors } = place(placementOf(spec, chart), clusters);
  const unplaced = new Set<string>();
  const warnings: string[] = [];
  for (const { uid, name, message } of errors) {
    if (holdsSomething(rows.get(uid)))
      throw new Blocked('placement', `Cluster "${name}" runs this application, but ${message}`);
    unplaced.add(uid);
    warnings.push(`Cluster "${name}" is left out: ${message}`);
  }
  const placed = members.flatMap(({ uid, overlay, inputs }) => {
    const cluster = byUid.get(uid);
    return cluster ? [{ cluster, overlay, inputs }] : [];
  });
  if (placed.length === 0) {
    const none = 'No joined cluster matches spec.placement: register one, or mend the selector';
    throw new Blocked('placement', warnings[0] ?? none);
  }
  return { placed, unplaced, warnings, rows };
}

/** The overlays that clusters take, each once, in the order of their names. */
export function overlaysOf(placed: readonly Placed[]): ReadonlyMap<string, Overlay> {
  return new Map(
    placed.map(({ overlay, inputs }): [string, Overlay] => [overlay, inputs]).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/**
 * Those whose overlay rendered. One that fails is left out only where nothing runs of it yet, and only when it is not there at all.
 * @throws Blocked for any other one.
 */
export function membersOf(
  placing: Placing,
  placed: readonly Placed[],
  rendered: { readonly overlays: Readonly<Record<string, RenderedOverlay>>; readonly errors: readonly OverlayError[] },
): readonly Member[] {
  const { rows } = placing;
  for (const error of rendered.errors) {
    const users = placed.filter(({ overlay }) => overlay === error.path).map(({ cluster }) => cluster);
    const runs = users.find(({ uid }) => holdsSomething(rows.get(uid)));
    const everywhere = Object.keys(rendered.overlays).length === 0;
    if (error.code !== 'path-not-found' || runs || everywhere) {
      const others = users.length > 1 ? ` and ${users.length - 1} more` : '';
      const whose = `${runs ? 'run by' : 'needed by'} cluster "${(runs ?? users[0])?.name ?? ''}"${others}`;
      throw new Blocked('render', `Overlay "${error.path}" (${whose}): ${error.message}`);
    }
    leaveOut(placing, users, error.message);
  }
  return placed.flatMap(({ cluster: { uid, name, labels, facts }, overlay }) => {
    const digest = rendered.overlays[overlay]?.digest;
    return digest === undefined ? [] : [{ uid, name, labels, facts, overlay, digest }];
  });
}

/** Leaves clusters out that run nothing of the application yet. */
export function leaveOut(
  { unplaced, warnings }: Pick<Placing, 'unplaced' | 'warnings'>,
  clusters: readonly StoredCluster[],
  why: string,
): void {
  for (const { uid, name } of clusters) {
    unplaced.add(uid);
    warnings.push(`Cluster "${name}" is left out: ${why}`);
  }
}

export function holdsSomething(row: TargetRow | undefined): boolean {
  return row?.assignment !== undefined && row.assignment !== null && row.assignment.release !== null;
}
