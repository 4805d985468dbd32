import { assessObject, type HealthContext, type HealthVerdict, isFine, type JsonObject, troubleOf } from '#domain';
import { type ApplyItem, isMap, type Known, type LiveState, liveStateOf, mapAt, type ObjectRef } from '#kube';
import { type PodSource, podSourceOf } from './pod-source.js';
import type { PodWatch } from './pod-watch.js';

const UNSEEN: HealthVerdict = { status: 'progressing', reason: 'Unseen', message: 'it was not looked at yet' };

/** What is known besides the object and its pods. */
export type Around = Pick<HealthContext, 'rules' | 'bindsOnFirstUse' | 'givesAddress'>;

const COMPLETED: HealthVerdict = { status: 'healthy', reason: 'Complete', message: '' };

/**
 * One object of an application as the agent remembers it: fingerprints, a verdict, and, only while it is not healthy or may cease to
 * be by time alone, the few fields that the verdict is made of.
 */
export class TrackedObject {
  live: LiveState | null | undefined = undefined;
  verified: { readonly desired: string; readonly owned: string } | undefined;
  health: HealthVerdict = UNSEEN;
  /** Digest of the desired state that ran to its end, of a Job. */
  completed: string | undefined;
  pods: PodWatch | null = null;
  podsTimer: NodeJS.Timeout | undefined;
  recheckTimer: NodeJS.Timeout | undefined;
  /** Corrections not long ago, and when the next one may be. */
  corrections = 0;
  correctedAt = -Infinity;
  /** The generation that the last write answered: an older copy is no evidence. */
  private generation = 0;
  private evidence: JsonObject | null = null;
  /** Resource version of what is known; events of older ones come late. */
  private seenAt = 0;
  private trouble: { readonly word: string; readonly since: number } | null = null;

  constructor(
    readonly ref: ObjectRef,
    /** Digest of the desired state. */
    readonly desired: string,
  ) {}

  /** The same object with another desired state: what is known of the live one stays. */
  succeed(former: TrackedObject): this {
    this.live = former.live;
    this.verified = former.verified;
    this.health = former.health;
    this.generation = former.generation;
    this.evidence = former.evidence;
    this.seenAt = former.seenAt;
    this.trouble = former.trouble;
    this.pods = former.pods;
    this.completed = former.completed === this.desired ? former.completed : undefined;
    this.corrections = former.corrections;
    this.correctedAt = former.correctedAt;
    clearTimeout(former.podsTimer);
    clearTimeout(former.recheckTimer);
    return this;
  }

  known(): Known {
    return { live: this.live, verified: this.verified, completed: this.completed === this.desired };
  }

  /** An object that the API server answered or told; false where it is older than what is known. */
  see(object: JsonObject, now: number, around: Around = {}): boolean {
    const live = liveStateOf(object);
    if (live.resourceVersion < this.seenAt) return false;
    if (this.live && this.live.uid !== live.uid) {
      this.generation = 0;
      this.trouble = null;
    }
    this.seenAt = live.resourceVersion;
    this.live = live;
    this.evidence = object;
    this.assess(now, around);
    // What is fine and in a trouble that is timed may be so no longer when its grace is over, with no event to tell.
    const isDone = isFine(this.health.status) && this.troubleSince === null;
    // What a rule looks at may be anything, and nothing but another look makes it say something else.
    this.evidence = isDone || around.rules !== undefined ? null : slimmed(object);
    return true;
  }

  /** The API server's answer to a write, or to a dry-run that found nothing to write. */
  verify(object: JsonObject, item: ApplyItem, now: number, around: Around = {}): void {
    const live = liveStateOf(object);
    this.generation = Math.max(live.uid === this.live?.uid ? this.generation : 0, live.generation);
    this.verified = { desired: item.digest, owned: live.owned };
    this.see(object, now, around);
  }

  /** It was made sure of on other terms: it is to be looked at, whatever its fingerprint says. */
  doubt(): void {
    this.verified = undefined;
  }

  /** A look found that it is not as wanted, though it is as it was made sure of: other rules say now what may differ. */
  differs(): void {
    if (this.verified !== undefined && this.verified.owned === this.live?.owned) {
      this.verified = { ...this.verified, owned: '' };
    }
  }

  /** It is not there, as of a resource version. */
  lose(resourceVersion = 0): void {
    if (resourceVersion < this.seenAt && resourceVersion > 0) return;
    this.seenAt = Math.max(this.seenAt, resourceVersion);
    this.live = null;
    this.evidence = null;
    this.trouble = null;
    if (this.ref.kind === 'Job' && this.health.status === 'healthy' && this.verified?.desired === this.desired) {
      // Its TTL, or somebody, removed what had run to its end.
      this.completed = this.desired;
    }
    this.health = this.completed === this.desired ? COMPLETED : assessObject(null);
  }

  /** Judges again: its pods, what is known of its class or the time since its trouble began have changed. */
  reassess(now: number, aroundOf: (object: JsonObject) => Around = () => ({})): void {
    if (this.evidence !== null) this.assess(now, aroundOf(this.evidence));
  }

  /** Rules that it was not judged by are to be gone by: it counts for nothing until it is looked at. */
  unsee(): void {
    if (this.live) this.health = UNSEEN;
  }

  /** Where the pods are that tell why it is not healthy. */
  podSource(): PodSource | null {
    return this.evidence === null ? null : podSourceOf(this.evidence);
  }

  close(): void {
    this.pods?.close();
    this.pods = null;
    clearTimeout(this.podsTimer);
    clearTimeout(this.recheckTimer);
    // One that was healthy before its pods were looked at has them looked at all the same when it breaks later.
    this.podsTimer = undefined;
  }

  /** It was made sure of as it is wanted now. */
  get isCurrent(): boolean {
    return this.verified?.desired === this.desired;
  }

  /** Since when its own trouble lasts, monotonic; null: it has none that is timed. */
  get troubleSince(): number | null {
    return this.trouble?.since ?? null;
  }

  private assess(now: number, around: Around): void {
    const object = this.evidence;
    if (object === null) return;
    const word = troubleOf(object);
    if (word === null) this.trouble = null;
    else if (this.trouble?.word !== word) this.trouble = { word, since: now };
    this.health = assessObject(object, {
      generation: this.generation,
      sinceMs: this.trouble === null ? 0 : now - this.trouble.since,
      ...(this.pods !== null && { pods: this.pods.observed() }),
      ...around,
    });
    if (this.ref.kind === 'Job' && this.health.reason === 'Complete' && this.verified?.desired === this.desired) {
      this.completed = this.desired;
    }
  }
}

/** What a verdict is made of, without templates, data and field sets. */
function slimmed(object: JsonObject): JsonObject {
  const { managedFields: _fields, ...metadata } = mapAt(object, 'metadata');
  const spec = object['spec'];
  const { template: _template, jobTemplate: _jobTemplate, ...kept } = isMap(spec) ? spec : {};
  return {
    apiVersion: object['apiVersion'] ?? '',
    kind: object['kind'] ?? '',
    metadata,
    spec: kept,
    status: object['status'] ?? {},
  };
}
