import { canonicalJson, type ScopedCluster } from '#domain';
import type { CellReading, StoredCell, StoredCellApplication } from '#ports';

/** Counts readings of this table: what changed after one is what its number is below of. */
type Tick = number;

interface Changed {
  /** The reading that told of what it shows now. */
  readonly tick: Tick;
  /** When the store wrote that, or something after it. */
  readonly written: number;
}

export interface CellApplicationRow extends StoredCellApplication, Changed {}

export interface Cell extends Changed {
  readonly cluster: StoredCell;
  /** By application; those that were taken back stay, as somebody may not have heard of it. */
  readonly applications: ReadonlyMap<string, CellApplicationRow>;
}

interface MutableCell extends Cell {
  tick: Tick;
  written: number;
  cluster: StoredCell;
  readonly applications: Map<string, CellApplicationRow>;
}

/** A cluster came, went, or is to be grouped anew: its labels and facts before and after, for who may hear of it. */
interface Move extends Changed {
  readonly clusters: readonly ScopedCluster[];
}

/** Where somebody stands: what is after it is news. */
export type Since = { readonly tick: Tick } | { readonly mark: number };

/** Moves that are remembered; whoever missed an older one reads everything again. */
const MAX_MOVES = 1000;
/** Facts such as the number of nodes change all day: whoever groups by them is told now and then. */
const FACTS_EVERY_MS = 300_000;

/** The fleet as the grid shows it, for whatever scopes; kept from readings of the store. */
export class CellTable {
  private readonly cells = new Map<string, MutableCell>();
  private ordered: readonly Cell[] | null = null;
  private moves: Move[] = [];
  /** Below it, nobody can be told what moved. */
  private floor: { tick: Tick; written: number } = { tick: 0, written: 0 };
  private tick: Tick = 0;
  private marked: number | null = null;
  /** Clusters whose facts alone have changed since that was told last. */
  private readonly regrouped = new Map<string, Move>();
  private regroupedAt = 0;

  /** What the next reading is to go on from; null: it is to tell everything. */
  get mark(): number | null {
    return this.marked;
  }

  get now(): Tick {
    return this.tick;
  }

  /** By name. */
  list(): readonly Cell[] {
    this.ordered ??= [...this.cells.values()].sort((a, b) => (a.cluster.name < b.cluster.name ? -1 : 1));
    return this.ordered;
  }

  /** @param now milliseconds, of whatever clock. */
  take(reading: CellReading, now: number): void {
    const isFirst = this.marked === null;
    this.tick += 1;
    this.marked = reading.mark;
    for (const cluster of reading.clusters) this.takeCluster(cluster);
    for (const application of reading.applications) this.takeApplication(application);
    if (isFirst) this.beginHere(reading, now);
    else this.tellFacts(now);
    if (this.moves.length > MAX_MOVES) this.forget(this.moves.length - MAX_MOVES);
  }

  /** Clusters that came, went or changed what they are grouped by; null: nobody can say any more. */
  movesSince(since: Since): readonly Move[] | null {
    if ('tick' in since ? since.tick < this.floor.tick : since.mark < this.floor.written) return null;
    return this.moves.filter((move) => isAfter(move, since));
  }

  private takeCluster(cluster: StoredCell): void {
    const { uid } = cluster;
    const known = this.cells.get(uid);
    const changed: Changed = { tick: this.tick, written: cluster.written };
    if (cluster.state === 'revoked') {
      if (known === undefined) return;
      this.cells.delete(uid);
      this.move(known.cluster, changed);
      return;
    }
    if (known === undefined) {
      this.cells.set(uid, { ...changed, cluster, applications: new Map() });
      this.move(cluster, changed);
      return;
    }
    const { cluster: before } = known;
    known.cluster = cluster;
    if (!isSame(before.labels, cluster.labels)) this.move(cluster, changed, before);
    else if (!isSame(before.facts, cluster.facts)) {
      this.regrouped.set(uid, { ...changed, clusters: [before, cluster] });
    }
    const { state, online, isHeld } = before;
    if (state === cluster.state && online === cluster.online && isHeld === cluster.isHeld) return;
    known.tick = this.tick;
    known.written = cluster.written;
  }

  private takeApplication(row: StoredCellApplication): void {
    // One that is not known came after the clusters were read: both are in the next reading.
    const cell = this.cells.get(row.uid);
    const before = cell?.applications.get(row.application);
    if (cell === undefined || (before === undefined ? row.told === null : showsSame(before, row))) return;
    cell.applications.set(row.application, { ...row, tick: this.tick });
  }

  private move(cluster: StoredCell, changed: Changed, before?: StoredCell): void {
    this.ordered = null;
    this.moves.push({ ...changed, clusters: before === undefined ? [cluster] : [before, cluster] });
  }

  /** What moved before is not known: only whoever has all that was ever written of clusters missed none of it. */
  private beginHere({ clusters }: CellReading, now: number): void {
    this.moves = [];
    this.floor = { tick: this.tick, written: clusters.reduce((last, { written }) => Math.max(last, written + 1), 0) };
    this.regroupedAt = now;
  }

  private tellFacts(now: number): void {
    if (this.regrouped.size === 0 || now - this.regroupedAt < FACTS_EVERY_MS) return;
    this.moves.push(...[...this.regrouped.values()].map((move) => ({ ...move, tick: this.tick })));
    this.regrouped.clear();
    this.regroupedAt = now;
  }

  private forget(count: number): void {
    for (const { tick, written } of this.moves.splice(0, count)) {
      this.floor = { tick: Math.max(this.floor.tick, tick), written: Math.max(this.floor.written, written + 1) };
    }
  }
}

export function isAfter({ tick, written }: Changed, since: Since): boolean {
  return 'tick' in since ? tick > since.tick : written >= since.mark;
}

function showsSame(a: StoredCellApplication, b: StoredCellApplication): boolean {
  return a.phase === b.phase && a.told === b.told && a.runs === b.runs && a.isDrifted === b.isDrifted;
}

function isSame(a: StoredCell['labels'], b: StoredCell['labels']): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
