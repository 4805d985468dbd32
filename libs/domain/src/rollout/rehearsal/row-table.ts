import type { ClusterUid } from '../../cluster.js';
import type { LoadedRow, Millis, RowNeed, TargetRow } from '../model.js';
import { DueHeap } from './due-heap.js';

/** What is known of the clusters' presence, by the table's index of their rows. */
export interface PresenceView {
  loaded(index: number, row: TargetRow): LoadedRow;
  seenAt(index: number): Millis | null;
}

/** Everything that a need may ask for: one that asks for more does not compile. */
type Known = 'rollout' | 'all' | 'uids' | 'due' | 'next' | 'pending' | 'silent';
type Asked<T extends RowNeed> = Exclude<keyof T, Known> extends never ? T : never;

/**
 * The rows of one application in memory, found as a database finds them: by uid, by when they are due, by their turn in the
 * wave. What a report costs does not depend on how many there are.
 */
export class RowTable {
  private rows: (TargetRow | undefined)[] = [];
  private indexes = new Map<ClusterUid, number>();
  private isShared = false;
  /** Row indexes by wave and position; an entry may be stale, its row then tells another place. */
  private waves: number[][] = [];
  /** Per wave the least position that may be pending and not requeued. */
  private cursors: number[] = [];
  private requeued = new Set<number>();
  private byDue = new DueHeap();

  constructor(rows: Iterable<TargetRow> = []) {
    this.save(rows);
  }

  get size(): number {
    return this.rows.length;
  }

  /** A copy that goes its own way. */
  fork(): RowTable {
    const copy = new RowTable();
    copy.rows = this.rows.slice();
    copy.indexes = this.indexes;
    copy.isShared = true;
    this.isShared = true;
    copy.waves = this.waves.map((positions) => positions.slice());
    copy.cursors = this.cursors.slice();
    copy.requeued = new Set(this.requeued);
    copy.byDue = new DueHeap(this.byDue);
    return copy;
  }

  indexOf(uid: ClusterUid): number | undefined {
    return this.indexes.get(uid);
  }

  at(index: number): TargetRow | undefined {
    return this.rows[index];
  }

  /** The index that the row of this cluster has or will have. */
  reserve(uid: ClusterUid): number {
    const known = this.indexes.get(uid);
    if (known !== undefined) return known;
    if (this.isShared) this.indexes = new Map(this.indexes);
    this.isShared = false;
    this.indexes.set(uid, this.rows.length);
    return this.rows.push(undefined) - 1;
  }

  save(rows: Iterable<TargetRow>): void {
    for (const row of rows) this.put(row);
  }

  private put(row: TargetRow): void {
    const index = this.reserve(row.uid);
    const old = this.rows[index];
    this.rows[index] = row;
    if (old?.wave !== row.wave || old.position !== row.position || old.rollout !== row.rollout) {
      (this.waves[row.wave] ??= [])[row.position] = index;
    }
    if (row.state === 'pending' && row.requeued) this.requeued.add(index);
    else {
      this.requeued.delete(index);
      if (row.state === 'pending') {
        this.cursors[row.wave] = Math.min(this.cursors[row.wave] ?? row.position, row.position);
      }
    }
    if (row.dueAt !== null && (old?.dueAt !== row.dueAt || old.rollout !== row.rollout)) {
      this.byDue.put(row.dueAt, index);
    }
  }

  /** The rows that are asked for, each once, in wave and position order. */
  load(need: Asked<RowNeed>, presence: PresenceView): readonly LoadedRow[] {
    const found = need.all === true ? this.rows.map((_, index) => index) : this.find(need, presence);
    if (found.length > 1) found.sort((a, b) => this.compare(a, b));
    const loaded: LoadedRow[] = [];
    let last = -1;
    for (const index of found) {
      const row = this.rows[index];
      if (row && index !== last) loaded.push(presence.loaded(index, row));
      last = index;
    }
    return loaded;
  }

  private find(need: RowNeed, presence: PresenceView): number[] {
    const { uids, due, next, pending, silent } = need;
    const found: number[] = [];
    if (uids) {
      for (const uid of uids) {
        const index = this.indexes.get(uid);
        if (index !== undefined) found.push(index);
      }
    }
    if (due || next) this.findDue(need, found);
    if (pending) this.findPending(need, pending, found);
    if (silent) {
      const limit = found.length + silent.limit;
      for (const index of this.waves[silent.wave] ?? []) {
        if (found.length >= limit) break;
        const row = this.own(need, index);
        if (row?.wave !== silent.wave || (row.state !== 'passed' && row.state !== 'unchanged')) continue;
        const seenAt = presence.seenAt(index);
        if (seenAt === null || seenAt < silent.since) found.push(index);
      }
    }
    return found;
  }

  private findDue(need: RowNeed, found: number[]): void {
    const { due, next } = need;
    const read = this.byDue.read(next?.after ?? due?.before ?? 0, (index, time) => {
      if (this.rows[index]?.dueAt !== time) return 'stale';
      return this.own(need, index) ? 'wanted' : 'foreign';
    });
    if (due) found.push(...read.due.slice(0, due.limit));
    if (next && read.next >= 0) found.push(read.next);
  }

  private findPending(need: RowNeed, pending: NonNullable<RowNeed['pending']>, found: number[]): void {
    const { wave, limit, zones } = pending;
    const isOpen = ({ zone }: TargetRow): boolean => !zones || zone === undefined || zones.includes(zone);
    let left = limit;
    if (this.requeued.size > 0) {
      const first = [...this.requeued].filter((index) => {
        const row = this.own(need, index);
        return row?.wave === wave && isOpen(row);
      });
      first.sort((a, b) => this.compare(a, b));
      found.push(...first.slice(0, left));
      left -= Math.min(left, first.length);
    }
    const positions = this.waves[wave] ?? [];
    let isFirst = true;
    for (let position = this.cursors[wave] ?? 0; position < positions.length && left > 0; position += 1) {
      const index = positions[position] ?? -1;
      const row = this.rows[index];
      // What lies before the first pending one is not looked at again.
      if (isFirst) this.cursors[wave] = position;
      if (row?.state !== 'pending' || row.wave !== wave || row.position !== position || row.requeued) continue;
      isFirst = false;
      if (!this.own(need, index) || !isOpen(row)) continue;
      found.push(index);
      left -= 1;
    }
  }

  /** The row where it belongs to the rollout that is asked for. */
  private own(need: RowNeed, index: number): TargetRow | undefined {
    const row = this.rows[index];
    return need.rollout === undefined || row?.rollout === need.rollout ? row : undefined;
  }

  private compare(a: number, b: number): number {
    const one = this.rows[a];
    const other = this.rows[b];
    if (!one || !other || a === b) return 0;
    return one.wave - other.wave || one.position - other.position || (one.uid < other.uid ? -1 : 1);
  }
}
