import type { JsonObject } from '#domain';
import { type ObjectError, SecretMask } from '#kube';

/** So many texts are remembered that the cluster's Secrets had beside those of Git: some change by themselves, for ever. */
const MOST_SEEN = 5_000;
/** So many releases that were not applied whole are remembered. */
const MOST_UNSETTLED = 16;

/**
 * What must not be told of an application: the values of its Secrets, in Git and in the cluster, and those that pods may still have
 * of the releases before.
 */
export class BundleMask {
  private digest = '';
  /** Of the release that was applied whole last, and of the one before it. */
  private settled: readonly SecretMask[] = [];
  /** Of what was taken up since, the newest last. */
  private unsettled: readonly SecretMask[] = [];
  private all = SecretMask.growing([]);
  /** How much of that is of Git. */
  private known = 0;

  /**
   * The objects of the bundle with that digest are about to be applied, or looked at; `missing`: how many could not be decrypted, and
   * are to be learned when they can be.
   */
  learn(digest: string, objects: readonly JsonObject[], missing = 0): void {
    const learned = missing === 0 ? digest : `${digest} without ${missing}`;
    if (learned === this.digest) return;
    this.digest = learned;
    this.unsettled = [...this.unsettled, SecretMask.of(objects)].slice(-MOST_UNSETTLED);
    this.forgetSeen();
  }

  /** An object as the cluster has it: others may have put other values there. */
  see(live: JsonObject): void {
    if (this.all.size > this.known + MOST_SEEN) this.forgetSeen();
    this.all.learn(live);
  }

  /** What was learned last was applied whole. */
  settle(): void {
    const last = this.unsettled.at(-1);
    if (last === undefined) return;
    this.settled = [...this.settled, last].slice(-2);
    this.unsettled = [];
  }

  get mask(): SecretMask {
    return this.all;
  }

  hide(text: string): string {
    return this.all.hide(text);
  }

  hideErrors(errors: readonly ObjectError[]): readonly ObjectError[] {
    return errors.map((error) => ({ ...error, reason: this.hide(error.reason), message: this.hide(error.message) }));
  }

  private forgetSeen(): void {
    this.all = SecretMask.growing([...this.settled, ...this.unsettled]);
    this.known = this.all.size;
  }
}
