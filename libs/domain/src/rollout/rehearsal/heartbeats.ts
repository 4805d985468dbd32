import type { LoadedRow, Millis, PresenceInput, TargetRow } from '../model.js';
import type { PresenceView } from './row-table.js';

/**
 * What the hub hears of the clusters. Regular heartbeats are worked out when somebody asks, not one by one; only a cluster whose
 * link is cut, and its return, are events.
 */
export class Heartbeats implements PresenceView {
  private now: () => Millis = () => 0;
  private start: Millis = 0;
  /** It sends heartbeats that arrive. */
  private readonly isHeard: Uint8Array;
  /** Held for offline, until it is heard of again. */
  private readonly isOffline: Uint8Array;
  /** When something came besides the regular ones, or the last of all; NaN: never. */
  private readonly heardAt: Float64Array;
  /** When its turn is within the interval. */
  private readonly beat: Float64Array;

  constructor(
    /** By the table's index. */
    private readonly presence: readonly PresenceInput[],
    private readonly times: { readonly heartbeatMs: Millis; readonly silenceMs: Millis },
  ) {
    const { length } = presence;
    [this.isHeard, this.isOffline] = [new Uint8Array(length), new Uint8Array(length)];
    [this.heardAt, this.beat] = [new Float64Array(length), new Float64Array(length)];
  }

  begin(clock: () => Millis): void {
    this.now = clock;
    this.start = clock();
  }

  /** @param share when its turn is within the interval, 0 to 1. */
  reset(index: number, share: number): void {
    const presence = this.presence[index];
    this.isHeard[index] = presence?.online ? 1 : 0;
    this.isOffline[index] = presence?.online ? 0 : 1;
    this.heardAt[index] = presence?.seenAt ?? Number.NaN;
    this.beat[index] = Math.floor(share * this.times.heartbeatMs);
  }

  loaded(index: number, row: TargetRow): LoadedRow {
    const online = this.isOnline(index);
    const seenAt = this.seenAt(index);
    return this.presence[index]?.held ? { row, online, seenAt, held: true } : { row, online, seenAt };
  }

  seenAt(index: number): Millis | null {
    const heard = this.heardAt[index] ?? Number.NaN;
    if (!this.isHeard[index]) return Number.isNaN(heard) ? null : heard;
    const { heartbeatMs } = this.times;
    const first = this.start - heartbeatMs + (this.beat[index] ?? 0);
    const last = first + Math.floor((this.now() - first) / heartbeatMs) * heartbeatMs;
    return Number.isNaN(heard) || heard < last ? last : heard;
  }

  private isOnline(index: number): boolean {
    if (this.isHeard[index]) return true;
    return !this.isOffline[index] && this.now() - (this.heardAt[index] ?? 0) < this.times.silenceMs;
  }

  /** Its link is cut: silence from here on. */
  cut(index: number): void {
    this.heardAt[index] = this.seenAt(index) ?? Number.NaN;
    this.isHeard[index] = 0;
  }

  /** A report has arrived: a sign of life, which does not bring an offline cluster back. */
  reported(index: number): void {
    if (!this.isOnline(index)) this.isOffline[index] = 1;
    this.heardAt[index] = this.now();
  }

  /** A heartbeat has arrived. Tells whether the cluster was offline until now. */
  heard(index: number, isLinked: boolean): boolean {
    const isBack = !this.isOnline(index);
    this.heardAt[index] = this.now();
    this.isOffline[index] = 0;
    if (isLinked) this.isHeard[index] = 1;
    return isBack;
  }
}
