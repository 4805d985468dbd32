import type { ClusterUid } from '../../cluster.js';
import type { Assignment, Millis, ReportInput, ReportPhase } from '../model.js';

/** What a release does to a cluster. */
export type Fate =
  | 'ok'
  /** Fails as soon as it is applied. */
  | 'bad'
  /** Healthy, but only after the deadline. */
  | 'slow'
  /** Healthy for long enough to pass, then failed for long enough to regress, for ever. */
  | 'flapping'
  /** Never healthy for long enough to pass. */
  | 'cycling'
  /** Passes, and fails for good a while later. */
  | 'late'
  /** Passes, and says progressing for ever a while later, as when its nodes are drained. */
  | 'drains'
  /** Acknowledges, and cuts the cluster's link. */
  | 'cuts'
  /** Breaks the cluster before it can say anything. */
  | 'dies';

export const HEALTHY_FOR_MS = 10_000;
export const HEARTBEAT_MS = 30_000;

/** What the bus holds for a cluster. `null`: the application is not in its manifest. */
export interface ManifestDocument {
  readonly sequence: number;
  readonly assignment: Assignment | null;
  /** Paused hard: the agent stops before its next object. */
  readonly halted?: true;
}

interface Running {
  readonly digest: string;
  readonly release: number | null;
  readonly since: Millis;
  readonly fate: Fate;
  readonly latencyMs: Millis;
}

/** A cluster and its agent as they really are, which the engine learns of by reports alone. */
export class SimulatedCluster {
  link = true;
  /** Not restored by a link that comes back, only by the friendly world. */
  isDead = false;
  held: ManifestDocument | null = null;
  running: Running | null = null;
  /** Digests that really were healthy for healthyFor without a break, since they were applied last. */
  readonly proven = new Set<string>();
  /** Releases whose application began, with when. */
  readonly begun: { readonly release: number; readonly at: Millis; readonly readAt: Millis }[] = [];
  nextHeartbeatAt: Millis;
  private phase: ReportPhase = 'progressing';
  private phaseSince: Millis = 0;
  private breaks = 0;
  private told = '';
  private unsent: ReportInput | null = null;
  private fateOf: ((release: number) => Fate) | null = null;
  private isHealed = false;
  /** Since when its agent is told to stop; what it was told to apply since then waits. */
  private haltedSince: Millis | null = null;
  private waiting: Assignment | null = null;
  /** When it read the assignment that it holds. */
  private readAt: Millis = 0;

  constructor(
    readonly uid: ClusterUid,
    now: Millis,
    private readonly latencyMs: Millis,
  ) {
    this.nextHeartbeatAt = now;
  }

  get isReachable(): boolean {
    return this.link && !this.isDead;
  }

  /** Reads its manifest, as on a nudge, on a reconnect, now and then. */
  read(document: ManifestDocument | undefined, now: Millis, fateOf: (release: number) => Fate): void {
    if (!document || !this.isReachable || document.sequence <= (this.held?.sequence ?? 0)) return;
    const old = this.held?.assignment?.generation ?? 0;
    const { assignment } = document;
    if (assignment && assignment.generation < old)
      throw new Error(`invariant 2: ${this.uid} was given generation ${assignment.generation} after ${old}`);
    // What it holds stays remembered when the application goes out of the manifest.
    this.held = assignment ? document : { sequence: document.sequence, assignment: this.held?.assignment ?? null };
    this.fateOf = fateOf;
    if (assignment && assignment.generation !== old) {
      this.told = '';
      this.readAt = now;
      // It takes an assignment up, but a halted agent begins with nothing.
      this.waiting = assignment.digest === this.running?.digest ? null : assignment;
    }
    if (!assignment) this.waiting = null;
    // Out of its manifest it is left as it is, half-way or not.
    this.halt(document.halted === true || (!assignment && this.haltedSince !== null), now);
    if (this.haltedSince === null && this.waiting) this.begin(this.waiting, now);
  }

  /** Whether its agent is at work on objects right now. */
  isWriting(now: Millis): boolean {
    const { running } = this;
    return running !== null && this.haltedSince === null && this.isReachable && now - running.since < readyMs(running);
  }

  private halt(isHalted: boolean, now: Millis): void {
    if (isHalted === (this.haltedSince !== null)) return;
    const { running, haltedSince } = this;
    this.haltedSince = isHalted ? now : null;
    // What was half applied goes on where it stood.
    if (!running || haltedSince === null || haltedSince - running.since >= readyMs(running)) return;
    this.running = { ...running, since: running.since + now - haltedSince };
  }

  private begin(assignment: Assignment, now: Millis): void {
    this.waiting = null;
    const { fateOf } = this;
    const fate = assignment.release === null || this.isHealed || !fateOf ? 'ok' : fateOf(assignment.release);
    this.proven.delete(assignment.digest);
    if (assignment.release !== null) this.begun.push({ release: assignment.release, at: now, readAt: this.readAt });
    this.running = {
      digest: assignment.digest,
      release: assignment.release,
      since: now,
      fate,
      latencyMs: this.latencyMs,
    };
    this.phase = 'progressing';
    this.phaseSince = now;
    this.breaks = 0;
    if (fate === 'dies') this.isDead = true;
  }

  /** The friendly world: everything works from now on. */
  heal(now: Millis): void {
    this.link = true;
    this.isDead = false;
    this.isHealed = true;
    if (this.running) this.running = { ...this.running, fate: 'ok' };
    this.nextHeartbeatAt = now;
    this.told = '';
  }

  /** On a reconnect the latest report is sent again. */
  reconnect(now: Millis): void {
    this.link = true;
    this.nextHeartbeatAt = now;
    this.told = '';
  }

  /** Lets the cluster live on to `now`; the report that it has to send, if any, while its link is there. */
  live(now: Millis): ReportInput | null {
    const { running, held } = this;
    if (!held?.assignment || (!running && !this.waiting)) return null;
    // Halted before it began with what it was told, it is on its way and no more.
    const current = running?.digest === held.assignment.digest ? running : null;
    const phase = current ? phaseOf(current, this.ageOf(current, now)).phase : 'progressing';
    if (phase !== this.phase) {
      if (this.phase === 'healthy') this.breaks += 1;
      this.phase = phase;
      this.phaseSince = now;
    }
    const steadyMs = phase === 'healthy' ? now - this.phaseSince : 0;
    if (current && steadyMs >= HEALTHY_FOR_MS) this.proven.add(current.digest);
    const { generation, digest, healthyForMs } = held.assignment;
    const isSteady = steadyMs >= healthyForMs && phase === 'healthy';
    const say = `${generation} ${phase} ${this.breaks} ${isSteady}`;
    if (say !== this.told) {
      this.told = say;
      this.unsent = {
        uid: this.uid,
        generation,
        digest,
        phase,
        steadyMs,
        breaks: this.breaks,
        ...(phase === 'failed' && { cause: 'health' as const, message: 'it fails' }),
      };
    }
    if (!this.isReachable) return null;
    const sent = this.unsent;
    this.unsent = null;
    // What it said reaches the bus; then its link is gone.
    if (running?.fate === 'cuts' && now - running.since >= CUT_MS) this.isDead = true;
    return sent;
  }

  /** How long its bundle is there; halted half-way it grows no older. */
  private ageOf(running: Running, now: Millis): Millis {
    const { haltedSince } = this;
    if (haltedSince === null) return now - running.since;
    const age = haltedSince - running.since;
    return age < readyMs(running) ? Math.max(0, age) : now - running.since;
  }

  /** When something happens here by itself next. */
  nextAt(now: Millis): Millis {
    let next = this.isReachable ? this.nextHeartbeatAt : Number.POSITIVE_INFINITY;
    const { running } = this;
    if (!running) return next;
    const { until } = phaseOf(running, this.ageOf(running, now));
    const at = running.since + until;
    if (at > now) next = Math.min(next, at);
    if (this.phase === 'healthy') {
      const steadyAt = this.phaseSince + (this.held?.assignment?.healthyForMs ?? 0);
      if (steadyAt > now) next = Math.min(next, steadyAt);
    }
    if (running.fate === 'cuts' && !this.isDead) next = Math.min(next, Math.max(now + 1000, running.since + CUT_MS));
    return next;
  }
}

const CUT_MS = 2000;
const SLOW_MS = 150_000;

/** How long its agent is at work on it. */
function readyMs({ fate, latencyMs, release }: Running): Millis {
  if (release === null) return 0;
  return fate === 'slow' ? SLOW_MS : latencyMs;
}

/** What it is in so long after it was applied, and until when, counted from then. */
function phaseOf(running: Running, age: Millis): { phase: ReportPhase; until: Millis } {
  const { fate } = running;
  const ready = readyMs(running);
  if (age < ready) return { phase: 'progressing', until: ready };
  const since = age - ready;
  const turn = (up: Millis, down: Millis, phase: ReportPhase): { phase: ReportPhase; until: Millis } => {
    const round = Math.floor(since / (up + down)) * (up + down);
    return since - round < up
      ? { phase: 'healthy', until: ready + round + up }
      : { phase, until: ready + round + up + down };
  };
  switch (fate) {
    case 'bad':
      return { phase: 'failed', until: Number.POSITIVE_INFINITY };
    case 'flapping':
      return turn(HEALTHY_FOR_MS + 5000, HEALTHY_FOR_MS + 5000, 'failed');
    case 'cycling':
      return turn(HEALTHY_FOR_MS / 2, 3000, 'progressing');
    case 'late':
    case 'drains': {
      const good = HEALTHY_FOR_MS + 15_000;
      return since < good
        ? { phase: 'healthy', until: ready + good }
        : { phase: fate === 'late' ? 'failed' : 'progressing', until: Number.POSITIVE_INFINITY };
    }
    case 'ok':
    case 'slow':
    case 'cuts':
    case 'dies':
      return { phase: 'healthy', until: Number.POSITIVE_INFINITY };
  }
}
