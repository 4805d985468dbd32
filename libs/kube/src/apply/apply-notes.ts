import type { ApplyInput, Difference } from './apply-objects.js';
import { type ApiError, UNSERVED } from './api-error.js';
import { immutableHint, type Known } from './decide.js';
import { errorText } from './mask-secret.js';
import type { ApplyItem, ObjectError } from './prepare.js';

/** What a run of applies has to tell. */
export class ApplyNotes {
  readonly errors: ObjectError[] = [];
  readonly differing: Difference[] = [];

  constructor(private readonly input: Pick<ApplyInput, 'discovery' | 'mask' | 'again'>) {}

  /** Notes a difference that is not the bundle's own. */
  differs(item: ApplyItem, known: Known, paths: readonly string[]): void {
    if (!this.input.again && known.verified?.desired !== item.digest) return;
    this.differing.push({ item, paths: [...new Set(paths)].slice(0, 20) });
  }

  fail(item: ApplyItem, error: ApiError): null {
    const { reason, transient, retryAfterMs } = error;
    // Its kind was taken away: what was known of it is past.
    if (reason === UNSERVED) this.input.discovery.forget(item.ref.apiVersion);
    const message = `${errorText(error, item.object, this.input.mask)}${immutableHint(error)}`;
    this.errors.push({
      ref: item.ref,
      reason,
      message,
      transient,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
    return null;
  }

  reject(item: ApplyItem, reason: string, message: string, transient = false): null {
    this.errors.push({ ref: item.ref, reason, message, transient });
    return null;
  }
}
