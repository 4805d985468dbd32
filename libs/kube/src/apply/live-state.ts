import type { JsonObject } from '#domain';
import { APPLICATION_LABEL } from './marks.js';
import { type Ownership, ownershipOf } from './managed-fields.js';
import { labelOf, mapAt, textAt } from './object-ref.js';

/** All that is remembered of a live object: digests and marks, never its content. */
export interface LiveState extends Ownership {
  /** Only compared with others of the same kind. */
  readonly resourceVersion: number;
  readonly generation: number;
  readonly uid: string;
  /** ISO 8601, by the API server's clock; empty: it did not say. */
  readonly createdAt: string;
  /** The application whose label it bears; empty: nobody's. */
  readonly application: string;
}

export function liveStateOf(object: JsonObject): LiveState {
  const metadata = mapAt(object, 'metadata');
  const generation = metadata['generation'];
  return {
    ...ownershipOf(object),
    resourceVersion: Number(textAt(metadata, 'resourceVersion')) || 0,
    generation: typeof generation === 'number' ? generation : 0,
    uid: textAt(metadata, 'uid'),
    createdAt: textAt(metadata, 'creationTimestamp'),
    application: labelOf(object, APPLICATION_LABEL),
  };
}
