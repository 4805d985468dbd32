import type { IgnoreDifferences, JsonObject, JsonValue } from '#domain';
import type { Kube } from '#ports';
import { type ApiError, apiError, isSuccess } from './api-error.js';
import { takingClashes } from './clashing-entries.js';
import { differences, OWNERSHIP } from './compare.js';
import { immutableHint, mayRecreate, ownershipRefusal, withoutReplicas } from './decide.js';
import { below, type FieldSet, isLeaf, isMember, leadsTo, stepsOf } from './field-set.js';
import { ignoredOf } from './ignore-rules.js';
import { ownershipOf, ownFields, pathsTaken, type Taking, takeOverFields, takingByHand } from './managed-fields.js';
import { errorText, type SecretMask } from './mask-secret.js';
import { ObjectCalls } from './object-calls.js';
import { isMap } from './object-ref.js';
import { objectToApply } from './object-to-apply.js';
import type { ApplyItem } from './prepare.js';

export interface PreviewInput {
  readonly kube: Kube;
  readonly application: string;
  readonly item: ApplyItem;
  readonly ignore: readonly IgnoreDifferences[];
  /** It is a Job that ran to its end: its absence is as it should be. */
  readonly completed: boolean;
  readonly mask: SecretMask;
  readonly signal: AbortSignal;
}

/** What an apply would make of one object. Bodies are the API server's, values of Secrets included. */
export type ObjectPreview =
  | { readonly kind: 'same'; readonly live: JsonObject | null }
  | { readonly kind: 'added'; readonly desired: JsonObject }
  | {
      readonly kind: 'changed';
      readonly live: JsonObject;
      readonly desired: JsonObject;
      /** Where it would come about in another way than by a write. */
      readonly message?: string;
    }
  /** `message` holds no value of the Secrets that the mask knows. */
  | { readonly kind: 'refused'; readonly live: JsonObject | null; readonly message: string };

const ANEW = 'it would be deleted and made anew: immutable fields differ';
const TAKEN_OUT = 'as Git has it: what others have put beside it, and is refused with it, would be taken out first';

/**
 * Finds out what an apply would make of an object, and writes nothing: an object in the cluster is dry-run, and what an apply would
 * take over to remove is taken away. @throws RetryableError `kube-unreachable` when the API server does not answer.
 */
export async function previewObject(input: PreviewInput): Promise<ObjectPreview> {
  const { item, application } = input;
  const calls = new ObjectCalls(input.kube, input.signal, undefined);
  const found = await calls.get(item);
  if (found.status === 404) return await previewCreation(input, calls);
  if (!isSuccess(found)) return refused(input, null, apiError(found));
  const live = found.body;
  const refusal = ownershipRefusal(live, item.object, application);
  if (refusal !== null) return { kind: 'refused', live, message: refusal };
  const ignored = ignoredOf(item.ref, input.ignore);
  const object = objectToApply(item.object, live, ignored);
  const answer = await calls.apply(item, ownershipOf(live).scaled ? withoutReplicas(object) : object, true);
  const taking = takingByHand(item.object, ignored);
  if (!isSuccess(answer)) {
    const error = apiError(answer);
    if (mayRecreate(error, item.object)) return { kind: 'changed', live, desired: item.object, message: ANEW };
    const isTakenOut = takingClashes(error, item.object, live) !== null || pathsTaken(live, taking).length > 0;
    if (error.status !== 422 || immutableHint(error) !== '' || !isTakenOut) return refused(input, live, error);
    return { kind: 'changed', live, desired: item.object, message: TAKEN_OUT };
  }
  const desired = withoutTaken(live, answer.body, taking);
  // Who owns a field is nothing that a person compares.
  const isSame = differences(live, desired).every((path) => path === OWNERSHIP);
  return isSame ? { kind: 'same', live } : { kind: 'changed', live, desired };
}

async function previewCreation(input: PreviewInput, calls: ObjectCalls): Promise<ObjectPreview> {
  const { item, completed } = input;
  if (completed) return { kind: 'same', live: null };
  const answer = await calls.apply(item, item.object, true);
  if (isSuccess(answer)) return { kind: 'added', desired: answer.body };
  // Its namespace or its kind may be of the same bundle, and not be there yet.
  if (answer.status === 404) return { kind: 'added', desired: item.object };
  return refused(input, null, apiError(answer));
}

function refused({ item, mask }: PreviewInput, live: JsonObject | null, error: ApiError): ObjectPreview {
  return { kind: 'refused', live, message: `${errorText(error, item.object, mask)}${immutableHint(error)}` };
}

/** What a dry-run answered, without the fields that an apply would take over from others because Git does not have them. */
function withoutTaken(live: JsonObject, dryRun: JsonObject, taking: Taking): JsonObject {
  const taken: FieldSet[] = [];
  const kept: FieldSet[] = [];
  takeOverFields(live, (entry) => {
    const parted = taking(entry);
    if (parted.outside !== null) taken.push(parted.outside);
    if (parted.inside !== null) kept.push(parted.inside);
    return parted;
  });
  const own = ownFields(dryRun);
  const sets = own === null ? kept : [own, ...kept];
  const left = taken.reduce<JsonValue | undefined>((value, set) => without(value, set, sets), dryRun);
  return isMap(left) ? left : dryRun;
}

function without(value: JsonValue | undefined, taken: FieldSet, kept: readonly FieldSet[]): JsonValue | undefined {
  if (value === undefined || (kept.length === 0 && isMember(taken))) return undefined;
  if (isLeaf(taken)) return value;
  const beneath = (step: string): readonly FieldSet[] =>
    kept.map((set) => below(set, step)).filter((set) => set !== undefined);
  if (Array.isArray(value)) {
    const items = (value as readonly JsonValue[]).flatMap((item): readonly JsonValue[] => {
      const step = stepsOf(taken).find((each) => leadsTo(each, item));
      const left = step === undefined ? item : without(item, below(taken, step) ?? {}, beneath(step));
      return left === undefined ? [] : [left];
    });
    return items;
  }
  if (!isMap(value)) return value;
  const result: Record<string, JsonValue> = { ...value };
  for (const step of stepsOf(taken).filter((each) => each.startsWith('f:'))) {
    const left = without(result[step.slice(2)], below(taken, step) ?? {}, beneath(step));
    if (left === undefined) delete result[step.slice(2)];
    else result[step.slice(2)] = left;
  }
  return result;
}
