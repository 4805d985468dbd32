import type { JsonObject, ManifestApplication } from '#domain';
import { type Logger, messageOf, RejectedError, RetryableError } from '#kit';
import { type ApplicationRecord, type ObjectError, refTitle } from '#kube';
import { detach } from '../../common.js';
import { ApplicationReporter, type Standing } from '../report/application-reporter.js';
import { judgeApplication, type SyncState } from '../report/compose-report.js';
import { ApplicationInventory } from './application-inventory.js';
import { ApplicationObjects } from './application-objects.js';
import { ApplicationPasses } from './application-passes.js';
import { DriftLedger } from './drift-ledger.js';
import { haltedSync } from './halted-sync.js';
import { HeldBundle } from './held-bundle.js';
import { Pacing } from './pacing.js';
import type { WorkerContext } from './worker-context.js';

/** Read and dry-run everything, whatever the fingerprints say. */
interface Pass {
  readonly force: boolean;
}

/**
 * Brings one application to its newest assignment and keeps it there. One thing is done at a time, the most urgent first; a newer
 * assignment ends what is being done for an older one.
 */
export class ApplicationWorker {
  private held: HeldBundle | null = null;
  /** What is to be taken up, or was refused. */
  private asked: { readonly assignment: ManifestApplication; readonly spread: boolean } | null = null;
  private sync: SyncState = { kind: 'working' };
  private passDue: Pass | null = null;
  /** The pass that goes on. */
  private passing: Pass | null = null;
  private isPruneHeldUp = false;
  private running = false;
  private stopped = false;
  private stop = new AbortController();
  private evaluation: NodeJS.Immediate | undefined;
  private readonly pacing: Pacing;
  private readonly objects: ApplicationObjects;
  private readonly inventory: ApplicationInventory;
  private readonly drift: DriftLedger;
  private readonly passes: ApplicationPasses;
  private readonly reporter: ApplicationReporter;
  private readonly logger: Logger;

  constructor(
    readonly name: string,
    private readonly context: WorkerContext,
  ) {
    this.logger = context.logger.child({ application: name });
    const { logger } = this;
    this.pacing = new Pacing(context);
    this.reporter = new ApplicationReporter({ ...context, application: name });
    this.inventory = new ApplicationInventory(name, context);
    this.objects = new ApplicationObjects({
      ...context,
      ...context.timing,
      logger,
      onHealth: () => this.evaluateSoon(),
      onDrift: (key) => {
        this.drift.mark(key);
        this.kick();
      },
    });
    this.drift = new DriftLedger(this.objects);
    const { objects, inventory, drift } = this;
    this.passes = new ApplicationPasses(name, context, { objects, inventory, drift, logger });
  }

  /** What is held, or was asked for last. */
  get assignment(): ManifestApplication | null {
    return this.asked?.assignment ?? this.held?.assignment ?? null;
  }

  get phase(): string {
    return this.reporter.phase;
  }

  /** What the cluster is to remember of it. */
  record(): ApplicationRecord {
    return this.inventory.record(this.held?.assignment ?? null);
  }

  /** Goes on after a restart with what the cluster remembers. */
  restore(record: ApplicationRecord, assignment: ManifestApplication): void {
    this.held = HeldBundle.remembered(this.name, this.context, assignment);
    this.inventory.restore(record, assignment);
    this.sync = { kind: 'restoring' };
    this.pass({ force: true });
  }

  /** Takes over what is in the cluster, without an assignment to enforce. */
  inherit(record: ApplicationRecord): void {
    this.inventory.inherit(record);
  }

  /** A newer generation. `spread`: its bundle is not fetched at once. */
  take(assignment: ManifestApplication, spread: boolean): void {
    this.asked = { assignment, spread };
    if (this.running) this.stop.abort();
    this.pacing.goOn();
    this.sync = { kind: 'working' };
    this.reporter.restart();
    this.drift.reset();
    if (!this.context.isInstant || this.isHalted) this.evaluate();
    this.kick();
  }

  /** The bus is back: what waited for it need not wait longer, though not all agents' fetches at once. */
  resume(): void {
    if (this.asked === null || !this.pacing.isPaused) return;
    this.asked = { ...this.asked, spread: true };
    this.pacing.goOn();
    this.kick();
  }

  /** What the hub has is what is held: a refusal that was told is the past. */
  retell(): void {
    this.reporter.retell();
  }

  /** The same generation; its terms may be others. */
  keep(assignment: ManifestApplication): void {
    this.retell();
    const wasHalted = this.isHalted;
    const turns = wasHalted !== (assignment.halted === true);
    if (this.asked !== null) {
      if (turns) this.asked = { ...this.asked, assignment };
    } else if (this.held !== null) {
      const before = this.held.assignment;
      this.held = this.held.withTerms(assignment);
      if (before.drift !== assignment.drift || before.namespace !== assignment.namespace) this.pass({ force: true });
      else if (before.maxDeletions < assignment.maxDeletions && this.sync.kind === 'stuck') this.pass({ force: false });
    }
    if (!turns) return;
    if (wasHalted) this.goOn();
    else this.halt();
  }

  /** Makes sure of everything, to find what fingerprints can't tell, such as another default after an upgrade. */
  verify(): void {
    if (this.held !== null && !this.context.isInstant) this.pass({ force: true });
  }

  /** Something else was asked for, and is refused. */
  refuse(assignment: ManifestApplication, message: string): void {
    this.reporter.tellRefusal({ ...this.standing(assignment), assignment }, message);
  }

  close(): void {
    this.stopped = true;
    this.stop.abort();
    this.pacing.goOn();
    clearImmediate(this.evaluation);
    this.passes.close();
    this.reporter.close();
  }

  /** Nothing further is begun, neither to apply nor to delete nor to correct. */
  private get isHalted(): boolean {
    return this.assignment?.halted === true;
  }

  private halt(): void {
    this.stop.abort();
    this.evaluate();
    if (!this.running) this.reporter.tellNews();
  }

  private goOn(): void {
    this.pacing.goOn();
    // What somebody changed meanwhile, and what a correction was kept from.
    this.drift.markAll();
    if (this.asked === null && (this.passing !== null || this.sync.kind !== 'applied')) {
      this.pass(this.passing ?? { force: false });
    }
    this.evaluate();
  }

  private pass({ force }: Pass): void {
    this.passDue = { force: force || this.passDue?.force === true };
    this.kick();
  }

  private kick(): void {
    if (this.running || this.stopped) return;
    this.running = true;
    detach(this.work(), this.logger);
  }

  private async work(): Promise<void> {
    try {
      for (let step = this.nextStep(); step !== null; step = this.nextStep()) {
        if (this.stop.signal.aborted) this.stop = new AbortController();
        try {
          await step();
        } catch (error) {
          this.failed(error);
        }
        if (!this.isHalted || this.stopped) continue;
        // What was under way when the halt came has ended: now it is known how far it went.
        this.evaluate();
        this.reporter.tellNews();
      }
    } finally {
      this.running = false;
    }
  }

  /** The most urgent thing to do; null: nothing. */
  private nextStep(): (() => Promise<void>) | null {
    if (this.stopped || this.pacing.isPaused) return null;
    const { asked, held } = this;
    if (this.isHalted) return this.sync.kind === 'restoring' && held !== null ? () => this.lookOnly(held) : null;
    if (asked !== null && this.sync.kind === 'working') return () => this.adopt(asked);
    if (held === null) return null;
    if (this.passDue !== null) return () => this.fullPass(held);
    if (this.drift.isDirty) return () => this.correct(held);
    if (this.sync.kind !== 'applied' || this.objects.unhealthy().length > 0) return null;
    if (this.inventory.surplusCount > 0) return this.isPruneHeldUp ? null : () => this.prune(held);
    if (this.context.isInstant || !this.inventory.isStale(held.assignment)) return null;
    return () => this.inventory.save(held.assignment, this.objects.completed());
  }

  private async adopt(asked: NonNullable<ApplicationWorker['asked']>): Promise<void> {
    const { assignment, spread } = asked;
    const how = { spread, signal: this.stop.signal };
    let fetched: Awaited<ReturnType<typeof HeldBundle.fetch>>;
    try {
      fetched = await HeldBundle.fetch(this.name, this.context, assignment, this.held, how);
    } catch (error) {
      // A newer one may have come meanwhile.
      if (this.asked !== asked) return;
      if (!(error instanceof RejectedError)) throw error;
      this.logger.warn({ generation: assignment.generation, why: error.message }, 'refused');
      this.sync = { kind: 'refused', message: error.message };
      this.evaluate();
      // The former one goes on.
      if (this.held !== null) this.passDue = { force: false };
      return;
    }
    if (this.asked !== asked || this.stopped) return;
    this.asked = null;
    this.held = fetched.held;
    this.passDue = null;
    if (!this.context.isInstant) {
      await this.fullPass(fetched.held, fetched.objects);
      return this.held.release();
    }
    this.inventory.runs = assignment.digest;
    this.sync = { kind: 'applied' };
    this.evaluate();
  }

  private async fullPass(held: HeldBundle, given?: readonly JsonObject[]): Promise<void> {
    const { force } = this.passDue ?? { force: false };
    const { assignment } = held;
    this.passDue = null;
    this.passing = { force };
    const again = this.inventory.isWhole(assignment);
    const write = !again || assignment.drift === 'correct';
    const result = await this.passes.applyAll(held, given, { force, write, again }, this.stop.signal);
    if (result.kind === 'cut') return;
    if (result.kind === 'stuck') return this.stuck(result.errors, result.message);
    this.pacing.succeeded();
    if (this.asked === null) this.sync = { kind: 'applied' };
    this.passing = null;
    this.isPruneHeldUp = false;
    this.drift.markAll();
    this.evaluate();
  }

  /** Restored and halted: finds out how far the generation came. */
  private async lookOnly(held: HeldBundle): Promise<void> {
    await this.passes.look(held, this.stop.signal);
    // One that was let go meanwhile makes the pass that is due.
    const isWhole = this.inventory.isWhole(held.assignment);
    if (this.sync.kind === 'restoring') this.sync = { kind: isWhole ? 'applied' : 'working' };
    this.evaluate();
  }

  private async prune(held: HeldBundle): Promise<void> {
    const { signal } = this.stop;
    const { errors, message } = await this.inventory.prune(held, signal);
    if (!signal.aborted && (errors.length > 0 || message !== undefined)) {
      this.isPruneHeldUp = true;
      this.stuck(errors, message);
    }
    this.evaluate();
  }

  /** Puts back what somebody changed; where the mode says so, only finds out what it is. */
  private async correct(held: HeldBundle): Promise<void> {
    const { drift } = held.assignment;
    const write = drift === 'correct';
    const { due, waitMs } = this.drift.take(write, this.context.clock.monotonic());
    if (drift === 'off') return;
    if (waitMs !== null) this.pacing.later(waitMs, () => this.pass({ force: false }));
    if (due.size === 0) return;
    const result = await this.passes.correct(held, due, write, this.stop.signal);
    if (result.kind === 'cut') return;
    if (result.kind === 'stuck') return this.stuck(result.errors);
    this.drift.markAll();
    this.evaluate();
    if (result.differing.length > 0) this.reporter.tell();
  }

  private stuck(errors: readonly ObjectError[], message?: string): void {
    // What was cut short is no failure.
    if (this.stop.signal.aborted) return;
    if (this.asked === null) {
      this.sync = { kind: 'stuck', errors, ...(message !== undefined && { message }) };
      this.evaluate();
    }
    const shown = errors.slice(0, 5).map((error) => `${refTitle(error.ref)}: ${error.message}`);
    const leastMs = Math.max(0, ...errors.map((error) => error.retryAfterMs ?? 0));
    const retryInMs = this.pacing.retry(leastMs, () => this.pass({ force: false }));
    this.logger.warn({ errors: shown, count: errors.length, message, retryInMs }, 'not applied');
  }

  /** The API server or the bus did not answer: what is known stays, and it is tried again. */
  private failed(error: unknown): void {
    if (this.stopped) return;
    // What failed for an older assignment is no reason to wait with the newer.
    if (error instanceof RetryableError && error.code === 'superseded') return;
    if (this.asked === null) this.passDue ??= this.passing ?? { force: false };
    const retryInMs = this.pacing.pause(() => this.kick());
    if (error instanceof RetryableError) {
      this.logger.info({ why: messageOf(error, 300), retryInMs }, 'cannot go on now; trying again');
    } else {
      this.logger.error({ err: error, retryInMs }, 'an application could not be worked on');
    }
  }

  private evaluateSoon(): void {
    this.evaluation ??= setImmediate(() => {
      this.evaluation = undefined;
      this.evaluate();
    });
  }

  private evaluate(): void {
    const { assignment } = this;
    if (this.stopped || assignment === null) return;
    const { generation } = assignment;
    const sync = this.isHalted ? haltedSync(this.sync, this.passes.progress(generation)) : this.sync;
    if (sync.kind === 'restoring') return;
    this.drift.settle();
    const verdict = judgeApplication(sync, this.objects.unhealthy(), this.inventory.surplusCount);
    this.reporter.observe(verdict, this.standing(assignment));
    this.kick();
  }

  private standing(assignment: ManifestApplication): Standing {
    const { corrected, drifted, fields } = this.drift;
    return { assignment, runs: this.inventory.runs, objects: this.inventory.all.length, corrected, drifted, fields };
  }
}
