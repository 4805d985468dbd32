import type { JsonObject } from '#domain';
import type { Logger } from '#kit';
import { type ApplyItem, type Difference, mapAt, type ObjectError, textAt } from '#kube';
import { type ApplicationInventory, overBudget } from './application-inventory.js';
import type { ApplicationObjects } from './application-objects.js';
import type { ApplicationHooks, StageResult } from '../hooks/application-hooks.js';
import { type OpenedBundle, placesOf, prepareBundle } from './apply-pass.js';
import type { BundleMask } from './bundle-mask.js';
import type { DriftLedger } from './drift-ledger.js';
import type { FailingObjects } from './failing-objects.js';
import type { Progress } from './halted-sync.js';
import type { HeldBundle } from './held-bundle.js';
import { PacedApply } from './paced-apply.js';
import type { Pacing } from './pacing.js';
import type { WorkerContext } from './worker-context.js';

/** What came of a pass over an application's objects. */
export type PassResult =
  /** Everything is as it is wanted, or told as drift where nothing is written. */
  | { readonly kind: 'done'; readonly differing: readonly Difference[] }
  /** Something newer, a halt or the end of the agent cut it short. */
  | { readonly kind: 'cut' }
  | {
      readonly kind: 'stuck';
      readonly errors: readonly ObjectError[];
      readonly message?: string;
      readonly differing: readonly Difference[];
    };

/** Hooks may be in a namespace, and of a kind, that come with them. */
const FOUNDATION: readonly string[] = ['Namespace', 'CustomResourceDefinition'];

interface ApplyTerms {
  /** Read and dry-run everything, whatever the fingerprints say. */
  readonly force: boolean;
  /** False: only tell what differs. */
  readonly write: boolean;
  /** The same was applied before: what differs is somebody else's doing. */
  readonly again: boolean;
}

export interface ApplicationParts {
  readonly objects: ApplicationObjects;
  readonly inventory: ApplicationInventory;
  readonly hooks: ApplicationHooks;
  readonly drift: DriftLedger;
  readonly failing: FailingObjects;
  readonly mask: BundleMask;
  readonly pacing: Pacing;
  readonly logger: Logger;
}

/** Goes over the objects of one application: applies them, looks at them, corrects them. When, is the worker's to say. */
export class ApplicationPasses {
  /** The generation whose objects are looked at. */
  private generation = -1;
  private closed = false;
  private readonly paced: PacedApply;
  /** Kinds whose rules of health are others, and whose objects are not listed anew yet. */
  private readonly reruled = new Set<string>();

  constructor(
    private readonly application: string,
    private readonly context: WorkerContext,
    private readonly parts: ApplicationParts,
  ) {
    this.paced = new PacedApply(application, context, parts);
  }

  /** Brings all of a bundle into the cluster; its objects may be at hand already. @throws RetryableError */
  async applyAll(
    held: HeldBundle,
    given: readonly JsonObject[] | undefined,
    terms: ApplyTerms,
    signal: AbortSignal,
  ): Promise<PassResult> {
    const { inventory, mask } = this.parts;
    const bundle = await this.prepareAll(given ?? (await held.objects()), held);
    const { items, errors } = bundle;
    // What was applied before goes on being enforced without those that can't even be looked for now.
    if (errors.length > 0 && terms.again) return withErrors(await this.goOver(items, held, terms, signal), errors);
    if (errors.length > 0) return stuck(errors);
    const keys = keysOf(bundle);
    const plan = await inventory.inspect(keys, held, signal);
    const tooMany = await overBudget(plan, held);
    if (signal.aborted) return { kind: 'cut' };
    if (tooMany !== null) return { ...stuck(plan?.errors ?? []), message: tooMany };
    if (!terms.again) this.parts.hooks.begin(held.assignment, bundle.hooks);
    await inventory.recordUnion(items, held);
    const first = terms.again ? null : await this.runFirstHooks(bundle, held, terms, signal);
    if (first !== null) return first;
    const result = await this.goOver(items, held, terms, signal);
    if (result.kind === 'done') {
      inventory.settle(keys, held.assignment);
      mask.settle();
    }
    return result;
  }

  /** Finds out how far a generation came, and writes nothing. @throws RetryableError */
  async look(held: HeldBundle, signal: AbortSignal): Promise<void> {
    const bundle = await this.prepareAll(await held.objects(), held);
    const { items } = bundle;
    if (signal.aborted) return;
    await this.track(items, held);
    await this.apply(items, held, { force: true, write: false, again: true }, signal);
    this.watch(items);
    this.parts.inventory.countSurplus(keysOf(bundle));
  }

  /** Everything is healthy: the hooks that come last are run. @throws RetryableError */
  async runLastHooks(held: HeldBundle, signal: AbortSignal): Promise<StageResult> {
    const { hooks, errors } = await this.prepareAll(await held.objects(), held);
    const [broken] = errors;
    // It may be one of them.
    if (broken !== undefined) return { kind: 'stuck', error: broken, isFinal: false };
    return await this.parts.hooks.runStage(held.assignment, hooks, signal);
  }

  /** Puts some objects back, by their keys; without `write` only finds out what differs. @throws RetryableError */
  async correct(held: HeldBundle, due: ReadonlySet<string>, write: boolean, signal: AbortSignal): Promise<PassResult> {
    const names = new Set([...due].map((key) => this.parts.objects.get(key)?.ref.name));
    const objects = (await held.objects()).filter((object) => names.has(textAt(mapAt(object, 'metadata'), 'name')));
    const { items, errors } = await this.prepare(objects, held);
    const mine = items.filter((item) => due.has(item.key));
    const result = await this.apply(mine, held, { force: false, write, again: true }, signal);
    this.note(result, write);
    const met = new Set(mine.map(({ key }) => key));
    const unmet = this.blame(
      errors,
      [...due].filter((key) => !met.has(key)),
    );
    this.parts.failing.note(unmet, this.context.clock.monotonic());
    return withErrors(result, unmet);
  }

  /** The rules of health are others: what they speak of is looked at again; until it was, the former verdict stands. */
  async judgeAnew({ assignment }: HeldBundle): Promise<void> {
    const kinds = await this.parts.objects.rules.take(assignment.health);
    if (!this.closed) this.context.watches.renew(kinds);
  }

  /** Whose objects are tracked; -1: none are yet. */
  get trackedGeneration(): number {
    return this.generation;
  }

  /** How far a generation has come. */
  progress(generation: number): Progress {
    const { objects, inventory } = this.parts;
    const applied = generation === this.generation ? objects.appliedCount : null;
    return { applied, of: objects.size, surplus: inventory.surplusCount };
  }

  close(): void {
    this.closed = true;
    this.context.watches.drop(this.parts.objects);
    this.parts.objects.close();
  }

  private async prepareAll(sealed: readonly JsonObject[], held: HeldBundle): Promise<OpenedBundle> {
    const bundle = await this.prepare(sealed, held);
    const { objects, hidden } = bundle;
    this.parts.mask.learn(held.assignment.digest, [...objects, ...hidden], sealed.length - objects.length);
    return bundle;
  }

  /** What the first hooks may need to be there at all comes before them; null: they have ended well, or there are none. */
  private async runFirstHooks(
    { items, hooks }: OpenedBundle,
    held: HeldBundle,
    terms: ApplyTerms,
    signal: AbortSignal,
  ): Promise<PassResult | null> {
    if (!this.parts.hooks.isFirstDue) return null;
    const foundation = items.filter(({ ref }) => FOUNDATION.includes(ref.kind));
    const founded = foundation.length === 0 ? null : await this.apply(foundation, held, terms, signal);
    if (founded !== null && founded.kind !== 'done') return founded;
    const result = await this.parts.hooks.runStage(held.assignment, hooks, signal);
    if (result.kind === 'stuck') return stuck([result.error]);
    return result.kind === 'cut' ? result : null;
  }

  private prepare(objects: readonly JsonObject[], { assignment }: HeldBundle): ReturnType<typeof prepareBundle> {
    return prepareBundle(this.application, this.context, objects, assignment);
  }

  private async goOver(
    items: readonly ApplyItem[],
    held: HeldBundle,
    terms: ApplyTerms,
    signal: AbortSignal,
  ): Promise<PassResult> {
    await this.track(items, held);
    const { objects } = this.parts;
    if (!terms.again) objects.hold();
    let result: PassResult;
    try {
      result = await this.apply(items, held, terms, signal);
    } finally {
      objects.release();
      this.watch(items);
    }
    if (held.assignment.drift === 'off') this.parts.drift.forget();
    else this.note(result, terms.write);
    return result;
  }

  /** The errors of objects of which not even the kind could be found out, each as the object that is tracked. */
  private blame(errors: readonly ObjectError[], keys: readonly string[]): readonly ObjectError[] {
    return keys.flatMap((key) => {
      const ref = this.parts.objects.get(key)?.ref;
      const error = errors.find(
        (each) => each.ref.kind === ref?.kind && each.ref.apiVersion === ref.apiVersion && each.ref.name === ref.name,
      );
      return ref === undefined || error === undefined ? [] : [{ ...error, ref }];
    });
  }

  private async apply(
    items: readonly ApplyItem[],
    { assignment }: HeldBundle,
    terms: ApplyTerms,
    signal: AbortSignal,
  ): Promise<PassResult> {
    const { errors, differing } = await this.paced.run(items, { ...terms, assignment, signal });
    if (signal.aborted) return { kind: 'cut' };
    return errors.length > 0 ? { ...stuck(errors), differing } : { kind: 'done', differing };
  }

  private note(result: PassResult, corrected: boolean): void {
    if (result.kind === 'cut' || result.differing.length === 0) return;
    const { drift, logger } = this.parts;
    drift.note(result.differing, corrected, this.context.clock.monotonic());
    logger.info({ fields: drift.fields, corrected }, 'the cluster differed from Git');
  }

  private async track(items: readonly ApplyItem[], { assignment }: HeldBundle): Promise<void> {
    const { objects, inventory, drift } = this.parts;
    for (const kind of await objects.rules.take(assignment.health)) this.reruled.add(kind);
    objects.replace(items, inventory.all);
    // By rules that it was not judged by, nothing of this generation is healthy.
    objects.unsee(this.reruled);
    drift.clearMarks();
    this.generation = assignment.generation;
  }

  private watch(items: readonly ApplyItem[]): void {
    if (this.closed) return;
    this.context.watches.renew(this.reruled);
    this.reruled.clear();
    this.context.watches.want(this.parts.objects, placesOf(items, this.context.reach));
  }
}

/** Whatever the bundle names, hooks too: none of it is deleted for not being in Git. */
function keysOf({ items, hooks }: Pick<OpenedBundle, 'items' | 'hooks'>): ReadonlySet<string> {
  return new Set([...items, ...hooks].map((item) => item.key));
}

function withErrors(result: PassResult, errors: readonly ObjectError[]): PassResult {
  if (result.kind === 'cut' || errors.length === 0) return result;
  const others = result.kind === 'stuck' ? result.errors : [];
  return { ...stuck([...errors, ...others]), differing: result.differing };
}

function stuck(errors: readonly ObjectError[]): Extract<PassResult, { kind: 'stuck' }> {
  return { kind: 'stuck', errors, differing: [] };
}
