import type { ManifestApplication } from '#domain';
import type { ApplicationRecord } from '#kube';
import type { Inspected } from '../answer/inspected.js';
import { ApplicationReporter } from '../report/application-reporter.js';
import { ApplicationHooks } from '../hooks/application-hooks.js';
import { ApplicationInventory } from './application-inventory.js';
import { ApplicationObjects } from './application-objects.js';
import { ApplicationPasses } from './application-passes.js';
import { BundleMask } from './bundle-mask.js';
import { needsAnotherPass } from './apply-pass.js';
import { DriftLedger } from './drift-ledger.js';
import { FailingObjects } from './failing-objects.js';
import { HeldBundle } from './held-bundle.js';
import { Pacing } from './pacing.js';
import { StandingTeller } from './standing-teller.js';
import type { WorkerContext } from './worker-context.js';
import { WorkerState } from './worker-state.js';
import { WorkerSteps } from './worker-steps.js';

/** How far an application came with being taken down. */
export interface TakenDown {
  readonly done: boolean;
  /** How many objects its inventory still names. */
  readonly left: number;
  readonly kept: readonly string[];
  /** What is in the way, or goes on. */
  readonly message?: string;
}

/**
 * Brings one application to its newest assignment and keeps it there. One thing is done at a time, the most urgent first; a newer
 * assignment ends what is being done for an older one.
 */
export class ApplicationWorker {
  private readonly state = new WorkerState();
  private readonly pacing: Pacing;
  private readonly inventory: ApplicationInventory;
  private readonly objects: ApplicationObjects;
  private readonly mask = new BundleMask();
  private readonly hooks: ApplicationHooks;
  private readonly drift: DriftLedger;
  private readonly failing: FailingObjects;
  private readonly passes: ApplicationPasses;
  private readonly reporter: ApplicationReporter;
  private readonly teller: StandingTeller;
  private readonly steps: WorkerSteps;

  constructor(
    readonly name: string,
    private readonly context: WorkerContext,
  ) {
    const logger = context.logger.child({ application: name });
    const kick = (): void => this.steps.loop.kick();
    this.pacing = new Pacing(context);
    this.reporter = new ApplicationReporter({ ...context, application: name });
    this.inventory = new ApplicationInventory(name, context);
    this.objects = new ApplicationObjects({
      ...context,
      ...context.timing,
      logger,
      onHealth: () => this.teller.judgeSoon(),
      onDrift: (key) => {
        this.drift.mark(key);
        kick();
      },
    });
    this.failing = new FailingObjects({ ...context.timing, random: context.random });
    this.drift = new DriftLedger(this.objects, this.failing);
    const { state, pacing, inventory, objects, drift, failing, mask, reporter } = this;
    const onNews = (): void => this.teller.judge();
    this.hooks = new ApplicationHooks(name, context, { inventory, mask, logger, onNews });
    const { hooks } = this;
    const worked = { objects, inventory, hooks, drift, failing, mask, pacing, logger };
    this.passes = new ApplicationPasses(name, context, worked);
    const { passes } = this;
    const told = { state, passes, objects, inventory, hooks, drift, mask, reporter };
    this.teller = new StandingTeller({ ...told, onJudged: kick });
    const { teller } = this;
    const parts = { ...worked, state, passes, reporter, teller };
    this.steps = new WorkerSteps(name, context, parts);
  }

  /** What is held, or was asked for last. */
  get assignment(): ManifestApplication | null {
    return this.state.assignment;
  }

  get phase(): string {
    return this.reporter.phase;
  }

  /** How far it came with being taken down. */
  get takenDown(): TakenDown {
    const { state, inventory } = this;
    const { asked, held, sync } = state;
    const isDown = asked === null && held?.assignment.release === null && sync.kind === 'applied';
    const { message } = this.reporter.verdict ?? {};
    const left = inventory.all.length;
    return { done: isDown && left === 0, left, kept: [...inventory.kept], ...(message !== undefined && { message }) };
  }

  /** What is known of it, for answers. */
  inspect(): Inspected {
    const { name, state, objects, inventory, passes, mask } = this;
    const failed = state.sync.kind === 'stuck' ? state.sync.errors : [];
    const hook = state.assignment === null ? null : this.hooks.standing(state.assignment);
    const errors = hook?.error === undefined ? failed : [...failed, hook.error];
    return {
      application: name,
      held: state.held,
      tracked: objects.entries,
      trackedGeneration: passes.trackedGeneration,
      inventory: inventory.all,
      errors,
      rules: objects.rules,
      mask: mask.mask,
    };
  }

  /** What the cluster is to remember of it. */
  record(): ApplicationRecord {
    return this.inventory.record(this.state.held?.assignment ?? null);
  }

  /** Goes on after a restart with what the cluster remembers. */
  restore(record: ApplicationRecord, assignment: ManifestApplication): void {
    this.state.held = HeldBundle.remembered(this.name, this.context, assignment);
    this.inventory.restore(record, assignment);
    this.state.sync = { kind: 'restoring' };
    this.steps.pass({ force: true });
  }

  /** Takes over what is in the cluster, without an assignment to enforce. */
  inherit(record: ApplicationRecord): void {
    this.inventory.inherit(record);
  }

  /** A newer generation. `spread`: its bundle is not fetched at once. */
  take(assignment: ManifestApplication, spread: boolean): void {
    this.state.asked = { assignment, spread };
    if (this.steps.loop.isRunning) this.steps.loop.cut();
    this.pacing.goOn();
    this.failing.reset();
    this.hooks.reset();
    this.state.sync = { kind: 'working' };
    this.reporter.restart();
    this.drift.reset();
    if (!this.context.isInstant || this.state.isHalted) this.teller.judge();
    this.steps.loop.kick();
  }

  /** The bus is back: what waited for it need not wait longer, though not all agents' fetches at once. */
  resume(): void {
    const { asked } = this.state;
    if (asked === null || !this.pacing.isPaused) return;
    this.state.asked = { ...asked, spread: true };
    this.pacing.goOn();
    this.steps.loop.kick();
  }

  /** What the hub has is what is held: a refusal that was told is the past. */
  retell(): void {
    this.reporter.retell();
  }

  /** The same generation; its terms may be others. */
  keep(assignment: ManifestApplication): void {
    this.retell();
    const { state } = this;
    const wasHalted = state.isHalted;
    const turns = wasHalted !== (assignment.halted === true);
    if (state.asked !== null) {
      // Fetching begins anew where the terms are others, and only there.
      if (JSON.stringify(state.asked.assignment) !== JSON.stringify(assignment)) {
        state.asked = { ...state.asked, assignment };
      }
    } else if (state.held !== null) {
      const before = state.held.assignment;
      state.held = state.held.withTerms(assignment);
      if (needsAnotherPass(before, assignment)) {
        this.failing.reset();
        this.steps.pass({ force: true });
      } else if (before.maxDeletions < assignment.maxDeletions && state.sync.kind === 'stuck')
        this.steps.pass({ force: false });
      // Its rules of health may be others.
      this.steps.loop.kick();
    }
    if (!turns) return;
    if (wasHalted) this.goOn();
    else this.halt();
  }

  /** Makes sure of everything, to find what fingerprints can't tell, such as another default after an upgrade. */
  verify(): void {
    if (this.state.held !== null && !this.context.isInstant) this.steps.pass({ force: true });
  }

  /** Something else was asked for, and is refused. */
  refuse(assignment: ManifestApplication, message: string): void {
    this.reporter.tellRefusal(this.teller.standing(assignment), message);
  }

  close(): void {
    this.steps.loop.close();
    this.pacing.goOn();
    this.teller.close();
    this.passes.close();
    this.reporter.close();
  }

  private halt(): void {
    this.steps.loop.cut();
    this.teller.judge();
    if (!this.steps.loop.isRunning) this.reporter.tellNews();
  }

  private goOn(): void {
    const { state } = this;
    this.pacing.goOn();
    // What somebody changed meanwhile, and what a correction was kept from.
    this.drift.markAll();
    if (state.asked === null) {
      state.askAgain(state.sync.kind === 'applied' ? null : { force: false });
      this.steps.loop.kick();
    }
    this.teller.judge();
  }
}
