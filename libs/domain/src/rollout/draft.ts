import type { ClusterUid } from '../cluster.js';
import type { StoredHoldCode } from '../hold.js';
import type {
  ApplicationHeader,
  Assignment,
  Decision,
  Effect,
  Freeze,
  HistoryEntry,
  LoadedRow,
  Millis,
  Rollout,
  StoredHold,
  TargetRow,
  WaveProgress,
} from './model.js';
import type { EngineRules } from './rules.js';
import { countRow } from './wave-counters.js';

/** Most entries of one decision's history that name a single cluster: a wave of 10,000 deferrals needs no 10,000 lines. */
const MAX_CLUSTER_NOTES = 50;

/**
 * A decision in the making: the header and rows as they are so far. Local to one call of `step`; every change of a row goes
 * through `put`, which keeps the wave's counters equal to the rows.
 */
export class Draft {
  header: ApplicationHeader;
  /** The hub's clock, which never goes back. */
  readonly now: Millis;
  /** The fleet's freeze, as the tick was told; none of it matters to other events. */
  freeze: Freeze | null = null;
  changed = false;
  again = false;
  private readonly loaded: ReadonlyMap<ClusterUid, LoadedRow>;
  private readonly written = new Map<ClusterUid, TargetRow>();
  private readonly effects: Effect[] = [];
  private readonly history: HistoryEntry[] = [];
  private readonly dirtied = new Set<ClusterUid>();
  private clusterNotes = 0;

  constructor(
    private readonly before: ApplicationHeader,
    rows: readonly LoadedRow[],
    now: Millis,
    readonly rules: EngineRules,
  ) {
    this.header = before;
    this.now = Math.max(before.now, now);
    this.loaded = new Map(rows.map((loaded) => [loaded.row.uid, loaded]));
  }

  /** Time that stands still under a hold and leaves out the hub's own absence; what every deadline is in. */
  get active(): Millis {
    return (this.header.frozenSince ?? this.now) - this.header.clockOffset;
  }

  /** The rollout where it runs. */
  get running(): Rollout | null {
    return this.header.rollout?.state === 'running' ? this.header.rollout : null;
  }

  row(uid: ClusterUid): TargetRow | undefined {
    return this.written.get(uid) ?? this.loaded.get(uid)?.row;
  }

  /** Every row that was loaded or made, as it is now, in a stable order. */
  rows(): TargetRow[] {
    const uids = new Set([...this.loaded.keys(), ...this.written.keys()]);
    return [...uids].sort().flatMap((uid) => this.row(uid) ?? []);
  }

  loadedRow(uid: ClusterUid): LoadedRow | undefined {
    return this.loaded.get(uid);
  }

  /** The rows as the shell gave them. */
  loadedRows(): LoadedRow[] {
    return [...this.loaded.values()];
  }

  isOnline(uid: ClusterUid): boolean {
    return this.loaded.get(uid)?.online ?? false;
  }

  put(row: TargetRow): void {
    const old = this.row(row.uid);
    if (row.state === 'pending' && old?.state !== 'pending') this.lookAgain(row);
    const { rollout } = this.header;
    const isMove = old !== undefined && old.rollout === row.rollout && old.wave === row.wave;
    const wave = isMove && row.rollout === rollout?.id ? rollout.waves[row.wave] : undefined;
    // The commonest case, a report: both differences at once.
    if (old && wave) this.setWave(row.wave, countRow(countRow(wave, old, -1), row, 1));
    else {
      if (old) this.count(old, -1);
      this.count(row, 1);
    }
    this.written.set(row.uid, row);
    this.changed = true;
  }

  /** A rollout and rows of it at once, as they were planned anew: its waves' counters are the caller's. */
  rewrite(rollout: Rollout, rows: readonly TargetRow[]): void {
    for (const row of rows) this.written.set(row.uid, row);
    this.setRollout(rollout);
  }

  private count(row: TargetRow, by: 1 | -1): void {
    const { rollout } = this.header;
    if (rollout?.id !== row.rollout) return;
    const wave = rollout.waves[row.wave];
    if (wave) this.setWave(row.wave, countRow(wave, row, by));
  }

  /** Another one is pending in this wave, maybe with an open window. */
  private lookAgain(row: TargetRow): void {
    const { rollout } = this.header;
    const wave = rollout?.id === row.rollout ? rollout.waves[row.wave] : undefined;
    if (wave?.closedUntil === undefined) return;
    const { closedUntil: _, ...rest } = wave;
    this.setWave(row.wave, rest);
  }

  setWave(index: number, wave: WaveProgress): void {
    const { rollout } = this.header;
    if (rollout) this.setRollout({ ...rollout, waves: rollout.waves.with(index, wave) });
  }

  setRollout(rollout: Rollout): void {
    this.set({ rollout });
  }

  set(patch: Partial<ApplicationHeader>): void {
    this.header = { ...this.header, ...patch };
    this.changed = true;
  }

  /** Replaces the rollout's holds; the active clock stops with the first and goes on after the last. */
  setHolds(holds: readonly StoredHold[]): void {
    if (this.header.rollout) this.setRollout({ ...this.header.rollout, holds });
    this.adjustClock();
  }

  /** Stops or starts the active clock as the rollout's state and holds ask for. */
  adjustClock(): void {
    const { frozenSince, clockOffset } = this.header;
    const isHeld = this.running !== null && this.running.holds.length > 0;
    if (isHeld && frozenSince === null) this.set({ frozenSince: this.now, wakeAt: null });
    if (!isHeld && frozenSince !== null) {
      this.set({ frozenSince: null, clockOffset: clockOffset + this.now - frozenSince });
    }
  }

  hasHold(code: StoredHoldCode): boolean {
    return this.header.rollout?.holds.some((hold) => hold.code === code) ?? false;
  }

  /** Adds a hold; one that is there keeps its `since` and takes the new message. */
  addHold(code: StoredHoldCode, message: string): void {
    const holds = this.header.rollout?.holds ?? [];
    const old = holds.find((hold) => hold.code === code);
    if (old?.message === message) return;
    const hold: StoredHold = { code, message, since: old?.since ?? this.now };
    const others = this.rules.holdsAreASet ? holds.filter((each) => each !== old) : [];
    this.setHolds([...others, hold].sort((a, b) => (a.code < b.code ? -1 : 1)));
    if (!old) this.note('held', message);
  }

  dropHolds(codes: readonly StoredHoldCode[]): void {
    const holds = this.header.rollout?.holds ?? [];
    const left = holds.filter(({ code }) => !codes.includes(code));
    if (left.length < holds.length) this.setHolds(left);
  }

  /** The row with a new assignment of the next generation, not yet acknowledged; its manifest is to be written. */
  assigned(row: TargetRow, what: Omit<Assignment, 'generation'>): TargetRow {
    this.dirty(row.uid);
    const generation = row.generation + 1;
    const { halted, ...rest } = row;
    // What was stopped half-way stays stopped until here.
    const isHalted = halted && this.running?.hard;
    return { ...rest, ...(isHalted && { halted }), generation, acked: false, assignment: { ...what, generation } };
  }

  /** Something settled or was asked for: a tick in this very transaction looks at it. */
  wakeNow(): void {
    this.again = true;
  }

  /** A tick is due at this active time at the latest. */
  wakeBy(activeTime: Millis): void {
    this.wakeOn(activeTime + this.header.clockOffset);
  }

  /** A tick is due at this time by the hub's clock at the latest: for what no hold and no gap moves. */
  wakeOn(time: Millis): void {
    if (this.header.frozenSince !== null) return;
    const at = Math.max(this.now, time);
    if (this.header.wakeAt === null || at < this.header.wakeAt) this.set({ wakeAt: at });
  }

  dirty(cluster: ClusterUid): void {
    if (this.dirtied.has(cluster)) return;
    this.dirtied.add(cluster);
    this.effects.push({ type: 'dirty', cluster });
    this.changed = true;
  }

  effect(effect: Effect): void {
    this.effects.push(effect);
    this.changed = true;
  }

  note(event: string, message: string, more: Partial<HistoryEntry> = {}): void {
    if (more.cluster !== undefined && (this.clusterNotes += 1) > MAX_CLUSTER_NOTES) return;
    this.history.push({ rollout: this.header.rollout?.id ?? null, event, message, ...more });
    this.changed = true;
  }

  finish(): Decision {
    if (!this.changed) return unchanged(this.before, this.effects);
    if (this.again) this.set({ wakeAt: this.now });
    return {
      changed: true,
      header: {
        ...this.header,
        version: this.before.version + 1,
        now: this.now,
        seq: this.before.seq + this.history.length,
      },
      rows: [...this.written.values()],
      effects: this.effects,
      history: this.history,
      again: this.again,
    };
  }
}

/** Nothing to write. */
export function unchanged(header: ApplicationHeader, effects: readonly Effect[] = []): Decision {
  return { changed: false, header, rows: [], effects, history: [], again: false };
}

/** The command makes no sense now. */
export function refuse(header: ApplicationHeader, code: string, message: string): Decision {
  return { ...unchanged(header), refused: { code, message } };
}
