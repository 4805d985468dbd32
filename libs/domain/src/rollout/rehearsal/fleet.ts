import type { Assignment, Millis, PresenceInput, ReportInput, ReportPhase, TargetRow } from '../model.js';
import { type EventQueue } from './event-queue.js';
import { Heartbeats } from './heartbeats.js';
import { Random } from './random.js';
import type { RehearsalRates } from './rates.js';

/** What happens in the fleet by itself, or on its way between it and the hub. */
export const KIND = {
  /** The manifest is there to be read. */
  read: 0,
  /** Its workloads change: up, down, failed. */
  change: 1,
  /** Healthy for healthyFor. */
  steady: 2,
  /** Its link is back. */
  up: 3,
  /** A heartbeat arrives that the hub waits for. */
  heard: 4,
  /** A report arrives. */
  report: 5,
  /** Something else for the engine. */
  event: 6,
} as const;

const NOTHING = 0;
const PROGRESSING = 1;
const HEALTHY = 2;
const FAILED = 3;
const PHASES: readonly ReportPhase[] = ['progressing', 'progressing', 'healthy', 'failed'];

/** What the release does to a cluster. */
const FINE = 0;
const FAILS = 1;
const FAILS_LATE = 2;
const FLAPS = 3;

/** What its link does. */
const LINK_STAYS = 0;
const CUT_BEFORE_READING = 1;
const CUT_AFTER_ACK = 2;

export interface RunSeed {
  /** The release that is rehearsed. */
  readonly release: number;
  readonly seed: number;
  readonly run: number;
}

/**
 * The clusters and agents of a run, as arrays by cluster that every run uses again. Reports are handed over in the order in which
 * an agent sends them.
 */
export class RehearsedFleet {
  /** Clusters that took the rehearsed release up. */
  exposed = 0;
  /** Reports on their way, by the mark of their event. */
  readonly reports: ReportInput[] = [];
  now: Millis = 0;
  readonly heartbeats: Heartbeats;
  private random = new Random(0);
  private release = 0;
  private readonly generation: Float64Array;
  private readonly phase: Uint8Array;
  private readonly since: Float64Array;
  private readonly breaks: Int32Array;
  private readonly healthyFor: Float64Array;
  /** The release and digest that run. */
  private readonly running: Int32Array;
  private readonly digest: string[];
  private readonly took: Uint8Array;
  private readonly fate: Uint8Array;
  private readonly flaps: Int32Array;
  private readonly link: Uint8Array;
  private readonly isUp: Uint8Array;
  /** Something waits for the link: 1 the manifest, 2 a report. */
  private readonly waits: Uint8Array;
  private readonly changes: Int32Array;
  private readonly steadies: Int32Array;
  private readonly arrival: Float64Array;

  constructor(
    private readonly queue: EventQueue,
    private readonly rates: RehearsalRates,
    /** By the table's index. */
    private readonly presence: readonly PresenceInput[],
  ) {
    this.heartbeats = new Heartbeats(presence, rates);
    const size = presence.length;
    const floats = (): Float64Array => new Float64Array(size);
    const ints = (): Int32Array => new Int32Array(size);
    const bytes = (): Uint8Array => new Uint8Array(size);
    [this.generation, this.since, this.healthyFor, this.arrival] = [floats(), floats(), floats(), floats()];
    [this.breaks, this.running, this.flaps, this.changes, this.steadies] = [ints(), ints(), ints(), ints(), ints()];
    [this.phase, this.took, this.fate] = [bytes(), bytes(), bytes()];
    [this.link, this.isUp, this.waits] = [bytes(), bytes(), bytes()];
    this.digest = Array.from({ length: size }, () => '');
  }

  /** The clusters as they are now, with what this run has in store for them. */
  reset(rowAt: (index: number) => TargetRow | undefined, now: Millis, run: RunSeed): void {
    this.exposed = 0;
    this.reports.length = 0;
    this.now = now;
    this.heartbeats.begin(() => this.now);
    this.release = run.release;
    this.random = new Random(run.seed, run.run, 1);
    // Apart from the times: a cluster's fate does not depend on what happened before its turn, nor on the other rates.
    const fates = new Random(run.seed, run.run, 2);
    for (let index = 0; index < this.presence.length; index += 1) {
      this.draw(index, fates);
      this.heartbeats.reset(index, fates.next());
      this.isUp[index] = this.presence[index]?.online ? 1 : 0;
      this.waits[index] = 0;
      this.took[index] = 0;
      this.changes[index] = 0;
      this.steadies[index] = 0;
      this.arrival[index] = 0;
      this.breaks[index] = 0;
      const row = rowAt(index);
      if (row) this.resume(index, row);
    }
  }

  private draw(index: number, fates: Random): void {
    const { failureRate, lateFailureRate, flapRate, offlineRate } = this.rates;
    const [fails, late, flaps, offline, cut] = [
      fates.next() < failureRate,
      fates.next() < lateFailureRate,
      fates.next() < flapRate,
      fates.next() < offlineRate,
      fates.next() < 0.5 ? CUT_BEFORE_READING : CUT_AFTER_ACK,
    ];
    this.fate[index] = fails ? FAILS : late ? FAILS_LATE : flaps ? FLAPS : FINE;
    this.flaps[index] = this.fate[index] === FLAPS ? this.rates.flaps : 0;
    this.link[index] = offline ? cut : LINK_STAYS;
  }

  /** What the hub knows of it is what it is. */
  private resume(index: number, row: TargetRow): void {
    const { assignment, report, acked } = row;
    const held = acked ? assignment : null;
    this.generation[index] = held?.generation ?? 0;
    this.running[index] = held?.release ?? row.lastPassed?.release ?? 0;
    this.digest[index] = held?.digest ?? row.lastPassed?.digest ?? '';
    this.healthyFor[index] = held?.healthyForMs ?? 0;
    this.since[index] = this.now;
    const isSame = held !== null && report?.generation === held.generation;
    const phase = isSame ? report?.phase : row.lastPassed ? 'healthy' : undefined;
    this.phase[index] =
      phase === undefined ? NOTHING : phase === 'progressing' ? PROGRESSING : phase === 'healthy' ? HEALTHY : FAILED;
    if (phase === 'progressing') this.changeIn(index, this.random.time(this.rates.applyMs));
    // Healthy, and not for long enough when it last said so.
    if (phase === 'healthy' && isSame && report && report.steadyMs < (held?.healthyForMs ?? 0)) {
      this.steadyIn(index, (held?.healthyForMs ?? 0) - report.steadyMs);
    }
    if (assignment && !acked && this.isUp[index]) this.announce(index);
  }

  /** The hub has written its manifest anew. */
  announce(index: number): void {
    this.queue.put(this.now + this.halfway(), KIND.read, index);
  }

  /** The hub asks for a heartbeat. */
  probe(index: number): void {
    if (this.isUp[index]) this.queue.put(this.now + this.halfway() + this.halfway(), KIND.heard, index);
  }

  /** How long a question of the hub's to somebody takes. */
  roundTrip(): Millis {
    return this.halfway() + this.halfway();
  }

  private halfway(): Millis {
    return Math.round(this.random.time(this.rates.latencyMs) / 2);
  }

  read(index: number, row: TargetRow | undefined): void {
    if (!this.isUp[index]) {
      this.waits[index] = (this.waits[index] ?? 0) | 1;
      return;
    }
    const assignment = row?.assignment;
    if (!assignment || assignment.generation <= (this.generation[index] ?? 0)) return;
    if (assignment.release === this.release && this.link[index] === CUT_BEFORE_READING) {
      this.cut(index);
      this.waits[index] = 1;
      return;
    }
    this.takeUp(index, assignment);
    this.tell(index);
    if (assignment.release === this.release && this.link[index] === CUT_AFTER_ACK) this.cut(index);
  }

  private takeUp(index: number, { generation, release, digest, healthyForMs }: Assignment): void {
    this.generation[index] = generation;
    this.healthyFor[index] = healthyForMs;
    this.breaks[index] = 0;
    // A new generation has proved nothing yet, also where it asks for what runs already.
    this.since[index] = this.now;
    const isSame = digest === this.digest[index];
    this.running[index] = release ?? 0;
    if (release === this.release && !this.took[index] && !isSame) {
      this.took[index] = 1;
      this.exposed += 1;
    }
    if (isSame || release === null) {
      if (release === null) {
        this.phase[index] = HEALTHY;
        this.changes[index] = (this.changes[index] ?? 0) + 1;
      }
      this.digest[index] = digest;
      if (this.phase[index] === HEALTHY) this.steadyIn(index, healthyForMs);
      return;
    }
    this.digest[index] = digest;
    this.phase[index] = PROGRESSING;
    this.steadies[index] = (this.steadies[index] ?? 0) + 1;
    this.changeIn(index, this.random.time(this.rates.applyMs));
  }

  private changeIn(index: number, ms: Millis): void {
    const mark = (this.changes[index] ?? 0) + 1;
    this.changes[index] = mark;
    this.queue.put(this.now + ms, KIND.change, index, mark);
  }

  private steadyIn(index: number, ms: Millis): void {
    const mark = (this.steadies[index] ?? 0) + 1;
    this.steadies[index] = mark;
    if (ms > 0) this.queue.put(this.now + ms, KIND.steady, index, mark);
  }

  change(index: number, mark: number): void {
    if (mark !== this.changes[index]) return;
    const fate = this.running[index] === this.release ? this.fate[index] : FINE;
    if (this.phase[index] === HEALTHY) {
      this.breaks[index] = (this.breaks[index] ?? 0) + 1;
      this.phase[index] = fate === FAILS_LATE ? FAILED : PROGRESSING;
      this.steadies[index] = (this.steadies[index] ?? 0) + 1;
      if (fate === FLAPS) this.changeIn(index, this.random.time(this.rates.flapDownMs));
    } else if (fate === FAILS) {
      this.phase[index] = FAILED;
    } else {
      this.phase[index] = HEALTHY;
      this.steadyIn(index, this.healthyFor[index] ?? 0);
      if (fate === FAILS_LATE) this.changeIn(index, this.random.time(this.rates.lateAfterMs));
      if (fate === FLAPS && (this.flaps[index] ?? 0) > 0) {
        this.flaps[index] = (this.flaps[index] ?? 0) - 1;
        this.changeIn(index, this.random.time(this.rates.flapUpMs));
      }
    }
    this.since[index] = this.now;
    this.tell(index);
  }

  steady(index: number, mark: number): void {
    if (mark === this.steadies[index] && this.phase[index] === HEALTHY) this.tell(index);
  }

  private tell(index: number): void {
    if (!this.isUp[index]) {
      this.waits[index] = (this.waits[index] ?? 0) | 2;
      return;
    }
    const phase = this.phase[index] ?? 0;
    const told = {
      uid: this.presence[index]?.uid ?? '',
      generation: this.generation[index] ?? 0,
      digest: this.digest[index] ?? '',
      phase: PHASES[phase] ?? 'progressing',
      steadyMs: phase === HEALTHY ? this.now - (this.since[index] ?? 0) : 0,
      breaks: this.breaks[index] ?? 0,
    };
    this.reports.push(phase === FAILED ? { ...told, cause: 'health', message: 'the release fails here' } : told);
    const at = Math.max(this.arrival[index] ?? 0, this.now + this.halfway());
    this.arrival[index] = at;
    this.queue.put(at, KIND.report, index, this.reports.length - 1);
  }

  private cut(index: number): void {
    this.link[index] = LINK_STAYS;
    this.heartbeats.cut(index);
    this.isUp[index] = 0;
    this.queue.put(this.now + Math.max(1, this.random.time(this.rates.offlineMs)), KIND.up, index);
  }

  /** Its link is back: what waited for it goes on. */
  up(index: number, row: TargetRow | undefined): void {
    this.isUp[index] = 1;
    const waits = this.waits[index] ?? 0;
    this.waits[index] = 0;
    this.queue.put(this.now + this.halfway(), KIND.heard, index);
    if (waits & 2) this.tell(index);
    if (waits & 1) this.read(index, row);
  }

  /** A heartbeat arrives. Tells whether the cluster was offline until now. */
  heard(index: number): boolean {
    return this.heartbeats.heard(index, this.isUp[index] === 1);
  }
}
