import type { JsonObject } from '#domain';
import { type ObjectError, SecretMask } from '#kube';

/** What must not be told of an application: the values of its Secrets, and of those that pods of its former release still have. */
export class BundleMask {
  private digest = '';
  private present = SecretMask.none;
  private both = SecretMask.none;

  /** The objects of the bundle with that digest are about to be applied, or looked at. */
  learn(digest: string, objects: readonly JsonObject[]): void {
    if (digest === this.digest) return;
    const former = this.present;
    this.digest = digest;
    this.present = SecretMask.of(objects);
    this.both = this.present.with(former);
  }

  get mask(): SecretMask {
    return this.both;
  }

  hide(text: string): string {
    return this.both.hide(text);
  }

  hideErrors(errors: readonly ObjectError[]): readonly ObjectError[] {
    if (this.both.isEmpty) return errors;
    return errors.map((error) => ({ ...error, reason: this.hide(error.reason), message: this.hide(error.message) }));
  }
}
