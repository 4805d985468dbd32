import { type ObjectError, refKey } from '#kube';

interface Failing {
  readonly error: ObjectError;
  /** One after the other. */
  readonly failures: number;
  /** Monotonic, ms. */
  readonly notBefore: number;
}

/** However long the API server wants to be left alone, it is asked again within this time. */
const LONGEST_RETRY_AFTER_MS = 10 * 60_000;

export interface FailingObjectsOptions {
  /** The wait after the first failure, ms; each further one is twice as long, up to `retryMaxMs`. */
  readonly retryMs: number;
  readonly retryMaxMs: number;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** The objects of an application that could not be applied: what was wrong with each, and when it may be tried again. */
export class FailingObjects {
  private readonly failing = new Map<string, Failing>();

  constructor(private readonly options: FailingObjectsOptions) {}

  has(key: string): boolean {
    return this.failing.has(key);
  }

  /** What was wrong with it last. */
  errorOf(key: string): ObjectError | undefined {
    return this.failing.get(key)?.error;
  }

  /** How long it is still left alone, ms; 0: not at all. */
  waitOf(key: string, now: number): number {
    return Math.max(0, (this.failing.get(key)?.notBefore ?? 0) - now);
  }

  /** How long until the first of them may be tried again, ms; 0: there is none. */
  nextWait(now: number): number {
    const waits = [...this.failing.keys()].map((key) => this.waitOf(key, now));
    return waits.length === 0 ? 0 : Math.min(...waits);
  }

  /** Each was tried, and failed. Answers whether one of them had not failed before. */
  note(errors: readonly ObjectError[], now: number): boolean {
    let isNews = false;
    for (const error of errors) {
      const key = refKey(error.ref);
      const before = this.failing.get(key)?.failures ?? 0;
      isNews ||= before === 0;
      const { retryMs, retryMaxMs, random } = this.options;
      const wait = Math.min(retryMs * 2 ** before, retryMaxMs) * (0.75 + random() * 0.5);
      const least = Math.min(error.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
      this.failing.set(key, { error, failures: before + 1, notBefore: now + Math.max(wait, least) });
    }
    return isNews;
  }

  /** It is as it is wanted, or no longer wanted. */
  forget(key: string): void {
    this.failing.delete(key);
  }

  /** Something new was asked for: nothing waits for what is past. */
  reset(): void {
    this.failing.clear();
  }

  keys(): readonly string[] {
    return [...this.failing.keys()];
  }
}
