import type { JsonObject } from '#domain';
import { refKey, refOf } from '#kube';

/**
 * Keys of the objects that a bundle has, as an inventory names them.
 * @param namespace the application's: an object that names none is there, or belongs to the cluster.
 */
export function exemptKeys(objects: readonly JsonObject[], namespace: string): ReadonlySet<string> {
  return new Set(
    objects.flatMap((object) => {
      const ref = refOf(object);
      return ref.namespace === undefined ? [refKey(ref), refKey({ ...ref, namespace })] : [refKey(ref)];
    }),
  );
}
