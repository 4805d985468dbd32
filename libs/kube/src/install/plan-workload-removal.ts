import type { JsonObject } from '#domain';
import type { Kube } from '#ports';
import { apiError, callKube, isSuccess } from '../apply/api-error.js';
import { Discovery, objectPath } from '../apply/discovery.js';
import { planPrune } from '../apply/inventory.js';
import { mapLimited } from '../apply/map-limited.js';
import { APPLICATION_LABEL, PRUNE_ANNOTATION } from '../apply/marks.js';
import { annotationOf, labelOf, mapAt, type ObjectRef, refKey, refOf, refTitle, textAt } from '../apply/object-ref.js';
import type { Deletion } from '../apply/prune-objects.js';
import { RecordStore } from '../apply/record-store.js';
import { listMetadata } from './cluster-objects.js';
import type { Installation } from './inspect-installation.js';
import { definedKind } from './container-contents.js';
import { isAgentsRight, strangersIn } from './strangers.js';

export interface KeptObject {
  readonly ref: ObjectRef;
  readonly why: string;
}

/** What goes of the applications' objects, by the agent's record of them. */
export interface WorkloadRemoval {
  /** In the order of deletion, as lists that may be deleted at once. */
  readonly deletions: readonly (readonly Deletion[])[];
  /** Recorded, there, and staying. */
  readonly kept: readonly KeptObject[];
  /** Records that can't be read: what they name is not known, and stays. */
  readonly broken: readonly string[];
}

const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

/**
 * Plans the removal of everything that the agent recorded as its applications': in the reverse order of application, and never
 * what bears `flotilla.dev/prune: disabled`, what another application owns by now, a definition with custom resources that are
 * not of the record, or a namespace in which anything would be left. Changes nothing.
 * @throws RetryableError
 */
export async function planWorkloadRemoval(kube: Kube, installation: Installation): Promise<WorkloadRemoval> {
  const { records, broken } = await new RecordStore(kube, installation.namespace).loadAll();
  const owners = new Map(
    records.flatMap(({ application, inventory }) => inventory.map((entry) => [refKey(entry), application] as const)),
  );
  const discovery = new Discovery(kube);
  const kept: KeptObject[] = [];
  const found = new Map<string, Deletion>();
  const groups = planPrune(
    records.flatMap(({ inventory }) => inventory),
    new Set(),
  );
  await mapLimited(groups.flat(), async (entry) => {
    const kind = await discovery.find(entry.apiVersion, entry.kind);
    if (kind === null) return;
    const path = objectPath(kind, entry.namespace, entry.name);
    const answer = await callKube(kube, { method: 'GET', path, accept: METADATA });
    if (answer.status === 404) return;
    const why = isSuccess(answer) ? whyKept(answer.body, owners.get(refKey(entry)) ?? '') : apiError(answer).message;
    if (why !== null) kept.push({ ref: entry, why });
    else found.set(refKey(entry), { entry, path, uid: textAt(mapAt(answer.body, 'metadata'), 'uid') });
  });
  const containers = [...found.values()].filter(({ entry }) => isContainer(entry));
  await mapLimited(containers, async (container) => {
    const why = await whyContainerStays(kube, installation, container, found);
    if (why === null) return;
    found.delete(refKey(container.entry));
    kept.push({ ref: container.entry, why });
  });
  const deletions = groups
    .map((group) => group.flatMap((entry) => found.get(refKey(entry)) ?? []))
    .filter((group) => group.length > 0);
  return { deletions, kept: kept.sort((a, b) => (refTitle(a.ref) < refTitle(b.ref) ? -1 : 1)), broken };
}

function whyKept(object: JsonObject, application: string): string | null {
  if (annotationOf(object, PRUNE_ANNOTATION) === 'disabled') return `it bears ${PRUNE_ANNOTATION}: disabled`;
  const owner = labelOf(object, APPLICATION_LABEL);
  if (owner === application) return null;
  return owner === '' ? `it has lost the label ${APPLICATION_LABEL}` : `it is ${owner}'s by now`;
}

/** Their deletion takes along what is in them. */
export function isContainer({ kind }: ObjectRef): boolean {
  return kind === 'Namespace' || kind === 'CustomResourceDefinition';
}

/** Null: nothing would be lost that is not to go. */
export async function whyContainerStays(
  kube: Kube,
  { kinds, namespace: own }: Pick<Installation, 'kinds' | 'namespace'>,
  { entry, path }: Deletion,
  going: ReadonlyMap<string, Deletion>,
): Promise<string | null> {
  const paths = new Set([...going.values()].map((deletion) => deletion.path));
  if (entry.kind === 'Namespace') {
    if (entry.name === own) return 'the agent itself is in it';
    return listed(await strangersIn(kube, kinds, entry.name, (_ref, each) => paths.has(each) || isAgentsRight(each)));
  }
  const definition = await callKube(kube, { method: 'GET', path });
  if (definition.status === 404) return null;
  if (!isSuccess(definition)) return apiError(definition).message;
  const kind = definedKind(definition.body);
  if (kind === null) return null;
  const list = await listMetadata(kube, kind, {});
  if ('refusal' in list) return apiError(list.refusal).message;
  return listed(
    list.objects
      .map(refOf)
      .filter((ref) => !going.has(refKey(ref)))
      .map(refTitle),
  );
}

function listed(strangers: readonly string[]): string | null {
  if (strangers.length === 0) return null;
  const shown = strangers.slice(0, 3).join(', ');
  return `there is more in it: ${shown}${strangers.length > 3 ? ` and ${strangers.length - 3} more` : ''}`;
}
