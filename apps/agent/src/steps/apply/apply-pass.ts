import type { JsonObject, ManifestApplication } from '#domain';
import { type ApplyInput, type ApplyItem, applyObjects, type ApplyResult, type KindPath, prepareObjects } from '#kube';
import type { ApplicationObjects } from './application-objects.js';
import type { WorkerContext } from './worker-context.js';

/** Resolves and normalises the objects of an application's bundle. @throws RetryableError */
export async function prepareBundle(
  application: string,
  context: WorkerContext,
  objects: readonly JsonObject[],
  assignment: ManifestApplication,
): ReturnType<typeof prepareObjects> {
  const { discovery, namespace } = context;
  return await prepareObjects(objects, {
    application,
    namespace: assignment.namespace,
    discovery,
    // Its own keys and records: whoever could write those would be the agent.
    forbidden: (ref) => ref.kind === 'Secret' && ref.namespace === namespace && ref.name.startsWith('flotilla-'),
  });
}

/** Applies items, and lets what is found and made sure of be remembered. @throws RetryableError */
export async function applyItems(
  application: string,
  context: WorkerContext,
  objects: ApplicationObjects,
  input: Pick<ApplyInput, 'items' | 'force' | 'write' | 'again' | 'signal'>,
): Promise<ApplyResult> {
  const { kube, discovery } = context;
  return await applyObjects({
    ...input,
    kube,
    discovery,
    application,
    known: ({ key }) => objects.get(key)?.known() ?? { live: undefined },
    onSeen: (item, live) => objects.seen(item, live),
    onVerified: (item, live) => objects.verified(item, live),
  });
}

/** Each kind of some items once. */
export function kindsOf(items: readonly ApplyItem[]): readonly KindPath[] {
  return [...new Map(items.map((item) => [`${item.kind.base}/${item.kind.plural}`, item.kind])).values()];
}
