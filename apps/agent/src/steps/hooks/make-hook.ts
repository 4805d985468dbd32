import type { JsonObject } from '#domain';
import {
  type ApiError,
  annotationOf,
  APPLICATION_LABEL,
  apiError,
  type ApplyItem,
  deletePoliciesOf,
  errorText,
  groupOf,
  HOOK_RUN_ANNOTATION,
  isHook,
  isSuccess,
  labelOf,
  mapAt,
  type ObjectCalls,
  type ObjectError,
  ownershipRefusal,
  type SecretMask,
  uidOf,
} from '#kube';

export type MadeHook =
  | { readonly kind: 'made'; readonly live: JsonObject }
  /** This very run made it before: it is there, ended or not. */
  | { readonly kind: 'found'; readonly live: JsonObject }
  /** This very run made it before, and it is there no more. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'stuck'; readonly error: ObjectError };

export interface MakeHookInput {
  readonly calls: ObjectCalls;
  readonly application: string;
  /** See runMark. */
  readonly mark: string;
  /** Uid of what this run made of it before; absent: nothing. */
  readonly before?: string | undefined;
  readonly mask: SecretMask;
}

const GONE_WITHIN_MS = 60_000;
/** Deleted, these take along what nobody gets back. */
const NEVER_DELETED = new Set([
  'apiextensions.k8s.io/CustomResourceDefinition',
  '/Namespace',
  '/PersistentVolumeClaim',
]);

/** Whether no policy of Helm's deletes an object of its kind. */
export function isNeverDeleted({ apiVersion, kind }: ApplyItem['ref']): boolean {
  return NEVER_DELETED.has(`${groupOf(apiVersion)}/${kind}`);
}

/** Makes the object of a hook, in place of the one that a former run made. @throws RetryableError */
export async function makeHook(item: ApplyItem, input: MakeHookInput): Promise<MadeHook> {
  const { calls, mark, before, mask } = input;
  const stuck = (reason: string, message: string, transient = false): MadeHook => ({
    kind: 'stuck',
    error: { ref: item.ref, reason, message, transient },
  });
  const refused = (error: ApiError): MadeHook =>
    stuck(error.reason, errorText(error, item.object, mask), error.transient);
  const found = await calls.get(item);
  if (!isSuccess(found) && found.status !== 404) return refused(apiError(found));
  const live = isSuccess(found) ? found.body : null;
  if (live !== null && annotationOf(live, HOOK_RUN_ANNOTATION) === mark && !isEnding(live))
    return { kind: 'found', live };
  if (before !== undefined && (live === null || uidOf(live) !== before)) return { kind: 'gone' };
  if (live !== null) {
    const why = refusal(item, live, input.application);
    if (why !== null) return stuck('NotReplaced', why);
    if (!isNeverDeleted(item.ref)) {
      const uid = uidOf(live);
      const deleted = await calls.delete(item, uid);
      if (!isSuccess(deleted) && deleted.status !== 404) return refused(apiError(deleted));
      const isGone = await calls.until(GONE_WITHIN_MS, () => calls.isGone(item, uid));
      if (!isGone) return stuck('NotGone', 'it was deleted to be run again, and is still there', true);
    }
  }
  const made = await calls.apply(item, marked(item.object, mark), false);
  return isSuccess(made) ? { kind: 'made', live: made.body } : refused(apiError(made));
}

/** Why what is there can't make room; null: it can. */
function refusal(item: ApplyItem, live: JsonObject, application: string): string | null {
  const owner = ownershipRefusal(live, item.object, application);
  if (owner !== null) return owner;
  if (isNeverDeleted(item.ref)) return null;
  if (labelOf(live, APPLICATION_LABEL) === '' && !isHook(live)) {
    return 'somebody else made an object of that name, which is no hook: delete it, or give the hook another name';
  }
  if (deletePoliciesOf(item.object).includes('before-hook-creation')) return null;
  return 'it is still there from before, and its helm.sh/hook-delete-policy does not say before-hook-creation: delete it, or add that';
}

function isEnding(live: JsonObject): boolean {
  return mapAt(live, 'metadata')['deletionTimestamp'] !== undefined;
}

function marked(object: JsonObject, mark: string): JsonObject {
  const metadata = mapAt(object, 'metadata');
  const annotations = { ...mapAt(metadata, 'annotations'), [HOOK_RUN_ANNOTATION]: mark };
  return { ...object, metadata: { ...metadata, annotations } };
}
