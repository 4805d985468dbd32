import type { JsonObject } from '#domain';
import { RejectedError } from '#kit';
import type { Kube, KubeResponse } from '#ports';
import { apiError, callKube, isSuccess } from '../apply/api-error.js';
import { collectionPath, type KindPath } from '../apply/discovery.js';
import { mapLimited } from '../apply/map-limited.js';
import { mapAt, mapsAt, refKey, refOf, textAt } from '../apply/object-ref.js';

const LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

/** Some kinds could not be listed: what there is of them is not known. */
export interface Unread {
  readonly kind: string;
  readonly why: string;
}

/** The answer's body. @throws RejectedError in the API server's own words */
export function answered(answer: KubeResponse, doing: string): JsonObject {
  if (isSuccess(answer)) return answer.body;
  const { message } = apiError(answer);
  const code = answer.status === 403 ? 'kube-forbidden' : answer.status === 401 ? 'kube-unauthorized' : 'kube-status';
  const why = answer.status === 401 ? 'it does not know you; look at the context and its credentials' : message;
  throw new RejectedError(code, `The API server does not let you ${doing}: ${why}`, { status: answer.status });
}

/** Every kind that can be listed and deleted, each once, by the version that its group prefers. */
export async function servedKinds(kube: Kube): Promise<{ kinds: readonly KindPath[]; unread: readonly Unread[] }> {
  const groups = mapsAt(
    answered(await callKube(kube, { method: 'GET', path: '/apis' }), 'list the API groups'),
    'groups',
  );
  const versions = ['v1', ...groups.map((group) => textAt(mapAt(group, 'preferredVersion'), 'groupVersion'))];
  const kinds: KindPath[] = [];
  const unread: Unread[] = [];
  await mapLimited(versions.filter(Boolean), async (apiVersion) => {
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const answer = await callKube(kube, { method: 'GET', path: base });
    // An API whose own server is away.
    if (!isSuccess(answer)) unread.push({ kind: `everything of ${apiVersion}`, why: apiError(answer).message });
    for (const resource of mapsAt(answer.body, 'resources')) {
      const [plural, kind] = [textAt(resource, 'name'), textAt(resource, 'kind')];
      const verbs = resource['verbs'];
      if (plural.includes('/') || !Array.isArray(verbs) || !verbs.includes('list') || !verbs.includes('delete'))
        continue;
      kinds.push({ apiVersion, kind, namespaced: resource['namespaced'] === true, base, plural });
    }
  });
  return { kinds: kinds.sort((a, b) => (a.kind < b.kind ? -1 : 1)), unread };
}

export interface ListWhere {
  readonly namespace?: string;
  readonly labelSelector?: string;
}

/** The metadata of a kind's objects; null where the API server does not let us, with its answer. */
export async function listMetadata(
  kube: Kube,
  kind: KindPath,
  { namespace, labelSelector }: ListWhere,
): Promise<{ readonly objects: readonly JsonObject[] } | { readonly refusal: KubeResponse }> {
  const objects: JsonObject[] = [];
  for (let next = ''; ;) {
    const query = {
      limit: '500',
      ...(labelSelector !== undefined && { labelSelector }),
      ...(next !== '' && { continue: next }),
    };
    const path = collectionPath(kind, namespace);
    const answer = await callKube(kube, { method: 'GET', path, query, accept: LIST, timeoutMs: 30_000 });
    // A kind whose definition has just gone has no objects.
    if (answer.status === 404) return { objects };
    if (!isSuccess(answer)) return { refusal: answer };
    const { apiVersion, kind: name } = kind;
    objects.push(...mapsAt(answer.body, 'items').map((item): JsonObject => ({ ...item, apiVersion, kind: name })));
    next = textAt(mapAt(answer.body, 'metadata'), 'continue');
    if (next === '') return { objects };
  }
}

/**
 * All objects of some kinds; where a kind can't be listed in the whole cluster, in `namespaces` one by one. What no controller
 * made: that goes and comes with what did.
 */
export async function listOwn(
  kube: Kube,
  kinds: readonly KindPath[],
  where: ListWhere,
  namespaces: readonly string[],
): Promise<{ objects: readonly JsonObject[]; unread: readonly Unread[] }> {
  const found = new Map<string, JsonObject>();
  const unread: Unread[] = [];
  await mapLimited(kinds, async (kind) => {
    const first = await listMetadata(kube, kind, where);
    const lists = [first];
    if ('refusal' in first && first.refusal.status === 403 && kind.namespaced && where.namespace === undefined) {
      lists.shift();
      for (const namespace of namespaces) lists.push(await listMetadata(kube, kind, { ...where, namespace }));
      if (namespaces.length === 0) lists.push(first);
    }
    for (const list of lists) {
      if ('refusal' in list) unread.push({ kind: kind.kind, why: apiError(list.refusal).message });
      else for (const each of list.objects) if (!isMade(each)) found.set(refKey(refOf(each)), each);
    }
  });
  return { objects: [...found.values()], unread };
}

/** By a controller of the cluster itself, out of something else. */
function isMade(object: JsonObject): boolean {
  const owners = mapsAt(mapAt(object, 'metadata'), 'ownerReferences');
  // Copies of a Service, with its labels; not all of them name it.
  const isCopy = ['Endpoints', 'EndpointSlice', 'Event'].includes(textAt(object, 'kind'));
  return isCopy || owners.some((owner) => owner['controller'] === true);
}
