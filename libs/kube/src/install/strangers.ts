import type { JsonObject } from '#domain';
import type { Kube } from '#ports';
import { type KindPath, objectPath } from '../apply/discovery.js';
import { annotationOf, type ObjectRef, refOf, refTitle } from '../apply/object-ref.js';
import { listOwn } from './cluster-objects.js';

/**
 * What is in a namespace besides what is expected there; what could not be read counts, because nobody knows what it is.
 * The system's own (the default account, the authority's certificate) and what controllers made does not.
 */
export async function strangersIn(
  kube: Kube,
  kinds: readonly KindPath[],
  namespace: string,
  isExpected: (ref: ObjectRef, path: string) => boolean,
): Promise<readonly string[]> {
  const namespaced = kinds.filter((kind) => kind.namespaced);
  const { objects, unread } = await listOwn(kube, namespaced, { namespace }, []);
  const paths = new Map(namespaced.map((kind) => [`${kind.apiVersion}/${kind.kind}`, kind]));
  const strange = objects
    .filter((object) => !isSystems(object))
    .map(refOf)
    .filter((ref) => {
      const kind = paths.get(`${ref.apiVersion}/${ref.kind}`);
      return kind !== undefined && !isExpected(ref, objectPath(kind, ref.namespace, ref.name));
    });
  return [...strange.map(refTitle).sort(), ...unread.map(({ kind, why }) => `${kind} that cannot be read (${why})`)];
}

/** The agent's own in a namespace that it was kept to. */
export function isAgentsRight(path: string): boolean {
  return /\/(roles|rolebindings)\/flotilla-agent$/.test(path);
}

/** Every namespace has these. */
export function isSystems(object: JsonObject): boolean {
  const { kind, name } = refOf(object);
  if (kind === 'ServiceAccount') return name === 'default';
  // Kubernetes before 1.24 made one for each account.
  if (kind === 'Secret') return annotationOf(object, 'kubernetes.io/service-account.name') === 'default';
  return kind === 'ConfigMap' && ['kube-root-ca.crt', 'openshift-service-ca.crt'].includes(name);
}
