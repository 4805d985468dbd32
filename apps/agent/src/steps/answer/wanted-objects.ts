import type { ObjectRef } from '#kube';
import { resolveBundle } from '../apply/apply-pass.js';
import type { AnswerInput } from './inspected.js';

/** One object as the held release wants it. */
export interface WantedObject {
  readonly ref: ObjectRef;
  readonly digest: string;
}

/**
 * What the held release wants, by key; null: it is what is tracked. It is not where its objects were never looked at, as when it
 * would delete more than it may: then the tracked ones are a former release's.
 * @throws RetryableError
 */
export async function wantedObjects(input: AnswerInput): Promise<ReadonlyMap<string, WantedObject> | null> {
  const { held, trackedGeneration, application } = input.inspected;
  if (held === null || held.assignment.generation === trackedGeneration) return null;
  const { items } = await resolveBundle(application, input, await held.objects(), held.assignment);
  return new Map(items.map(({ key, ref, digest }) => [key, { ref, digest }]));
}
