import type { Kube } from '#ports';
import { apiError, callKube, isSuccess } from './api-error.js';
import { type Discovery, objectPath } from './discovery.js';
import type { InventoryEntry } from './inventory.js';
import { mapLimited } from './map-limited.js';
import { APPLICATION_LABEL, PRUNE_ANNOTATION } from './marks.js';
import { annotationOf, labelOf, mapAt, refKey, textAt } from './object-ref.js';
import type { ObjectError } from './prepare.js';

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
  const errors: ObjectError[] = [];
  const found = new Map<InventoryEntry, Deletion>();
  await mapLimited(input.groups.flat(), async (entry) => {
    if (input.signal.aborted) return;
    const kind = await input.discovery.find(entry.apiVersion, entry.kind);
    // A kind that is gone took its objects along.
    if (kind === null) {
      released.push(refKey(entry));
      return;
    }
    const path = objectPath(kind, entry.namespace, entry.name);
    const request = { method: 'GET', path, accept: METADATA, timeoutMs: 30_000, ...userOf(input) } as const;
    const answer = await callKube(input.kube, request, input.signal);
    if (answer.status === 404) {
      released.push(refKey(entry));
    } else if (!isSuccess(answer)) {
      const { reason, message, transient } = apiError(answer);
      errors.push({ ref: entry, reason, message, transient });
    } else if (
      labelOf(answer.body, APPLICATION_LABEL) !== input.application ||
      annotationOf(answer.body, PRUNE_ANNOTATION) === 'disabled'
    ) {
      released.push(refKey(entry));
    } else {
      found.set(entry, { entry, path, uid: textAt(mapAt(answer.body, 'metadata'), 'uid') });
    }
  });
  const deletions = input.groups
    .map((group) => group.flatMap((entry) => found.get(entry) ?? []))
    .filter((group) => group.length > 0);
  return { deletions, released, errors };
}

/** Deletes what a plan says, group by group. What could not be deleted comes back as an error and stays in the inventory. */
export async function deleteObjects(
  input: Pick<PruneInput, 'kube' | 'asUser' | 'signal'>,
  plan: PrunePlan,
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
      // 409: another object has taken its name since.
      if (isSuccess(answer) || answer.status === 404 || answer.status === 409) {
        deleted.push(refKey(entry));
        return;
      }
      const { reason, message, transient } = apiError(answer);
      errors.push({ ref: entry, reason, message, transient });
    });
  }
  return { deleted, errors };
}

function userOf({ asUser }: Pick<PruneInput, 'asUser'>): { readonly asUser?: string } {
  return asUser === undefined ? {} : { asUser };
}
