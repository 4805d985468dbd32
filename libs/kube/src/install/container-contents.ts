import type { JsonObject } from '#domain';
import type { Kube } from '#ports';
import { apiError, callKube, isSuccess } from '../apply/api-error.js';
import { objectPath, type KindPath } from '../apply/discovery.js';
import { APPLICATION_LABEL, PRUNE_ANNOTATION } from '../apply/marks.js';
import { annotationOf, labelOf, mapAt, mapsAt, refOf, refTitle, textAt } from '../apply/object-ref.js';
import type { Deletion } from '../apply/prune-objects.js';
import { listOwn, servedKinds } from './cluster-objects.js';
import { isAgentsRight, isSystems } from './strangers.js';

export interface ContainerContents {
  /** What is on its way out, or about to be. */
  readonly going: readonly string[];
  /** What would be lost with it and is not to go; what can't be read counts. */
  readonly staying: readonly string[];
}

/**
 * What is in a namespace, or of a definition's kind, besides what the system and controllers made.
 * @param own the agent's namespace; @param applications whose objects are being deleted.
 * @throws RetryableError; RejectedError where the API server does not say what kinds there are.
 */
export async function containerContents(
  kube: Kube,
  { entry, path }: Pick<Deletion, 'entry' | 'path'>,
  { own, applications }: { readonly own: string; readonly applications: ReadonlySet<string> },
): Promise<ContainerContents> {
  if (entry.kind === 'Namespace' && entry.name === own) return { going: [], staying: ['the agent itself'] };
  const listed = entry.kind === 'Namespace' ? await inNamespace(kube, entry.name) : await ofDefinition(kube, path);
  const going: string[] = [];
  const staying = listed.unread.map(({ kind, why }) => `${kind} that cannot be read (${why})`);
  for (const object of listed.objects) {
    if (mapAt(object, 'metadata')['deletionTimestamp'] !== undefined) continue;
    const isGoing =
      applications.has(labelOf(object, APPLICATION_LABEL)) && annotationOf(object, PRUNE_ANNOTATION) !== 'disabled';
    (isGoing ? going : staying).push(refTitle(refOf(object)));
  }
  return { going: going.sort(), staying: staying.sort() };
}

type Listed = Awaited<ReturnType<typeof listOwn>>;

async function inNamespace(kube: Kube, namespace: string): Promise<Listed> {
  const served = await servedKinds(kube);
  const kinds = served.kinds.filter(({ namespaced }) => namespaced);
  const { objects, unread } = await listOwn(kube, kinds, { namespace }, []);
  const byName = new Map(kinds.map((kind) => [`${kind.apiVersion}/${kind.kind}`, kind]));
  const others = objects.filter((object) => !isSystems(object) && !isAgentsRight(pathOf(object, byName)));
  return { objects: others, unread: [...served.unread, ...unread] };
}

function pathOf(object: JsonObject, kinds: ReadonlyMap<string, KindPath>): string {
  const { apiVersion, kind, namespace, name } = refOf(object);
  const known = kinds.get(`${apiVersion}/${kind}`);
  return known === undefined ? '' : objectPath(known, namespace, name);
}

async function ofDefinition(kube: Kube, path: string): Promise<Listed> {
  const answer = await callKube(kube, { method: 'GET', path });
  if (answer.status === 404) return { objects: [], unread: [] };
  if (!isSuccess(answer)) return { objects: [], unread: [{ kind: 'its kind', why: apiError(answer).message }] };
  const kind = definedKind(answer.body);
  return kind === null ? { objects: [], unread: [] } : await listOwn(kube, [kind], {}, []);
}

/** The kind that a CustomResourceDefinition serves; null: none of its versions is. */
export function definedKind(definition: JsonObject): KindPath | null {
  const spec = mapAt(definition, 'spec');
  const version = mapsAt(spec, 'versions').find((each) => each['served'] === true);
  if (version === undefined) return null;
  const apiVersion = `${textAt(spec, 'group')}/${textAt(version, 'name')}`;
  const names = mapAt(spec, 'names');
  const namespaced = textAt(spec, 'scope') === 'Namespaced';
  return {
    apiVersion,
    kind: textAt(names, 'kind'),
    plural: textAt(names, 'plural'),
    namespaced,
    base: `/apis/${apiVersion}`,
  };
}
