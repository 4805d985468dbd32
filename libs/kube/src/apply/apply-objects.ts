import type { IgnoreDifferences, JsonObject } from '#domain';
import { messageOf, RetryableError } from '#kit';
import type { Kube, KubeResponse } from '#ports';
import { type ApiError, apiError, isSuccess, UNSERVED } from './api-error.js';
import { takingClashes } from './clashing-entries.js';
import { differences, OWNERSHIP } from './compare.js';
import { firstStep, immutableHint, type Known, mayRecreate, ownershipRefusal, withoutReplicas } from './decide.js';
import type { Discovery } from './discovery.js';
import { findAbsent } from './find-absent.js';
import { ignoredOf } from './ignore-rules.js';
import { bothTakings, ownershipOf, pathsTaken, type Taking, takingByHand } from './managed-fields.js';
import { mapLimited } from './map-limited.js';
import { errorText, type SecretMask } from './mask-secret.js';
import { isConflict, ObjectCalls, onlyIfUnchanged, uidOf } from './object-calls.js';
import { mapAt, mapsAt, refKey } from './object-ref.js';
import { objectToApply } from './object-to-apply.js';
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

/** What a stage's first half found out about one object, for its second half to do. */
type Intent =
  | { readonly act: 'create' }
  /** Ours and untouched: what it looks like need not be known. */
  | { readonly act: 'write'; readonly object: JsonObject }
  | { readonly act: 'correct'; readonly live: JsonObject; readonly taking: Taking | null }
  | { readonly act: 'recreate'; readonly uid: string };

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
  return { errors: run.errors, written: run.written, differing: run.differing };
}

class ApplyRun {
  readonly errors: ObjectError[] = [];
  readonly differing: Difference[] = [];
  written = 0;
  private readonly calls: ObjectCalls;

  constructor(private readonly input: ApplyInput) {
    this.calls = new ObjectCalls(input.kube, input.signal, input.asUser);
  }

  get isStopped(): boolean {
    return this.errors.length > 0 && !this.input.again;
  }

  async stage(items: readonly ApplyItem[]): Promise<void> {
    const due = this.input.again ? await this.putBack(items) : await this.rollOut(items);
    const failed = new Set(this.errors.map(({ ref }) => refKey(ref)));
    const written = due.filter(({ key }) => !failed.has(key));
    if (!this.isStopped && this.input.write && !this.input.signal.aborted) await this.awaitDefinitions(written);
  }

  /** One that takes long keeps no other from being written. */
  private async putBack(items: readonly ApplyItem[]): Promise<readonly ApplyItem[]> {
    const due: ApplyItem[] = [];
    await mapLimited(items, async (item) => {
      await this.alone(item, async () => {
        const intent = await this.plan(item);
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
    await this.learnAbsent(items);
    await mapLimited(items, async (item) => {
      const intent = await this.alone(item, () => this.plan(item));
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

  /** What is new to the cluster, as mostly all of a first bundle is, need not be looked for one by one. */
  private async learnAbsent(items: readonly ApplyItem[]): Promise<void> {
    if (this.input.force || this.input.signal.aborted) return;
    const unknown = items.filter((item) => this.input.known(item).live === undefined);
    const absent = await findAbsent(unknown, (path, limit) => this.calls.list(path, limit));
    for (const item of absent) this.input.onSeen(item, null);
  }

  /** An object that gets no answer of an API server that gives others one is in error by itself. */
  private async alone<T>(item: ApplyItem, act: () => Promise<T>): Promise<T | null> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof RetryableError) || this.input.signal.aborted || !(await this.calls.isAnswered()))
        throw error;
      return this.reject(item, 'NoAnswer', messageOf(error, 300), true);
    }
  }

  private async plan(item: ApplyItem): Promise<Intent | null> {
    const { signal, force, application } = this.input;
    if (signal.aborted) return null;
    const known = this.input.known(item);
    switch (firstStep(known, item.digest, application, force)) {
      case 'nothing':
        return null;
      case 'write':
        return this.rulesFor(item) === null ? await this.rehearse(item, known) : await this.look(item, known);
      case 'look':
        return await this.look(item, known);
    }
  }

  private async rehearse(item: ApplyItem, known: Known): Promise<Intent | null> {
    const object = known.live?.scaled === true ? withoutReplicas(item.object) : item.object;
    const answer = await this.calls.apply(item, object, true);
    if (isSuccess(answer)) return { act: 'write', object };
    // What is wrong with it may be what others have put beside it.
    return answer.status === 422 ? await this.look(item, known) : this.fail(item, apiError(answer));
  }

  private async look(item: ApplyItem, known: Known): Promise<Intent | null> {
    const found = await this.calls.get(item);
    if (found.status === 404) {
      this.input.onSeen(item, null);
      return known.completed === true ? null : this.create(item, known);
    }
    if (!isSuccess(found)) return this.fail(item, apiError(found));
    const live = found.body;
    const refusal = ownershipRefusal(live, item.object, this.input.application);
    if (refusal !== null) return this.reject(item, 'OwnedByAnother', refusal);
    this.input.onSeen(item, live);
    const answer = await this.calls.apply(item, this.objectFor(item, live), true);
    if (!isSuccess(answer)) return await this.mend(item, known, live, apiError(answer));
    const taking = this.takingOf(item);
    const byHand = pathsTaken(live, taking);
    const paths = differences(live, answer.body);
    const values = paths.filter((path) => path !== OWNERSHIP);
    // Where nothing is written, who owns a field makes no difference.
    if (byHand.length === 0 && (this.input.write ? paths : values).length === 0) {
      this.input.onVerified(item, live);
      return null;
    }
    this.differs(item, known, [...values, ...byHand]);
    return { act: 'correct', live, taking: byHand.length > 0 ? taking : null };
  }

  /** Takes over what others have put beside ours and what can't be there with it; then the dry-run has to go well. */
  private async mend(item: ApplyItem, known: Known, live: JsonObject, error: ApiError): Promise<Intent | null> {
    const clashes = error.status === 422 ? takingClashes(error, item.object, live) : null;
    const taking = clashes === null ? this.takingOf(item) : bothTakings(this.takingOf(item), clashes);
    const paths = pathsTaken(live, taking);
    if (error.status !== 422 || paths.length === 0) return this.recreateOr(item, error, uidOf(live));
    if (!this.input.write) {
      if (clashes === null) return this.fail(item, error);
      this.differs(item, known, paths);
      return null;
    }
    const taken = await this.calls.takeOver(item, live, taking);
    if (taken === null || !isSuccess(taken)) return this.fail(item, taken === null ? error : apiError(taken));
    const answer = await this.calls.apply(item, this.objectFor(item, taken.body), true);
    if (!isSuccess(answer)) return this.recreateOr(item, apiError(answer), uidOf(live));
    this.differs(item, known, paths);
    return { act: 'correct', live: taken.body, taking: null };
  }

  private create(item: ApplyItem, known: Known): Intent {
    this.differs(item, known, ['(deleted)']);
    return { act: 'create' };
  }

  /** Notes a difference that is not the bundle's own. */
  private differs(item: ApplyItem, known: Known, paths: readonly string[]): void {
    if (!this.input.again && known.verified?.desired !== item.digest) return;
    this.differing.push({ item, paths: [...new Set(paths)].slice(0, 20) });
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
      if (!isSuccess(found)) return void this.fail(item, apiError(found));
      live = found.body;
    }
  }

  /** One go at it; a conflict where somebody changed the object meanwhile. */
  private async attempt(item: ApplyItem, seen: JsonObject, taking: Taking | null): Promise<KubeResponse> {
    const taken = taking === null ? null : await this.calls.takeOver(item, seen, taking);
    if (taken !== null && !isSuccess(taken)) return taken;
    const live = taken?.body ?? seen;
    const object = this.objectFor(item, live);
    // Where live values stand in for Git's, those that stand there now.
    const isBound = this.rulesFor(item) !== null;
    return await this.calls.apply(item, isBound ? onlyIfUnchanged(object, live) : object, false);
  }

  private wrote(item: ApplyItem, answer: KubeResponse): void {
    if (!isSuccess(answer)) {
      this.fail(item, apiError(answer));
      return;
    }
    this.written += 1;
    this.input.onVerified(item, answer.body);
  }

  private async removeForGood(item: ApplyItem, uid: string): Promise<boolean> {
    const gone = await this.calls.delete(item, uid);
    if (!isSuccess(gone) && gone.status !== 404) {
      this.fail(item, apiError(gone));
      return false;
    }
    const done = await this.calls.until(GONE_WITHIN_MS, () => this.calls.isGone(item, uid));
    if (!done) this.reject(item, 'NotGone', 'it was deleted to be made anew, and is still there', true);
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
      if (!done) this.reject(item, 'NotEstablished', 'its kinds are not served yet', true);
    });
  }

  private rulesFor(item: ApplyItem): ReturnType<typeof ignoredOf> {
    return ignoredOf(item.ref, this.input.ignore ?? []);
  }

  private takingOf(item: ApplyItem): Taking {
    return takingByHand(item.object, this.rulesFor(item));
  }

  private objectFor(item: ApplyItem, live: JsonObject): JsonObject {
    const object = objectToApply(item.object, live, this.rulesFor(item));
    return ownershipOf(live).scaled ? withoutReplicas(object) : object;
  }

  private recreateOr(item: ApplyItem, error: ApiError, uid: string): Intent | null {
    return mayRecreate(error, item.object) ? { act: 'recreate', uid } : this.fail(item, error);
  }

  private fail(item: ApplyItem, error: ApiError): null {
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

  private reject(item: ApplyItem, reason: string, message: string, transient = false): null {
    this.errors.push({ ref: item.ref, reason, message, transient });
    return null;
  }
}
