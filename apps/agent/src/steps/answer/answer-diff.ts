import type { DiffAnswer, ObjectDiff } from '#contract';
import type { JsonObject } from '#domain';
import { RejectedError, RetryableError } from '#kit';
import {
  APPLICATION_LABEL,
  type ApplyItem,
  apiError,
  callKube,
  diffBody,
  differences,
  DISCOVERY_FAILED,
  errorText,
  firstStep,
  isKept,
  isSecret,
  isSuccess,
  type KindPath,
  labelOf,
  mapLimited,
  objectPath,
  type ObjectRef,
  type ObjectPreview,
  planPrune,
  previewObject,
  refKey,
  SecretMask,
} from '#kube';
import { prepareBundle } from '../apply/apply-pass.js';
import { cut } from '../report/compose-report.js';
import { ANSWER_ROOM, AnswerBudget } from './answer-budget.js';
import { type AnswerInput, answerHead, truncatedBy } from './inspected.js';

/** Largest body of an object, bytes of JSON. */
const MOST_BODY_BYTES = 256 * 1024;
/** Room for bodies; the rest is for the names of what differs. */
const BODIES_BYTES = 5 * 1024 * 1024;
const MOST_OBJECTS = 10_000;
/** What was not compared by then is left out, ms: the answer is due in 8 s. */
const LATE_AFTER_MS = 6_000;
/** So long what is known to be as Git has it is made sure of all the same, ms. */
const SURE_WITHIN_MS = 3_000;
/** Few: the worker needs the API server as well. */
const AT_ONCE = 3;

/**
 * What an apply and a prune would change now. What the worker does not know to be as Git has it comes first; of the rest as much is
 * made sure of as there is time for.
 * @throws RetryableError when the API server does not answer; RejectedError `nothing-held`
 */
export async function answerDiff(input: AnswerInput): Promise<DiffAnswer> {
  const { held, application } = input.inspected;
  if (held === null) throw new RejectedError('nothing-held', `The agent holds no release of ${application} yet.`);
  const { assignment } = held;
  const { items, errors, hooks, hidden } = await prepareBundle(application, input, await held.objects(), assignment);
  const run = new DiffRun(input, hidden);
  for (const { ref, message } of errors) run.tell(ref, { change: 'error', message });
  const { known, unknown } = parted(items, input);
  // Secrets first: what the cluster alone knows of them is hidden in the rest.
  const secrets = unknown.filter(({ object }) => isSecret(object));
  const others = unknown.filter(({ object }) => !isSecret(object));
  await run.compare(secrets);
  run.learn();
  await run.compare(others);
  await run.compareSurplus(new Set([...items, ...hooks].map(({ key }) => key)));
  await run.compare(known, true);
  return run.answer();
}

function parted(items: readonly ApplyItem[], { inspected: { tracked, application } }: AnswerInput) {
  const isKnown = ({ key, digest }: ApplyItem): boolean => {
    const object = tracked.get(key);
    return object !== undefined && firstStep(object.known(), digest, application, false) === 'nothing';
  };
  return { known: items.filter(isKnown), unknown: items.filter((item) => !isKnown(item)) };
}

type Told = Pick<ObjectDiff, 'change' | 'message'> & {
  readonly live?: JsonObject | undefined;
  readonly desired?: JsonObject | undefined;
};

class DiffRun {
  private readonly objects: ObjectDiff[] = [];
  private same = 0;
  /** Not compared for want of time. */
  private missed = 0;
  /** As Git has them by what the worker knows, and not looked at. */
  private believed = 0;
  private bodyless = 0;
  private mask: SecretMask;
  private readonly secrets: JsonObject[] = [];
  private readonly bodies = new AnswerBudget(MOST_OBJECTS, BODIES_BYTES);
  private readonly entries = new AnswerBudget(MOST_OBJECTS, ANSWER_ROOM - BODIES_BYTES);
  /** `hidden`: what was encrypted in Git. */
  constructor(
    private readonly input: AnswerInput,
    hidden: readonly JsonObject[],
  ) {
    this.mask = input.inspected.mask.with(SecretMask.of(hidden));
  }

  answer(): DiffAnswer {
    const { droppedItems } = this.entries;
    const notes = [
      ...(this.missed > 0 ? [`${this.missed} objects were not compared: there was no time left`] : []),
      ...(droppedItems > 0 ? [`${droppedItems} objects that differ did not fit into the answer`] : []),
      ...(this.bodyless > 0
        ? [`${this.bodyless} objects are shown without what differs: there was too much of it`]
        : []),
      ...(this.believed > 0
        ? [`${this.believed} objects count as the same because nobody touched them since they were made sure of`]
        : []),
    ];
    const objects = this.objects.sort((a, b) => (refKey(asRef(a)) < refKey(asRef(b)) ? -1 : 1));
    return { ...answerHead(this.input.inspected), ...truncatedBy(notes), same: this.same, objects };
  }

  /** What the cluster was found to have in Secrets, and Git has not, is hidden from now on. */
  learn(): void {
    this.mask = this.mask.with(SecretMask.of(this.secrets));
    this.secrets.length = 0;
  }

  /** `believing`: what there is no time for counts as the same. */
  async compare(items: readonly ApplyItem[], believing = false): Promise<void> {
    const { kube, inspected, usedMs, signal } = this.input;
    const limitMs = believing ? SURE_WITHIN_MS : LATE_AFTER_MS;
    const ignore = inspected.held?.assignment.ignoreDifferences ?? [];
    await mapLimited(
      items,
      async (item) => {
        if (usedMs() > limitMs) {
          if (believing) this.believed += 1;
          else this.missed += 1;
          this.same += believing ? 1 : 0;
          return;
        }
        const { application, tracked } = inspected;
        const completed = tracked.get(item.key)?.known().completed === true;
        const { mask } = this;
        const preview = await previewObject({ kube, application, item, ignore, completed, mask, signal });
        this.tellPreview(item.ref, preview);
      },
      AT_ONCE,
    );
  }

  /** What a prune would delete. */
  async compareSurplus(keep: ReadonlySet<string>): Promise<void> {
    const { kube, discovery, inspected, usedMs } = this.input;
    await mapLimited(
      planPrune(inspected.inventory, keep).flat(),
      async (entry) => {
        if (usedMs() > LATE_AFTER_MS) {
          this.missed += 1;
          return;
        }
        let kind: KindPath | null;
        try {
          kind = await discovery.find(entry.apiVersion, entry.kind);
        } catch (error) {
          if (!(error instanceof RetryableError) || error.code !== DISCOVERY_FAILED) throw error;
          this.tell(entry, { change: 'error', message: error.message });
          return;
        }
        if (kind === null) return;
        const path = objectPath(kind, entry.namespace, entry.name);
        const answer = await callKube(kube, { method: 'GET', path });
        if (answer.status === 404) return;
        if (!isSuccess(answer)) {
          this.tell(entry, { change: 'error', message: errorText(apiError(answer), { kind: entry.kind }, this.mask) });
          return;
        }
        const live = answer.body;
        const isOurs = labelOf(live, APPLICATION_LABEL) === inspected.application;
        if (isOurs && !isKept(live)) this.tell(entry, { change: 'removed', live });
      },
      AT_ONCE,
    );
  }

  tell(ref: ObjectRef, { change, message, live, desired }: Told): void {
    const { mask } = this;
    const named = {
      apiVersion: cut(ref.apiVersion, 253),
      kind: cut(ref.kind, 63),
      ...(ref.namespace !== undefined && { namespace: cut(ref.namespace, 63) }),
      name: cut(ref.name, 253),
      change,
    };
    const bodies = this.bodiesOf(live, desired);
    const why = message ?? (bodies === null ? this.leftOut(live, desired) : undefined);
    const entry = { ...named, ...(why !== undefined && { message: cut(mask.hide(why), 1024) }) };
    if (this.entries.take(entry)) this.objects.push({ ...entry, ...bodies });
  }

  /** Null: there is too much of them. */
  private bodiesOf(
    live: JsonObject | undefined,
    desired: JsonObject | undefined,
  ): Pick<Told, 'live' | 'desired'> | null {
    if (live === undefined && desired === undefined) return {};
    const { mark } = this.input;
    const shown: { live?: JsonObject; desired?: JsonObject } = {};
    const both = [live, desired].filter((each) => each !== undefined);
    const own = SecretMask.of(both);
    this.secrets.push(...both.filter(isSecret));
    if (live !== undefined) shown.live = diffBody(live, [own, this.mask], mark);
    if (desired !== undefined) shown.desired = diffBody(desired, [own, this.mask], mark);
    const isLarge = Object.values(shown).some((body) => Buffer.byteLength(JSON.stringify(body)) > MOST_BODY_BYTES);
    if (!isLarge && this.bodies.take(shown)) return shown;
    if (!isLarge) this.bodyless += 1;
    return null;
  }

  private leftOut(live: JsonObject | undefined, desired: JsonObject | undefined): string {
    if (live === undefined || desired === undefined) return 'too large to be shown';
    return `too large to be shown; it differs in ${differences(live, desired).join(', ')}`;
  }

  private tellPreview(ref: ObjectRef, preview: ObjectPreview): void {
    switch (preview.kind) {
      case 'same':
        this.same += 1;
        // Others may have put values beside ours.
        if (preview.live !== null && isSecret(preview.live)) this.secrets.push(preview.live);
        return;
      case 'added':
        return this.tell(ref, { change: 'added', desired: preview.desired });
      case 'changed':
        return this.tell(ref, { change: 'changed', ...preview });
      case 'refused':
        return this.tell(ref, { change: 'error', message: preview.message, live: preview.live ?? undefined });
    }
  }
}

function asRef({ apiVersion, kind, namespace, name }: ObjectDiff): ObjectRef {
  return { apiVersion, kind, ...(namespace !== undefined && { namespace }), name };
}
