import type { JsonObject } from '#domain';
import { type ApiError, apiError, isSuccess } from './api-error.js';
import type { ApplyInput } from './apply-objects.js';
import type { ApplyNotes } from './apply-notes.js';
import { takingClashes } from './clashing-entries.js';
import { differences, OWNERSHIP } from './compare.js';
import { firstStep, type Known, mayRecreate, ownershipRefusal, withoutReplicas } from './decide.js';
import { findAbsent } from './find-absent.js';
import { type Ignored, ignoredOf } from './ignore-rules.js';
import { bothTakings, ownershipOf, pathsTaken, type Taking, takingByHand } from './managed-fields.js';
import { type ObjectCalls, uidOf } from './object-calls.js';
import { objectToApply } from './object-to-apply.js';
import type { ApplyItem } from './prepare.js';

/** What a stage's first half found out about one object, for its second half to do. */
export type Intent =
  | { readonly act: 'create' }
  /** Ours and untouched: what it looks like need not be known. */
  | { readonly act: 'write'; readonly object: JsonObject }
  | { readonly act: 'correct'; readonly live: JsonObject; readonly taking: Taking | null }
  | { readonly act: 'recreate'; readonly uid: string };

type Terms = Pick<ApplyInput, 'ignore'>;

export function rulesFor(item: ApplyItem, { ignore = [] }: Terms): Ignored | null {
  return ignoredOf(item.ref, ignore);
}

/** The object as it is applied to a live one. */
export function objectFor(item: ApplyItem, live: JsonObject, terms: Terms): JsonObject {
  const object = objectToApply(item.object, live, rulesFor(item, terms));
  return ownershipOf(live).scaled ? withoutReplicas(object) : object;
}

/** Finds out what is to be done about each object, and changes no value of any. */
export class ObjectPlanner {
  /** Those that were looked for and are not there. */
  private readonly absent = new Set<ApplyItem>();

  constructor(
    private readonly input: ApplyInput,
    private readonly calls: ObjectCalls,
    private readonly notes: ApplyNotes,
  ) {}

  /** What is new to the cluster, as mostly all of a first bundle is, need not be looked for one by one. */
  async learnAbsent(items: readonly ApplyItem[]): Promise<void> {
    if (this.input.force || this.input.signal.aborted) return;
    const unknown = items.filter((item) => this.input.known(item).live === undefined);
    const absent = await findAbsent(unknown, (path, limit) => this.calls.list(path, limit));
    for (const item of absent) {
      this.absent.add(item);
      this.input.onSeen(item, null);
    }
  }

  /** Null: nothing is to be done, or can be. */
  async plan(item: ApplyItem): Promise<Intent | null> {
    const { signal, force, application } = this.input;
    if (signal.aborted) return null;
    const known = this.input.known(item);
    if (this.absent.delete(item)) return known.completed === true ? null : this.create(item, known);
    switch (firstStep(known, item.digest, application, force)) {
      case 'nothing':
        return null;
      case 'write':
        return rulesFor(item, this.input) === null ? await this.rehearse(item, known) : await this.look(item, known);
      case 'look':
        return await this.look(item, known);
    }
  }

  private async rehearse(item: ApplyItem, known: Known): Promise<Intent | null> {
    const object = known.live?.scaled === true ? withoutReplicas(item.object) : item.object;
    const answer = await this.calls.apply(item, object, true);
    if (isSuccess(answer)) return { act: 'write', object };
    // What is wrong with it may be what others have put beside it.
    return answer.status === 422 ? await this.look(item, known) : this.notes.fail(item, apiError(answer));
  }

  private async look(item: ApplyItem, known: Known): Promise<Intent | null> {
    const found = await this.calls.get(item);
    if (found.status === 404) {
      this.input.onSeen(item, null);
      return known.completed === true ? null : this.create(item, known);
    }
    if (!isSuccess(found)) return this.notes.fail(item, apiError(found));
    const live = found.body;
    const refusal = ownershipRefusal(live, item.object, this.input.application);
    if (refusal !== null) return this.notes.reject(item, 'OwnedByAnother', refusal);
    this.input.onSeen(item, live);
    const answer = await this.calls.apply(item, objectFor(item, live, this.input), true);
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
    this.notes.differs(item, known, [...values, ...byHand]);
    return { act: 'correct', live, taking: byHand.length > 0 ? taking : null };
  }

  /** Takes over what others have put beside ours and what can't be there with it; then the dry-run has to go well. */
  private async mend(item: ApplyItem, known: Known, live: JsonObject, error: ApiError): Promise<Intent | null> {
    const clashes = error.status === 422 ? takingClashes(error, item.object, live) : null;
    const taking = clashes === null ? this.takingOf(item) : bothTakings(this.takingOf(item), clashes);
    const paths = pathsTaken(live, taking);
    if (error.status !== 422 || paths.length === 0) return this.recreateOr(item, error, uidOf(live));
    if (!this.input.write) {
      if (clashes === null) return this.notes.fail(item, error);
      this.notes.differs(item, known, paths);
      return null;
    }
    const taken = await this.calls.takeOver(item, live, taking);
    if (taken === null || !isSuccess(taken)) return this.notes.fail(item, taken === null ? error : apiError(taken));
    const answer = await this.calls.apply(item, objectFor(item, taken.body, this.input), true);
    if (!isSuccess(answer)) return this.recreateOr(item, apiError(answer), uidOf(live));
    this.notes.differs(item, known, paths);
    return { act: 'correct', live: taken.body, taking: null };
  }

  private create(item: ApplyItem, known: Known): Intent {
    this.notes.differs(item, known, ['(deleted)']);
    return { act: 'create' };
  }

  private takingOf(item: ApplyItem): Taking {
    return takingByHand(item.object, rulesFor(item, this.input));
  }

  private recreateOr(item: ApplyItem, error: ApiError, uid: string): Intent | null {
    return mayRecreate(error, item.object) ? { act: 'recreate', uid } : this.notes.fail(item, error);
  }
}
