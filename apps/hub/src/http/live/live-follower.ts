import type { EventView, LiveBatch } from '#contract';
import { canonicalJson, type Scope } from '#domain';
import { changedColumns } from './cell-columns.js';
import type { CellTable, Since } from './cell-table.js';
import { formatLiveId, type LivePlace } from './live-id.js';

/** Events that wait for one follower; one that has missed more reads everything again. */
export const MAX_EVENTS = 500;
/** Bytes that wait in a connection; nothing more is put there until whoever reads has taken some of them. */
const MAX_WAITING_BYTES = 64 * 1024;
/** Whoever takes nothing for so long is gone, or will find its place again by the id. */
const STALLED_MS = 60_000;

export interface LiveMessage {
  readonly type: 'batch' | 'ping';
  readonly id: string;
  readonly data: LiveBatch | string;
}

/** Where a follower's messages go. */
export interface LiveSink {
  send(message: LiveMessage): void;
  /** Bytes that were sent and that the other side has not taken. */
  waiting(): number;
  end(): void;
}

/** One who follows: what waits for it is bounded, whatever it does. */
export class LiveFollower {
  private events: EventView[] = [];
  private isLost = false;
  private stalledSince: number | null = null;
  private cells: { readonly table: CellTable; readonly at: Since } | null = null;

  constructor(
    private readonly sink: LiveSink,
    private place: LivePlace,
    private scopes: readonly Scope[],
    /** Null: it asks for no cells. */
    private readonly wanted: { readonly application: string | null } | null,
  ) {}

  get wantsCells(): boolean {
    return this.wanted !== null;
  }

  /** Begins with what it has missed. */
  begin(table: CellTable | null, isLost: boolean): void {
    this.isLost = isLost;
    if (table !== null) this.cells = { table, at: { mark: this.place.mark } };
    this.flush(table, 0, true);
  }

  /** Somebody has changed what it may see: what it has seen by then may be too much, or too little. */
  rescope(scopes: readonly Scope[]): void {
    if (canonicalJson(scopes) !== canonicalJson(this.scopes)) this.isLost = true;
    this.scopes = scopes;
  }

  take(event: EventView): void {
    this.place = { ...this.place, event: event.id };
    this.events.push(event);
    if (this.events.length <= MAX_EVENTS) return;
    this.events = [];
    this.isLost = true;
  }

  ping(): void {
    if (this.sink.waiting() <= MAX_WAITING_BYTES)
      this.sink.send({ type: 'ping', id: formatLiveId(this.place), data: '' });
  }

  /**
   * Sends what there is, unless what was sent before still waits: then it all comes later, together.
   * @param table null: the cells could not be read, or nobody asked for them.
   * @param now milliseconds, of whatever clock.
   */
  flush(table: CellTable | null, now: number, isFirst = false): void {
    if (this.sink.waiting() > MAX_WAITING_BYTES) return this.stall(now);
    this.stalledSince = null;
    const cells = this.cellsOf(table);
    const { events, isLost } = this;
    if (!isFirst && events.length === 0 && cells === null && !isLost) return;
    this.events = [];
    this.isLost = false;
    const batch: LiveBatch = {
      events: isLost ? [] : events,
      ...(cells !== null && cells !== 'reset' && !isLost && { cells }),
      ...((isLost || cells === 'reset') && { reset: true as const }),
    };
    this.sink.send({ type: 'batch', id: formatLiveId(this.place), data: batch });
  }

  private cellsOf(table: CellTable | null): ReturnType<typeof changedColumns> {
    if (table === null || this.wanted === null) return null;
    const { table: before, at } = this.cells ?? { table, at: { mark: this.place.mark } };
    this.cells = { table, at: { tick: table.now } };
    this.place = { ...this.place, mark: table.mark ?? this.place.mark };
    // Another one was made anew, of a database that was put back.
    if (before !== table) return 'reset';
    return changedColumns(table, { scopes: this.scopes, application: this.wanted.application }, at);
  }

  private stall(now: number): void {
    this.stalledSince ??= now;
    if (now - this.stalledSince > STALLED_MS) this.sink.end();
  }
}
