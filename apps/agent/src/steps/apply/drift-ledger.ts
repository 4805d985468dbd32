import { type Difference, hasDrifted, refTitle } from '#kube';
import type { ApplicationObjects } from './application-objects.js';
import type { FailingObjects } from './failing-objects.js';

/** So many corrections of one object go unhindered; then each waits twice as long as the one before. */
const FREE_CORRECTIONS = 5;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 5 * 60_000;
/** After so long without one, an object's corrections count from nothing. */
const FORGIVEN_AFTER_MS = 10 * 60_000;
const MOST_FIELDS = 20;

/** What differs from Git by somebody else's doing: what is to be looked at, what was put back, what is only told. */
export class DriftLedger {
  private readonly dirty = new Set<string>();
  /** What is only told, by key: the ownership for which it was found. */
  private readonly told = new Map<string, string>();
  private count = 0;
  private paths: readonly string[] = [];

  constructor(
    private readonly objects: ApplicationObjects,
    private readonly failing: Pick<FailingObjects, 'waitOf'>,
  ) {}

  mark(key: string): void {
    this.dirty.add(key);
  }

  /** Marks whatever is not as it was made sure of. */
  markAll(): void {
    for (const key of this.objects.drifted()) this.dirty.add(key);
  }

  get isDirty(): boolean {
    return this.dirty.size > 0;
  }

  get corrected(): number {
    return this.count;
  }

  get drifted(): number {
    return this.told.size;
  }

  /** `Kind namespace/name: path`; never a value. */
  get fields(): readonly string[] {
    return this.paths;
  }

  /** A new generation starts from nothing. */
  reset(): void {
    this.count = 0;
    this.paths = [];
    this.told.clear();
  }

  /** Drift is not looked at any more. */
  forget(): void {
    this.told.clear();
    this.paths = [];
  }

  clearMarks(): void {
    this.dirty.clear();
  }

  /**
   * Takes the marked objects: those to be looked at now, and in how many milliseconds the next of the others may be. Two who each
   * want their own way must not set each other off without end, so an object that is put back again and again waits; so does one
   * that could not be put back.
   */
  take(write: boolean, now: number): { readonly due: ReadonlySet<string>; readonly waitMs: number | null } {
    const keys = [...this.dirty].filter((key) => this.isWorthALook(key));
    this.dirty.clear();
    const waits = new Map(
      keys.map((key) => [key, Math.max(this.failing.waitOf(key, now), write ? this.waitOf(key, now) : 0)]),
    );
    const due = new Set(keys.filter((key) => (waits.get(key) ?? 0) <= 0));
    const later = [...waits.values()].filter((wait) => wait > 0);
    return { due, waitMs: later.length === 0 ? null : Math.min(...later) };
  }

  /** What a look found: put back, or only told. */
  note(differing: readonly Difference[], corrected: boolean, now: number): void {
    if (differing.length === 0) return;
    const titled = differing.flatMap(({ item, paths }) => paths.map((path) => `${refTitle(item.ref)}: ${path}`));
    this.paths = titled.slice(0, MOST_FIELDS);
    for (const { item } of differing) {
      const object = this.objects.get(item.key);
      if (!corrected) {
        this.told.set(item.key, object?.live?.owned ?? 'absent');
        object?.differs();
      }
      if (!corrected || object === undefined) continue;
      this.count += 1;
      object.corrections = now - object.correctedAt > FORGIVEN_AFTER_MS ? 1 : object.corrections + 1;
      object.correctedAt = now;
    }
  }

  /** Forgets what was told and is no longer so. */
  settle(): void {
    for (const key of this.told.keys()) {
      const object = this.objects.get(key);
      if (object === undefined || (object.verified !== undefined && !hasDrifted(object.known()))) this.told.delete(key);
    }
  }

  /** A drift that was told is not looked at again until it is another one. */
  private isWorthALook(key: string): boolean {
    const object = this.objects.get(key);
    if (object === undefined || !hasDrifted(object.known())) return false;
    return this.told.get(key) !== (object.live?.owned ?? 'absent');
  }

  private waitOf(key: string, now: number): number {
    const object = this.objects.get(key);
    if (object === undefined || object.corrections < FREE_CORRECTIONS) return 0;
    const wait = Math.min(FIRST_WAIT_MS * 2 ** (object.corrections - FREE_CORRECTIONS), LONGEST_WAIT_MS);
    return object.correctedAt + wait - now;
  }
}
