import { HEALTH_GRACES_MS, isFine, type JsonObject, podTrouble } from '#domain';
import type { Logger } from '#kit';
import { type ApplyItem, hasDrifted, type InventoryEntry, liveStateOf, refKey, refOf } from '#kube';
import type { Clock, Kube } from '#ports';
import { ApplicationRules } from './application-rules.js';
import { groupKindOf, type ObjectListener } from './kind-watches.js';
import { KnownClasses } from './known-classes.js';
import { PodWatch } from './pod-watch.js';
import { type Around, TrackedObject } from './tracked-object.js';

export interface ApplicationObjectsOptions {
  readonly kube: Kube;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly podsAfterMs: number;
  readonly watchIdleMs: number;
  /** A verdict may have changed. */
  readonly onHealth: () => void;
  /** An object is not as it was made sure of. */
  readonly onDrift: (key: string) => void;
}

/** The objects of one application as they are seen in the cluster, and what their health is. */
export class ApplicationObjects implements ObjectListener {
  private tracked = new Map<string, TrackedObject>();
  private readonly notFine = new Map<string, TrackedObject>();
  /** What the application says of its custom resources' health. */
  readonly rules = new ApplicationRules();
  private readonly classes: KnownClasses;
  private isHeld = false;

  constructor(private readonly options: ApplicationObjectsOptions) {
    this.classes = new KnownClasses(options);
  }

  /** From now on these are the application's; what is known of those that stay is kept. */
  replace(items: readonly ApplyItem[], inventory: readonly InventoryEntry[]): void {
    const former = this.tracked;
    const completed = new Map(inventory.map((entry) => [refKey(entry), entry.completed]));
    this.tracked = new Map();
    this.notFine.clear();
    for (const { key, ref, digest } of items) {
      const before = former.get(key);
      let object = before;
      if (before === undefined) {
        object = new TrackedObject(ref, digest);
        if (completed.get(key) === digest) object.completed = digest;
      } else if (before.desired !== digest) {
        object = new TrackedObject(ref, digest).succeed(before);
      }
      former.delete(key);
      if (object !== undefined) {
        this.tracked.set(key, object);
        this.judge(key, object);
      }
    }
    for (const gone of former.values()) gone.close();
  }

  get(key: string): TrackedObject | undefined {
    return this.tracked.get(key);
  }

  get entries(): ReadonlyMap<string, TrackedObject> {
    return this.tracked;
  }

  get size(): number {
    return this.tracked.size;
  }

  /** How many were made sure of as they are wanted now. */
  get appliedCount(): number {
    return [...this.tracked.values()].filter(({ verified, desired }) => verified?.desired === desired).length;
  }

  /** Those that keep the application from being healthy. */
  unhealthy(): readonly TrackedObject[] {
    return [...this.notFine.values()];
  }

  /** Jobs that ran to their end, by key. */
  completed(): ReadonlyMap<string, string> {
    const map = new Map<string, string>();
    for (const [key, { completed }] of this.tracked) if (completed !== undefined) map.set(key, completed);
    return map;
  }

  drifted(): readonly string[] {
    return [...this.tracked].filter(([, object]) => hasDrifted(object.known())).map(([key]) => key);
  }

  /** What an apply found. */
  seen(item: ApplyItem, live: JsonObject | null): void {
    const object = this.tracked.get(item.key);
    if (object === undefined) return;
    if (live === null) object.lose();
    else object.see(live, this.now(), this.around(item.key, live));
    this.judge(item.key, object);
  }

  /** What an apply made sure of. */
  verified(item: ApplyItem, live: JsonObject): void {
    const object = this.tracked.get(item.key);
    if (object === undefined) return;
    object.verify(live, item, this.now(), this.around(item.key, live));
    this.judge(item.key, object);
  }

  onObject(key: string, live: JsonObject): void {
    const object = this.tracked.get(key);
    if (object === undefined) this.classes.note(live);
    if (object === undefined || !object.see(live, this.now(), this.around(key, live))) return;
    this.judge(key, object);
    if (hasDrifted(object.known())) this.options.onDrift(key);
    this.options.onHealth();
  }

  onGone(key: string, live: JsonObject): void {
    this.lose(key, liveStateOf(live).resourceVersion);
  }

  onListed(groupKind: string, present: ReadonlySet<string>, resourceVersion: number, namespace?: string): void {
    for (const [key, { ref, live }] of this.tracked) {
      if (namespace !== undefined && ref.namespace !== namespace) continue;
      if (present.has(key) || groupKindOf(ref) !== groupKind) continue;
      if (live && live.resourceVersion <= resourceVersion) this.lose(key, resourceVersion);
    }
  }

  wantsWhole(groupKind: string): boolean {
    return this.rules.judgeOf(groupKind) !== undefined;
  }

  /** Those of kinds whose rules are others now count for nothing until they are looked at. */
  unsee(groupKinds: ReadonlySet<string>): void {
    for (const [key, object] of this.tracked) {
      if (!groupKinds.has(groupKindOf(object.ref))) continue;
      object.unsee();
      this.judge(key, object);
    }
  }

  /** What was made sure of was so on other terms. */
  doubtAll(): void {
    for (const object of this.tracked.values()) object.doubt();
  }

  close(): void {
    this.classes.close();
    for (const object of this.tracked.values()) object.close();
    this.tracked.clear();
    this.notFine.clear();
  }

  /** A first pass is on: no verdict is told before its end, and looks at pods would only be in its way. */
  hold(): void {
    this.isHeld = true;
  }

  release(): void {
    this.isHeld = false;
    for (const [key, object] of this.notFine) this.watchPods(key, object);
  }

  private lose(key: string, resourceVersion: number): void {
    const object = this.tracked.get(key);
    if (object === undefined || object.live === null) return;
    object.lose(resourceVersion);
    this.judge(key, object);
    if (hasDrifted(object.known())) this.options.onDrift(key);
    this.options.onHealth();
  }

  private judge(key: string, object: TrackedObject): void {
    if (isFine(object.health.status)) {
      this.notFine.delete(key);
      object.close();
      // Time alone may still turn it into a failure.
      this.recheckLater(key, object);
      return;
    }
    this.notFine.set(key, object);
    this.watchPods(key, object);
    this.recheckLater(key, object);
  }

  private again(key: string, object: TrackedObject): void {
    if (this.tracked.get(key) !== object) return;
    object.reassess(this.now(), (evidence) => this.around(key, evidence));
    this.judge(key, object);
    this.options.onHealth();
  }

  /** Most rollouts are done before anybody needs to look at pods. */
  private watchPods(key: string, object: TrackedObject): void {
    const source = object.podSource();
    if (source === null) return;
    if (object.pods?.covers(source) === true) {
      object.pods.update(source);
      return;
    }
    object.pods?.close();
    object.pods = null;
    if (this.isHeld) return;
    object.podsTimer ??= setTimeout(() => {
      object.podsTimer = undefined;
      if (this.isHeld) return;
      const present = object.podSource();
      if (this.tracked.get(key) !== object || present === null || object.pods !== null) return;
      const { kube, clock, random, logger, watchIdleMs } = this.options;
      // A new assignment takes the watch over.
      const onChange = (): void => {
        const heir = this.tracked.get(key);
        if (heir !== undefined) this.again(key, heir);
      };
      object.pods = new PodWatch({ kube, source: present, clock, random, logger, idleMs: watchIdleMs, onChange });
    }, this.options.podsAfterMs);
  }

  private recheckLater(key: string, object: TrackedObject): void {
    const troubled = (object.pods?.observed() ?? []).filter(({ pod }) => podTrouble(pod) !== null);
    const ages = troubled.map(({ sinceMs }) => sinceMs);
    if (object.troubleSince !== null) ages.push(this.now() - object.troubleSince);
    const waits = ages.flatMap((age) => HEALTH_GRACES_MS.filter((grace) => grace > age).map((grace) => grace - age));
    clearTimeout(object.recheckTimer);
    if (waits.length === 0) return;
    object.recheckTimer = setTimeout(() => this.again(key, object), Math.min(...waits) + 20);
  }

  private around(key: string, live: JsonObject): Around {
    const onLearned = (): void => {
      const object = this.tracked.get(key);
      if (object !== undefined) this.again(key, object);
    };
    const rules = this.rules.judgeOf(groupKindOf(refOf(live)));
    return { ...this.classes.factsOf(live, onLearned), ...(rules !== undefined && { rules }) };
  }

  private now(): number {
    return this.options.clock.monotonic();
  }
}
