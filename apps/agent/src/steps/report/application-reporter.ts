import type { AgentReport, ManifestApplication } from '#domain';
import type { Clock } from '#ports';
import { composeReport, type Verdict } from './compose-report.js';
import type { ReportOutbox } from './report-outbox.js';
import { Steadiness } from './steadiness.js';

export interface ReporterOptions {
  readonly cluster: string;
  readonly application: string;
  readonly boot: number;
  readonly nextSeq: () => number;
  readonly clock: Clock;
  readonly outbox: ReportOutbox;
}

/** What a report says besides the verdict. */
export interface Standing {
  readonly assignment: ManifestApplication;
  readonly runs: string;
  readonly objects: number;
  readonly corrected: number;
  readonly drifted: number;
  readonly fields: readonly string[];
}

/** A phase that lasts may come to have another reason; it is told when it has lasted this long, ms. */
const REASON_LASTS_MS = 2_000;

/**
 * Decides when an application's state is worth a report: at each change of phase, at healthyFor, after each break, and when drift was
 * found, put back or is gone.
 */
export class ApplicationReporter {
  private readonly steadiness = new Steadiness();
  private told: {
    readonly phase: AgentReport['phase'];
    readonly generation: number;
    readonly reason: string;
    readonly drift: string;
  } | null = null;
  private steadyTimer: NodeJS.Timeout | undefined;
  private reasonTimer: NodeJS.Timeout | undefined;
  /** What the timer runs for. */
  private newReason: string | null = null;
  private isRefusalTold = false;
  private latest: { readonly verdict: Verdict; readonly standing: Standing } | null = null;

  constructor(private readonly options: ReporterOptions) {}

  /** A generation was taken up: it has proved nothing yet. */
  restart(): void {
    this.steadiness.reset();
    clearTimeout(this.steadyTimer);
    this.dropReason();
    this.told = null;
  }

  /** The present state. */
  observe(verdict: Verdict, standing: Standing): void {
    const { clock } = this.options;
    this.latest = { verdict, standing };
    const isHealthy = verdict.phase === 'healthy';
    const wasHealthy = this.steadiness.isHealthy;
    this.steadiness.observe(isHealthy, clock.monotonic());
    if (!isHealthy) clearTimeout(this.steadyTimer);
    const reason = reasonOf(verdict);
    const { told } = this;
    if (told === null || told.phase !== verdict.phase || told.generation !== standing.assignment.generation) {
      this.tell();
    } else if (told.drift !== driftOf(standing)) {
      this.tell();
    } else if (told.reason === reason) {
      this.dropReason();
    } else if (this.newReason !== reason) {
      this.dropReason();
      // Looked at again and again while it lasts, as at each try of what fails, it is told all the same.
      this.newReason = reason;
      this.reasonTimer = setTimeout(() => this.tell(), REASON_LASTS_MS);
    }
    if (isHealthy && !wasHealthy) this.tellWhenSteady(standing.assignment.healthyForMs);
  }

  /** Tells the present state now, whether or not it changed. */
  tell(): void {
    if (this.latest === null) return;
    const { verdict, standing } = this.latest;
    this.dropReason();
    const { generation } = standing.assignment;
    this.told = { phase: verdict.phase, generation, reason: reasonOf(verdict), drift: driftOf(standing) };
    this.send(verdict, standing);
  }

  /** Tells the present state now where that is news: nothing more will come of it. */
  tellNews(): void {
    const { latest, told } = this;
    if (latest !== null && told?.reason !== reasonOf(latest.verdict)) this.tell();
  }

  /** Tells that something was refused; the present state stays what it is. */
  tellRefusal(standing: Standing, message: string): void {
    this.send({ phase: 'refused', cause: 'sync', message, findings: [] }, standing);
    this.told = null;
    this.isRefusalTold = true;
  }

  /** What was refused is no longer asked for: the present state is what counts, where a refusal was told since. */
  retell(): void {
    if (this.isRefusalTold) this.tell();
    this.isRefusalTold = false;
  }

  get verdict(): Verdict | null {
    return this.latest?.verdict ?? null;
  }

  get phase(): string {
    return this.latest?.verdict.phase ?? 'restoring';
  }

  close(): void {
    clearTimeout(this.steadyTimer);
    this.dropReason();
  }

  private dropReason(): void {
    clearTimeout(this.reasonTimer);
    this.newReason = null;
  }

  private tellWhenSteady(healthyForMs: number): void {
    if (healthyForMs <= 0) return;
    const left = healthyForMs - this.steadiness.steadyMs(this.options.clock.monotonic());
    clearTimeout(this.steadyTimer);
    // Node's timers know no more than 24 days, and may end a little early.
    const wait = Math.min(Math.max(left, 1) + 2, 2 ** 31 - 1);
    this.steadyTimer = setTimeout(() => {
      if (!this.steadiness.isHealthy) return;
      if (this.steadiness.steadyMs(this.options.clock.monotonic()) >= healthyForMs) this.tell();
      else this.tellWhenSteady(healthyForMs);
    }, wait);
  }

  private send(verdict: Verdict, standing: Standing): void {
    const { cluster, application, boot, nextSeq, clock, outbox } = this.options;
    outbox.put(
      composeReport({
        ...standing,
        cluster,
        application,
        boot,
        seq: nextSeq(),
        verdict,
        steadyMs: verdict.phase === 'healthy' ? this.steadiness.steadyMs(clock.monotonic()) : 0,
        breaks: this.steadiness.breaks,
      }),
    );
  }
}

function reasonOf({ findings, message }: Verdict): string {
  const [first] = findings;
  return first === undefined ? (message ?? '') : `${first.kind} ${first.name} ${first.reason}`;
}

function driftOf({ corrected, drifted, fields }: Standing): string {
  return JSON.stringify([corrected, drifted, fields]);
}
