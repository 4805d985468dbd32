import type { IgnoreDifferences, JsonObject } from '#domain';
import { messageOf, RetryableError } from '#kit';
import type { Kube, KubeResponse } from '#ports';
import { apiError, isSuccess } from './api-error.js';
import { ApplyNotes } from './apply-notes.js';
import type { Known } from './decide.js';
import type { Discovery } from './discovery.js';
import type { Taking } from './managed-fields.js';
import { mapLimited } from './map-limited.js';
import type { SecretMask } from './mask-secret.js';
import { isConflict, ObjectCalls, onlyIfUnchanged } from './object-calls.js';
import { mapAt, mapsAt, refKey } from './object-ref.js';
import { type Intent, objectFor, ObjectPlanner, rulesFor } from './plan-object.js';
import { type ApplyItem, type ObjectError, servedVersions } from './prepare.js';
import { planStages } from './stages.js';

export interface ApplyInput {
  readonly kube: Kube;
  readonly discovery: Discovery;
  readonly application: string;
  readonly items: readonly ApplyItem[];
  readonly known: (item: ApplyItem) => Known;
  /** Read and dry-run everything, whatever the fingerprints say. */
  readonly force: boolean;
  /** False: only tell what differs. */
  readonly write: boolean;
  /** What may differ and is left as it is. */
  readonly ignore?: readonly IgnoreDifferences[];
  /** As whom everything is asked and done; absent: as whoever the connection is. */
  readonly asUser?: string;
  /** The same was applied before, so whatever differs is somebody else's doing, also where no pass of ours made sure of it. */
  readonly again: boolean;
  /** Of all Secrets of the application: whatever the API server echoes of them is hidden in errors. */
  readonly mask?: SecretMask;
  /** A newer bundle, or the end of the agent: no further request is made. */
  readonly signal: AbortSignal;
  /** The live object as the API server answered it; null: it is absent. */
  readonly onSeen: (item: ApplyItem, live: JsonObject | null) => void;
  /** The live object is as it was asked for. */
  readonly onVerified: (item: ApplyItem, live: JsonObject) => void;
}

export interface Difference {
  readonly item: ApplyItem;
  /** Bounded; never a value. */
  readonly paths: readonly string[];
}

export interface ApplyResult {
  readonly errors: readonly ObjectError[];
  /** Objects whose content was written. */
  readonly written: number;
  /** Objects of which the cluster differed, written or not; without those that were new or that the bundle changed. */
  readonly differing: readonly Difference[];
}

const ESTABLISHED_WITHIN_MS = 30_000;
const GONE_WITHIN_MS = 60_000;
/** So often an object is read anew because somebody changed it while it was being applied. */
const TRIES = 3;

/**
 * Brings the cluster to what the items say, stage by stage. Within a stage everything that exists is dry-run before anything is
 * written: an error there stops it unwritten; an error while writing stops the stages after it. What was applied before and is
 * put back stands each for itself: an error holds up no other object. All errors come back.
 * @throws RetryableError `kube-unreachable` when the API server does not answer.
 */
export async function applyObjects(input: ApplyInput): Promise<ApplyResult> {
  const run = new ApplyRun(input);
  for (const stage of planStages(input.items)) {
    if (input.signal.aborted) break;
    await run.stage(stage);
    if (run.isStopped) break;
  }
  return { errors: run.notes.errors, written: run.written, differing: run.notes.differing };
}

class ApplyRun {
  readonly notes: ApplyNotes;
  written = 0;
  private readonly calls: ObjectCalls;
  private readonly planner: ObjectPlanner;

  constructor(private readonly input: ApplyInput) {
    this.calls = new ObjectCalls(input.kube, input.signal, input.asUser);
    this.notes = new ApplyNotes(input);
    this.planner = new ObjectPlanner(input, this.calls, this.notes);
  }

  get isStopped(): boolean {
    return this.notes.errors.length > 0 && !this.input.again;
  }

  async stage(items: readonly ApplyItem[]): Promise<void> {
    const due = this.input.again ? await this.putBack(items) : await this.rollOut(items);
    const failed = new Set(this.notes.errors.map(({ ref }) => refKey(ref)));
    const written = due.filter(({ key }) => !failed.has(key));
    if (!this.isStopped && this.input.write && !this.input.signal.aborted) await this.awaitDefinitions(written);
  }

  /** One that takes long keeps no other from being written. */
  private async putBack(items: readonly ApplyItem[]): Promise<readonly ApplyItem[]> {
    const due: ApplyItem[] = [];
    await mapLimited(items, async (item) => {
      await this.alone(item, async () => {
        const intent = await this.planner.plan(item);
        if (intent === null || !this.input.write || this.input.signal.aborted) return;
        due.push(item);
        await this.act(item, intent);
      });
    });
    return due;
  }

  /** Everything is planned before anything is written. */
  private async rollOut(items: readonly ApplyItem[]): Promise<readonly ApplyItem[]> {
    const intents = new Map<ApplyItem, Intent>();
    await this.planner.learnAbsent(items);
    await mapLimited(items, async (item) => {
      const intent = await this.alone(item, () => this.planner.plan(item));
      if (intent !== null) intents.set(item, intent);
    });
    if (this.isStopped || !this.input.write || this.input.signal.aborted) return [];
    // In the order of the stage, which the map has not.
    const due = items.filter((item) => intents.has(item));
    await mapLimited(due, async (item) => {
      const intent = intents.get(item);
      if (intent !== undefined && !this.input.signal.aborted) await this.alone(item, () => this.act(item, intent));
    });
    return due;
  }

  /** An object that gets no answer of an API server that gives others one is in error by itself. */
  private async alone<T>(item: ApplyItem, act: () => Promise<T>): Promise<T | null> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof RetryableError) || this.input.signal.aborted || !(await this.calls.isAnswered()))
        throw error;
      return this.notes.reject(item, 'NoAnswer', messageOf(error, 300), true);
    }
  }

  private async act(item: ApplyItem, intent: Intent): Promise<void> {
    switch (intent.act) {
      case 'create':
        return this.wrote(item, await this.calls.apply(item, item.object, false));
      case 'write':
        return this.wrote(item, await this.calls.apply(item, intent.object, false));
      case 'correct':
        return await this.correct(item, intent.live, intent.taking);
      case 'recreate':
        if (!(await this.removeForGood(item, intent.uid))) return;
        return this.wrote(item, await this.calls.apply(item, item.object, false));
    }
  }

  private async correct(item: ApplyItem, seen: JsonObject, taking: Taking | null): Promise<void> {
    for (let live = seen, tries = 1; ; tries += 1) {
      const answer = await this.attempt(item, live, taking);
      if (!isConflict(answer) || tries >= TRIES) return this.wrote(item, answer);
      const found = await this.calls.get(item);
      if (!isSuccess(found)) return void this.notes.fail(item, apiError(found));
      live = found.body;
    }
  }

  /** One go at it; a conflict where somebody changed the object meanwhile. */
  private async attempt(item: ApplyItem, seen: JsonObject, taking: Taking | null): Promise<KubeResponse> {
    const taken = taking === null ? null : await this.calls.takeOver(item, seen, taking);
    if (taken !== null && !isSuccess(taken)) return taken;
    const live = taken?.body ?? seen;
    const object = objectFor(item, live, this.input);
    // Where live values stand in for Git's, those that stand there now.
    const isBound = rulesFor(item, this.input) !== null;
    return await this.calls.apply(item, isBound ? onlyIfUnchanged(object, live) : object, false);
  }

  private wrote(item: ApplyItem, answer: KubeResponse): void {
    if (!isSuccess(answer)) {
      this.notes.fail(item, apiError(answer));
      return;
    }
    this.written += 1;
    this.input.onVerified(item, answer.body);
  }

  private async removeForGood(item: ApplyItem, uid: string): Promise<boolean> {
    const gone = await this.calls.delete(item, uid);
    if (!isSuccess(gone) && gone.status !== 404) {
      this.notes.fail(item, apiError(gone));
      return false;
    }
    const done = await this.calls.until(GONE_WITHIN_MS, () => this.calls.isGone(item, uid));
    if (!done) this.notes.reject(item, 'NotGone', 'it was deleted to be made anew, and is still there', true);
    return done;
  }

  /** Objects of a new kind can be applied once its definition is established. */
  private async awaitDefinitions(items: readonly ApplyItem[]): Promise<void> {
    const definitions = items.filter((item) => item.ref.kind === 'CustomResourceDefinition');
    await mapLimited(definitions, async (item) => {
      const done = await this.calls.until(ESTABLISHED_WITHIN_MS, async () => {
        const { body } = await this.calls.get(item);
        const conditions = mapsAt(mapAt(body, 'status'), 'conditions');
        return conditions.some((each) => each['type'] === 'Established' && each['status'] === 'True');
      });
      for (const version of servedVersions(item.object)) this.input.discovery.forget(version);
      if (!done) this.notes.reject(item, 'NotEstablished', 'its kinds are not served yet', true);
    });
  }
}
