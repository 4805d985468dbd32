import type { JsonObject } from '#domain';
import { RetryableError } from '#kit';
import type { Kube, KubeResponse } from '#ports';
import { apiError, callKube, isSuccess, isUnserved } from './api-error.js';
import { type Discovery, DISCOVERY_FAILED, type KindPath, objectPath } from './discovery.js';
import type { InventoryEntry } from './inventory.js';
import { mapLimited } from './map-limited.js';
import { APPLICATION_LABEL, PRUNE_ANNOTATION, RESOURCE_POLICY_ANNOTATION } from './marks.js';
import { annotationOf, labelOf, mapAt, refKey, textAt } from './object-ref.js';
import type { ObjectError } from './prepare.js';

/** Whether an object stays though nobody wants it any more. */
export function isKept(live: JsonObject): boolean {
  return (
    annotationOf(live, PRUNE_ANNOTATION) === 'disabled' || annotationOf(live, RESOURCE_POLICY_ANNOTATION) === 'keep'
  );
}

export interface PruneInput {
  readonly kube: Kube;
  readonly discovery: Discovery;
  readonly application: string;
  /** As whom everything is asked and done; absent: as whoever the connection is. */
  readonly asUser?: string;
  /** In the order of deletion; see planPrune. */
  readonly groups: readonly (readonly InventoryEntry[])[];
  readonly signal: AbortSignal;
}

export interface PrunePlan {
  /** To be deleted, in order, with the path and the UID that was seen. */
  readonly deletions: readonly (readonly Deletion[])[];
  /** No longer ours to delete: gone, somebody else's, or `flotilla.dev/prune: disabled`. Keys of the inventory. */
  readonly released: readonly string[];
  /** Those of the released that are still there and ours, for `flotilla.dev/prune: disabled`. */
  readonly kept: readonly InventoryEntry[];
  readonly errors: readonly ObjectError[];
}

export interface Deletion {
  readonly entry: InventoryEntry;
  readonly path: string;
  readonly uid: string;
}

const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

/** Looks at what a prune would delete, and deletes nothing. @throws RetryableError when the API server does not answer. */
export async function inspectPrune(input: PruneInput): Promise<PrunePlan> {
  const released: string[] = [];
  const kept: InventoryEntry[] = [];
  const errors: ObjectError[] = [];
  const found = new Map<InventoryEntry, Deletion>();
  await mapLimited(input.groups.flat(), async (entry) => {
    if (input.signal.aborted) return;
    const kind = await findServed(input.discovery, entry);
    if (kind instanceof RetryableError) {
      errors.push({ ref: entry, reason: 'KindUnknown', message: kind.message, transient: true });
      return;
    }
    // A kind that is gone took its objects along.
    if (kind === null) {
      released.push(refKey(entry));
      return;
    }
    let path = objectPath(kind, entry.namespace, entry.name);
    let answer = await metadataAt(input, path);
    if (isUnserved(answer)) {
      // What was known of its kind is past.
      input.discovery.forget(kind.apiVersion);
      const now = await findServed(input.discovery, entry);
      if (now !== null && !(now instanceof RetryableError)) {
        path = objectPath(now, entry.namespace, entry.name);
        answer = await metadataAt(input, path);
      }
    }
    if (answer.status === 404) {
      released.push(refKey(entry));
    } else if (!isSuccess(answer)) {
      errors.push(errorOf(entry, answer));
    } else if (labelOf(answer.body, APPLICATION_LABEL) !== input.application) {
      released.push(refKey(entry));
    } else if (isKept(answer.body)) {
      released.push(refKey(entry));
      kept.push(entry);
    } else {
      found.set(entry, { entry, path, uid: textAt(mapAt(answer.body, 'metadata'), 'uid') });
    }
  });
  const deletions = input.groups
    .map((group) => group.flatMap((entry) => found.get(entry) ?? []))
    .filter((group) => group.length > 0);
  return { deletions, released, kept, errors };
}

/** Deletes what a plan says, group by group. What could not be deleted comes back as an error and stays in the inventory. */
export async function deleteObjects(
  input: Pick<PruneInput, 'kube' | 'asUser' | 'signal'>,
  plan: Pick<PrunePlan, 'deletions'>,
): Promise<{ readonly deleted: readonly string[]; readonly errors: readonly ObjectError[] }> {
  const deleted: string[] = [];
  const errors: ObjectError[] = [];
  for (const group of plan.deletions) {
    await mapLimited(group, async ({ entry, path, uid }) => {
      if (input.signal.aborted) return;
      const options = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Background',
        preconditions: { uid },
      };
      const answer = await callKube(
        input.kube,
        { method: 'DELETE', path, body: options, timeoutMs: 30_000, ...userOf(input) },
        input.signal,
      );
      const isGone = isSuccess(answer) || answer.status === 404;
      if (isGone || (answer.status === 409 && (await isReplaced(input, path, uid)))) deleted.push(refKey(entry));
      else errors.push(errorOf(entry, answer));
    });
  }
  return { deleted, errors };
}

type Asker = Pick<PruneInput, 'kube' | 'asUser' | 'signal'>;

function metadataAt(input: Asker, path: string): Promise<KubeResponse> {
  const request = { method: 'GET', path, accept: METADATA, timeoutMs: 30_000, ...userOf(input) } as const;
  return callKube(input.kube, request, input.signal);
}

/** Whether another object has taken its name since. A conflict may have other reasons: then it is still there, and ours to delete. */
async function isReplaced(input: Asker, path: string, uid: string): Promise<boolean> {
  const answer = await metadataAt(input, path);
  return answer.status === 404 || (isSuccess(answer) && textAt(mapAt(answer.body, 'metadata'), 'uid') !== uid);
}

/** Where a kind is served, by another version too where its own is served no more: the objects are the same. */
async function findServed(
  discovery: Discovery,
  { apiVersion, kind }: InventoryEntry,
): Promise<KindPath | RetryableError | null> {
  try {
    return await discovery.findServed(apiVersion, kind);
  } catch (error) {
    if (error instanceof RetryableError && error.code === DISCOVERY_FAILED) return error;
    throw error;
  }
}

function errorOf(ref: InventoryEntry, answer: KubeResponse): ObjectError {
  const { reason, message, transient, retryAfterMs } = apiError(answer);
  return { ref, reason, message, transient, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

function userOf({ asUser }: Pick<PruneInput, 'asUser'>): { readonly asUser?: string } {
  return asUser === undefined ? {} : { asUser };
}
