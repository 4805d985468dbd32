import type { ManifestApplication } from '#domain';
import { type ApplyInput, type ApplyItem, type ApplyResult, refKey } from '#kube';
import type { ApplicationObjects } from './application-objects.js';
import { applyItems } from './apply-pass.js';
import type { BundleMask } from './bundle-mask.js';
import type { FailingObjects } from './failing-objects.js';
import { holdBack } from './hold-back.js';
import type { Pacing } from './pacing.js';
import type { WorkerContext } from './worker-context.js';

export interface PacedApplyParts {
  readonly objects: ApplicationObjects;
  readonly failing: FailingObjects;
  readonly mask: BundleMask;
  readonly pacing: Pacing;
}

type Terms = Pick<ApplyInput, 'force' | 'write' | 'again' | 'signal'> & { readonly assignment: ManifestApplication };
type Found = Pick<ApplyResult, 'errors' | 'differing'>;

/** Applies an application's objects while each that failed lately is left alone for as long as it has to be. */
export class PacedApply {
  constructor(
    private readonly application: string,
    private readonly context: WorkerContext,
    private readonly parts: PacedApplyParts,
  ) {}

  /** The errors of those that are left alone are among the errors. @throws RetryableError */
  async run(items: readonly ApplyItem[], terms: Terms): Promise<Found> {
    const { objects, failing } = this.parts;
    const isAbsent = (key: string): boolean => objects.get(key)?.live === null;
    const held = holdBack(items, { failing, now: this.now(), again: terms.again, isAbsent });
    if (held.suspects.length > 0) {
      // While one of them fails, to ask about everything else of its stage would be in vain.
      const { errors } = await this.attempt(held.suspects, { ...terms, write: false });
      if (errors.length > 0) return { errors: [...held.errors, ...errors], differing: [] };
    }
    const { errors, differing } = await this.attempt(held.tried, terms);
    return { errors: [...held.errors, ...errors], differing };
  }

  private async attempt(items: readonly ApplyItem[], terms: Terms): Promise<Found> {
    const { objects, failing, mask, pacing } = this.parts;
    const result = await applyItems(this.application, this.context, objects, {
      ...terms,
      items,
      mask,
      isDoubted: ({ key }) => failing.has(key),
    });
    if (terms.signal.aborted) return result;
    const failed = new Set(result.errors.map(({ ref }) => refKey(ref)));
    for (const { key, digest } of items) {
      if (!failed.has(key) && objects.get(key)?.verified?.desired === digest) failing.forget(key);
    }
    // What fails for the first time is tried again as soon as anything would be.
    if (failing.note(result.errors, this.now())) pacing.succeeded();
    return result;
  }

  private now(): number {
    return this.context.clock.monotonic();
  }
}
