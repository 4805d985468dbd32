import { assertNever, type JsonObject } from '#domain';
import { type Logger, messageOf, RejectedError, RetryableError } from '#kit';
import { type ObjectError, refKey, refTitle } from '#kube';
import type { ApplicationReporter } from '../report/application-reporter.js';
import type { ApplicationParts, ApplicationPasses } from './application-passes.js';
import { needsAnotherPass } from './apply-pass.js';
import { HeldBundle } from './held-bundle.js';
import { nextStep } from './next-step.js';
import type { Pacing } from './pacing.js';
import type { StandingTeller } from './standing-teller.js';
import { StepLoop } from './step-loop.js';
import { verdictStands } from './verdict-stands.js';
import type { WorkerContext } from './worker-context.js';
import type { Asked, Pass, WorkerState } from './worker-state.js';

export interface WorkerParts extends ApplicationParts {
  readonly state: WorkerState;
  readonly pacing: Pacing;
  readonly passes: ApplicationPasses;
  readonly reporter: ApplicationReporter;
  readonly teller: StandingTeller;
  readonly logger: Logger;
}

/** What is done for one application, step by step, and what comes of a step that fails. */
export class WorkerSteps {
  readonly loop: StepLoop;

  constructor(
    private readonly name: string,
    private readonly context: WorkerContext,
    private readonly parts: WorkerParts,
  ) {
    this.loop = new StepLoop({
      next: () => this.next(),
      onFailed: (error) => this.failed(error),
      onStepped: () => this.stepped(),
      logger: parts.logger,
    });
  }

  /** Lets everything be gone over, after what is more urgent. */
  pass(pass: Pass): void {
    this.parts.state.askForPass(pass);
    this.loop.kick();
  }

  private next(): ((signal: AbortSignal) => Promise<void>) | null {
    if (this.parts.pacing.isPaused) return null;
    const { state, drift, objects, inventory, hooks } = this.parts;
    const step = nextStep({ state, drift, objects, inventory, hooks, isInstant: this.context.isInstant });
    if (step === null) return null;
    switch (step.kind) {
      case 'look':
        return (signal) => this.lookOnly(step.held, signal);
      case 'adopt':
        return (signal) => this.adopt(step.asked, signal);
      case 'judge':
        return () => this.parts.passes.judgeAnew(step.held);
      case 'pass':
        return (signal) => this.fullPass(step.held, signal);
      case 'correct':
        return (signal) => this.correct(step.held, signal);
      case 'prune':
        return (signal) => this.prune(step.held, signal);
      case 'hooks':
        return (signal) => this.runLastHooks(step.held, signal);
      case 'record':
        return () => this.parts.inventory.save(step.held.assignment, this.parts.objects.completed());
      default:
        return assertNever(step);
    }
  }

  private stepped(): void {
    if (!this.parts.state.isHalted || this.loop.isClosed) return;
    // What was under way when the halt came has ended: now it is known how far it went.
    this.parts.teller.judge();
    this.parts.reporter.tellNews();
  }

  private async adopt(asked: Asked, signal: AbortSignal): Promise<void> {
    const { state } = this.parts;
    const { assignment, spread } = asked;
    let fetched: Awaited<ReturnType<typeof HeldBundle.fetch>>;
    try {
      fetched = await HeldBundle.fetch(this.name, this.context, assignment, state.held, { spread, signal });
    } catch (error) {
      // A newer one may have come meanwhile.
      if (state.asked !== asked) return;
      if (!(error instanceof RejectedError)) throw error;
      this.parts.logger.warn({ generation: assignment.generation, why: error.message }, 'refused');
      state.sync = { kind: 'refused', message: error.message };
      this.parts.teller.judge();
      // The former one goes on.
      if (state.held !== null) state.askForPass({ force: false });
      return;
    }
    if (state.asked !== asked || this.loop.isClosed) return;
    state.asked = null;
    if (state.held !== null && needsAnotherPass(state.held.assignment, assignment)) this.parts.objects.doubtAll();
    state.held = fetched.held;
    state.forgetDuePass();
    if (!this.context.isInstant) {
      await this.fullPass(fetched.held, signal, fetched.objects);
      return fetched.held.release();
    }
    this.parts.inventory.runs = assignment.digest;
    state.sync = { kind: 'applied' };
    this.parts.teller.judge();
  }

  private async fullPass(held: HeldBundle, signal: AbortSignal, given?: readonly JsonObject[]): Promise<void> {
    const { state } = this.parts;
    const { force } = state.beginPass();
    const { assignment } = held;
    const again = this.parts.inventory.isWhole(assignment);
    const write = !again || assignment.drift === 'correct';
    const result = await this.parts.passes.applyAll(held, given, { force, write, again }, signal);
    if (result.kind === 'cut') return;
    if (result.kind === 'stuck') return this.stuck(result.errors, signal, result.message);
    // What was held up before is tried again: whether it goes well, its own end tells, and no earlier.
    const isPruneTried = state.isPruneHeldUp && this.parts.inventory.surplusCount > 0;
    if (!isPruneTried) this.parts.pacing.succeeded();
    if (state.asked === null) state.sync = { kind: 'applied' };
    state.endPass();
    this.parts.drift.markAll();
    if (!isPruneTried || this.parts.objects.unhealthy().length > 0) this.parts.teller.judge();
  }

  /** Restored and halted: finds out how far the generation came. */
  private async lookOnly(held: HeldBundle, signal: AbortSignal): Promise<void> {
    const { state } = this.parts;
    await this.parts.passes.look(held, signal);
    // One that was let go meanwhile makes the pass that is due.
    const isWhole = this.parts.inventory.isWhole(held.assignment);
    if (state.sync.kind === 'restoring') state.sync = { kind: isWhole ? 'applied' : 'working' };
    this.parts.teller.judge();
  }

  private async prune(held: HeldBundle, signal: AbortSignal): Promise<void> {
    const { errors, message } = await this.parts.inventory.prune(held, signal);
    if (!signal.aborted && (errors.length > 0 || message !== undefined)) {
      this.parts.state.isPruneHeldUp = true;
      this.stuck(errors, signal, message);
    } else if (!signal.aborted) {
      this.parts.pacing.succeeded();
    }
    this.parts.teller.judge();
  }

  private async runLastHooks(held: HeldBundle, signal: AbortSignal): Promise<void> {
    const { hooks, passes, pacing, teller, logger } = this.parts;
    const result = await passes.runLastHooks(held, signal);
    if (signal.aborted) return;
    // What has not even begun is begun again; one that failed is not.
    if (result.kind === 'stuck' && !result.isFinal) {
      const goOn = hooks.waitUntil();
      const retryInMs = pacing.retry(result.error.retryAfterMs ?? 0, () => {
        goOn();
        this.loop.kick();
      });
      logger.warn({ hook: refTitle(result.error.ref), why: result.error.message, retryInMs }, 'a hook can not be run');
    } else pacing.succeeded();
    teller.judge();
  }

  /** Puts back what somebody changed; where the mode says so, only finds out what it is. */
  private async correct(held: HeldBundle, signal: AbortSignal): Promise<void> {
    const { drift } = held.assignment;
    const write = drift === 'correct';
    const { due, waitMs } = this.parts.drift.take(write, this.context.clock.monotonic());
    if (drift === 'off') return;
    if (waitMs !== null) this.parts.pacing.lookLater(waitMs, () => this.lookAgain());
    if (due.size === 0) return;
    const result = await this.parts.passes.correct(held, due, write, signal);
    if (result.kind === 'cut') return;
    if (result.kind === 'stuck') return this.stuck(result.errors, signal);
    this.parts.drift.markAll();
    this.parts.teller.judge();
  }

  private stuck(found: readonly ObjectError[], signal: AbortSignal, message?: string): void {
    // What was cut short is no failure.
    if (signal.aborted) return;
    const errors = this.parts.mask.hideErrors(found);
    if (this.parts.state.asked === null && (message !== undefined || !this.standsAfter(errors))) {
      this.parts.state.sync = { kind: 'stuck', errors, ...(message !== undefined && { message }) };
      this.parts.teller.judge();
    }
    // What differs elsewhere is put back meanwhile.
    this.parts.drift.markAll();
    const shown = errors.slice(0, 5).map((error) => `${refTitle(error.ref)}: ${error.message}`);
    const retryInMs = this.parts.pacing.retry(this.leastWaitAfter(errors), () => this.pass({ force: false }));
    this.parts.logger.warn({ errors: shown, count: errors.length, message, retryInMs }, 'not applied');
  }

  /** Whether the former verdict is still what is known. */
  private standsAfter(errors: readonly ObjectError[]): boolean {
    const { state, inventory, objects } = this.parts;
    const isWhole = state.held !== null && inventory.isWhole(state.held.assignment);
    return isWhole && verdictStands(state.sync, errors, objects);
  }

  /** What failed by itself waits for itself. */
  private leastWaitAfter(errors: readonly ObjectError[]): number {
    const { failing } = this.parts;
    const others = errors.filter(({ ref }) => !failing.has(refKey(ref)));
    if (errors.length > others.length && others.length === 0) return failing.nextWait(this.context.clock.monotonic());
    return Math.max(0, ...others.map(({ retryAfterMs }) => retryAfterMs ?? 0));
  }

  private lookAgain(): void {
    this.parts.drift.markAll();
    this.loop.kick();
  }

  /** The API server or the bus did not answer: what is known stays, and it is tried again. */
  private failed(error: unknown): void {
    if (this.loop.isClosed) return;
    // What failed for an older assignment is no reason to wait with the newer.
    if (error instanceof RetryableError && error.code === 'superseded') return;
    if (this.parts.state.asked === null && !this.parts.state.isPassDue) this.parts.state.askAgain({ force: false });
    const retryInMs = this.parts.pacing.pause(() => this.loop.kick());
    if (error instanceof RetryableError) {
      const why = this.parts.mask.hide(messageOf(error)).slice(0, 300);
      this.parts.logger.info({ why, retryInMs }, 'cannot go on now; trying again');
    } else {
      this.parts.logger.error({ err: error, retryInMs }, 'an application could not be worked on');
    }
  }
}
