import type { JsonObject } from '#domain';
import type { ApiError } from './api-error.js';
import type { LiveState } from './live-state.js';
import { ADOPT_ANNOTATION, APPLICATION_LABEL, RECREATE_ANNOTATION } from './marks.js';
import { annotationOf, groupOf, isMap, labelOf, textAt } from './object-ref.js';

/** What is known of an object before a request is made. */
export interface Known {
  /** Undefined: never seen; null: absent, or without our label. */
  readonly live: LiveState | null | undefined;
  /** As of the last pass that made sure of it. */
  readonly verified?: { readonly desired: string; readonly owned: string } | undefined;
  /** A Job that ran to its end as it is desired: its absence is no drift. */
  readonly completed?: boolean;
}

/**
 * The first step towards an object:
 * `nothing` both fingerprints stand · `write` ours and untouched, so dry-run and apply · `look` read it first, because it is unknown,
 * or somebody touched it, or it seems to be absent: what bears our label no more is so for our watches, and may be another's by now.
 */
export type FirstStep = 'nothing' | 'write' | 'look';

export function firstStep(known: Known, desired: string, application: string, force: boolean): FirstStep {
  const { live, verified } = known;
  if (live === null && known.completed === true) return 'nothing';
  if (live === undefined || live === null || force) return 'look';
  if (live.application !== application || verified === undefined || verified.owned !== live.owned) return 'look';
  // What is by hand still was found to be ignored, when it was made sure of.
  if (verified.desired === desired) return 'nothing';
  return live.byHand ? 'look' : 'write';
}

/** Whether an object is as it was when it was made sure of; without a verified pass nothing is known. */
export function hasDrifted(known: Known): boolean {
  const { live, verified } = known;
  if (verified === undefined || live === undefined) return false;
  return live === null ? known.completed !== true : live.owned !== verified.owned;
}

/** Why an object may not be applied; null: it may. */
export function ownershipRefusal(live: JsonObject, desired: JsonObject, application: string): string | null {
  const owner = labelOf(live, APPLICATION_LABEL);
  if (owner === '' || owner === application) return null;
  if (annotationOf(desired, ADOPT_ANNOTATION) === 'enabled') return null;
  return `it belongs to the application ${owner}: remove it from one of the two, or annotate it with ${ADOPT_ANNOTATION}: enabled to take it over`;
}

/** The object as it is applied while an autoscaler owns its replicas: leaving them out gives them to it. */
export function withoutReplicas(object: JsonObject): JsonObject {
  const spec = object['spec'];
  if (!isMap(spec) || spec['replicas'] === undefined) return object;
  const { replicas: _replicas, ...rest } = spec;
  return { ...object, spec: rest };
}

const IMMUTABLE = /field is immutable|may not be changed|is immutable|updates to \S+ spec for fields other than/i;
const NEVER_RECREATED = new Set([
  'apiextensions.k8s.io/CustomResourceDefinition',
  '/Namespace',
  '/PersistentVolumeClaim',
]);

/** Whether an object is deleted and made anew: it asks for it, may be, and immutable fields are all that is wrong. */
export function mayRecreate(error: ApiError, desired: JsonObject): boolean {
  if (error.status !== 422 || annotationOf(desired, RECREATE_ANNOTATION) !== 'enabled') return false;
  if (NEVER_RECREATED.has(`${groupOf(textAt(desired, 'apiVersion'))}/${textAt(desired, 'kind')}`)) return false;
  const messages = error.causes.length > 0 ? error.causes.map((cause) => cause.message) : [error.message];
  return messages.every((message) => IMMUTABLE.test(message));
}

/** Adds what a person can do about an immutable field. */
export function immutableHint(error: ApiError): string {
  if (error.status !== 422 || !IMMUTABLE.test(error.message)) return '';
  return ` (annotate it with ${RECREATE_ANNOTATION}: enabled to have it deleted and made anew)`;
}
