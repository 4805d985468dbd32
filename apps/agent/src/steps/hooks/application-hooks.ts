import type { ManifestApplication } from '#domain';
import type { Logger } from '#kit';
import {
  annotationOf,
  type ApplyItem,
  beginRun,
  deletePoliciesOf,
  endStage,
  HOOK_RUN_ANNOTATION,
  type HookRun,
  hooksOf,
  type HookStage,
  isSuccess,
  ObjectCalls,
  type ObjectError,
  refTitle,
  runMark,
  uidOf,
} from '#kube';
import type { ApplicationInventory } from '../apply/application-inventory.js';
import type { BundleMask } from '../apply/bundle-mask.js';
import { asUserOf, namingAccount } from '../apply/service-account.js';
import type { WorkerContext } from '../apply/worker-context.js';
import { awaitHook, GONE, type HookEnd, runsToItsEnd } from './await-hook.js';
import { isNeverDeleted, makeHook } from './make-hook.js';

export interface ApplicationHooksOptions {
  readonly inventory: ApplicationInventory;
  readonly mask: BundleMask;
  readonly logger: Logger;
  /** There is something else to tell. */
  readonly onNews: () => void;
}

/** What of an application's hooks is to be told. */
export interface HookStanding {
  /** What goes on, or is still to be done. */
  readonly message: string;
  /** What is in the way. */
  readonly error?: ObjectError;
}

export type StageResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'cut' }
  /** `isFinal`: a hook ended badly, and none is run until there is a newer generation. */
  | { readonly kind: 'stuck'; readonly error: ObjectError; readonly isFinal: boolean };

type Terms = Pick<ManifestApplication, 'generation' | 'digest' | 'exempt'>;

/** Runs the hooks of an application's charts, each once for a release, one after another. */
export class ApplicationHooks {
  private running: ApplyItem | null = null;
  private trouble: ObjectError | null = null;
  private isWaiting = false;

  constructor(
    private readonly application: string,
    private readonly context: WorkerContext,
    private readonly options: ApplicationHooksOptions,
  ) {}

  /** A newer generation came. */
  reset(): void {
    this.running = null;
    this.trouble = null;
    this.isWaiting = false;
  }

  /** A release is about to be applied: its run is begun, or goes on. To be recorded before anything is done. */
  begin({ generation, digest, exempt }: Terms, hooks: readonly ApplyItem[]): void {
    const { inventory } = this.options;
    const wasApplied = inventory.runs !== '';
    const basis = { digest, generation, hooks, wasApplied, isTakingBack: exempt !== undefined };
    inventory.hooks = beginRun(inventory.hooks, basis);
  }

  /** Whether the hooks that come before everything else are still to be run. */
  get isFirstDue(): boolean {
    return this.run?.stage === 'pre';
  }

  /** Whether the hooks that come last are to be run now. */
  isLastDue(assignment: ManifestApplication): boolean {
    const { run } = this;
    if (this.isWaiting || run?.stage !== 'post' || run.failed !== undefined) return false;
    return run.digest === assignment.digest && this.options.inventory.isWhole(assignment);
  }

  /** What is to be told; null: nothing. */
  standing(assignment: Terms): HookStanding | null {
    const { run } = this;
    if (run === undefined || run.digest !== assignment.digest || run.stage === 'done') return null;
    const what = `${run.stage}-${run.event}`;
    const { failed } = run;
    const error = failed === undefined ? this.trouble : failure(run, failed);
    const message =
      this.running === null
        ? `its ${what} hooks are to be run`
        : `its ${what} hook ${refTitle(this.running.ref)} is running`;
    return { message, ...(error !== null && { error }) };
  }

  /** It is tried again in a while; until then nothing of it is due. */
  waitUntil(): () => void {
    this.isWaiting = true;
    return () => (this.isWaiting = false);
  }

  /** Runs what is left of the stage that is due. @throws RetryableError */
  async runStage(
    assignment: ManifestApplication,
    hooks: readonly ApplyItem[],
    signal: AbortSignal,
  ): Promise<StageResult> {
    const { run } = this;
    if (run === undefined || run.stage === 'done') return { kind: 'done' };
    if (run.failed !== undefined) return { kind: 'stuck', error: failure(run, run.failed), isFinal: true };
    const { stage } = run;
    const mine = hooksOf(hooks, stage, run.event);
    const calls = new ObjectCalls(this.context.kube, signal, asUserOf(assignment).asUser);
    try {
      for (const item of mine) {
        if (signal.aborted) return { kind: 'cut' };
        if (this.run?.ended.includes(item.key) === true) continue;
        const result = await this.runOne(item, assignment, calls, signal);
        if (result.kind !== 'done') return await this.stopped(result, mine, calls);
      }
      await this.deleteAll(mine, 'hook-succeeded', calls);
      if (signal.aborted) return { kind: 'cut' };
      await this.save(endStage(this.run ?? run, hooks), assignment);
      return { kind: 'done' };
    } finally {
      this.running = null;
    }
  }

  private get run(): HookRun | undefined {
    return this.options.inventory.hooks;
  }

  private async runOne(
    item: ApplyItem,
    assignment: ManifestApplication,
    calls: ObjectCalls,
    signal: AbortSignal,
  ): Promise<StageResult> {
    const { run } = this;
    if (run === undefined) return { kind: 'cut' };
    const { mask, logger } = this.options;
    this.running = item;
    this.options.onNews();
    const before = run.current?.key === item.key && runsToItsEnd(item) ? run.current.uid : undefined;
    const { application } = this;
    const made = await makeHook(item, { calls, application, mark: runMark(run), before, mask: mask.mask });
    if (signal.aborted) return { kind: 'cut' };
    if (made.kind === 'stuck') {
      const [error = made.error] = await namingAccount([made.error], this.context, assignment);
      this.trouble = mask.hideErrors([error])[0] ?? error;
      return { kind: 'stuck', error: this.trouble, isFinal: false };
    }
    let end: HookEnd = made.kind === 'gone' ? GONE : { kind: 'ended' };
    if (made.kind !== 'gone' && runsToItsEnd(item)) {
      await this.save({ ...run, current: { key: item.key, uid: uidOf(made.live) } }, assignment);
      end = await this.awaitEnd(item, made.live, calls, signal);
    }
    if (end.kind === 'cut') return end;
    this.trouble = null;
    const { current: _current, ...rest } = run;
    if (end.kind === 'ended') {
      logger.info({ hook: refTitle(item.ref), as: `${run.stage}-${run.event}` }, 'a hook ended well');
      await this.save({ ...rest, ended: [...run.ended, item.key] }, assignment);
      return { kind: 'done' };
    }
    const failed = { ref: item.ref, message: mask.hide(end.message).slice(0, 500) };
    logger.warn({ hook: refTitle(item.ref), why: failed.message }, 'a hook failed');
    // Remembered before anything else: it is not to be run again.
    await this.save({ ...rest, failed }, assignment);
    await this.deleteAll([item], 'hook-failed', calls);
    return { kind: 'stuck', error: failure(run, failed), isFinal: true };
  }

  private async awaitEnd(
    item: ApplyItem,
    live: Parameters<typeof awaitHook>[1],
    calls: ObjectCalls,
    signal: AbortSignal,
  ): Promise<HookEnd> {
    const { kube, clock, random, timing } = this.context;
    const { logger, mask, onNews } = this.options;
    const onTrouble = (found: string | null): void => {
      const message = found === null ? null : `it does not come to its end: ${mask.hide(found)}`;
      if (message === (this.trouble?.message ?? null)) return;
      this.trouble = message === null ? null : { ref: item.ref, reason: 'HookHeldUp', message, transient: false };
      onNews();
    };
    const { watchIdleMs } = timing;
    return await awaitHook(item, live, { kube, calls, clock, random, logger, watchIdleMs, signal, onTrouble });
  }

  private async stopped(result: StageResult, hooks: readonly ApplyItem[], calls: ObjectCalls): Promise<StageResult> {
    // As Helm does it: what ended well before the one that failed goes, where it says so.
    if (result.kind === 'stuck' && result.isFinal) {
      const ended = new Set(this.run?.ended);
      await this.deleteAll(
        hooks.filter(({ key }) => ended.has(key)),
        'hook-succeeded',
        calls,
      );
    }
    return result;
  }

  /** Deletes what this run made and a policy of its own gives up, the last first. What can't be deleted stays: it is done all the same. */
  private async deleteAll(hooks: readonly ApplyItem[], policy: string, calls: ObjectCalls): Promise<void> {
    const { run } = this;
    if (run === undefined) return;
    for (const item of [...hooks].reverse()) {
      if (!deletePoliciesOf(item.object).includes(policy) || isNeverDeleted(item.ref)) continue;
      const { status, body } = await calls.get(item);
      if (status !== 200 || annotationOf(body, HOOK_RUN_ANNOTATION) !== runMark(run)) continue;
      const answer = await calls.delete(item, uidOf(body));
      if (isSuccess(answer) || answer.status === 404) continue;
      this.options.logger.warn(
        { hook: refTitle(item.ref), policy, status: answer.status },
        'a hook can not be deleted',
      );
    }
  }

  private async save(run: HookRun, assignment: ManifestApplication): Promise<void> {
    const { inventory } = this.options;
    inventory.hooks = run;
    await inventory.save(assignment, new Map());
  }
}

function failure({ stage, event }: { stage: HookStage | 'done'; event: string }, failed: FailedHook): ObjectError {
  const message = `the ${stage}-${event} hook failed: ${failed.message}`;
  return { ref: failed.ref, reason: 'HookFailed', message, transient: false };
}

type FailedHook = NonNullable<HookRun['failed']>;
