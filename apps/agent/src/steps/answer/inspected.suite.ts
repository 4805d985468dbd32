import type { JsonObject, ManifestApplication } from '#domain';
import { SecretMask } from '#kube';
import type { Inspected } from './inspected.js';

export const assignment: ManifestApplication = {
  release: 1,
  revision: 'a'.repeat(40),
  digest: 'd'.repeat(64),
  chunks: 1,
  generation: 1,
  healthyForMs: 0,
  maxDeletions: 100,
  drift: 'correct',
  namespace: 'shop',
};

/** What a worker would know of an application with these objects, of which it has looked at none. */
export function inspectedOf(objects: readonly JsonObject[], changes: Partial<Inspected> = {}): Inspected {
  return {
    application: 'shop',
    held: { assignment, objects: () => Promise.resolve(objects) },
    tracked: new Map(),
    trackedGeneration: 1,
    inventory: [],
    errors: [],
    rules: { judgeOf: () => undefined },
    mask: SecretMask.of(objects),
    ...changes,
  };
}
