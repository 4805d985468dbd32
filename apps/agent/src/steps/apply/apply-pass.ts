import type { JsonObject, ManifestApplication } from '#domain';
import { type ApplyInput, type ApplyItem, applyObjects, type ApplyResult, prepareObjects } from '#kube';
import type { ApplicationObjects } from './application-objects.js';
import type { WatchPlace } from './kind-watches.js';
import { beyondReach, type Reach } from './reach.js';
import type { WorkerContext } from './worker-context.js';

/** Resolves and normalises the objects of an application's bundle. @throws RetryableError */
export async function prepareBundle(
  application: string,
  context: WorkerContext,
  objects: readonly JsonObject[],
  assignment: ManifestApplication,
): ReturnType<typeof prepareObjects> {
  const { discovery, namespace, reach } = context;
  return await prepareObjects(objects, {
    application,
    namespace: assignment.namespace,
    discovery,
    // Its own keys and records: whoever could write those would be the agent.
    forbidden: (ref) => ref.kind === 'Secret' && ref.namespace === namespace && ref.name.startsWith('flotilla-'),
    refuse: (ref, kind) => beyondReach(reach, ref, kind),
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

/** What to watch for some items: each kind once, in each of their namespaces where the agent is kept to some. */
export function placesOf(items: readonly ApplyItem[], reach: Reach): readonly WatchPlace[] {
  const places = new Map<string, WatchPlace>();
  for (const { kind, ref } of items) {
    const namespace = reach === null ? undefined : ref.namespace;
    const place = { kind, ...(namespace !== undefined && { namespace }) };
    places.set(`${kind.base}/${kind.plural}/${namespace ?? ''}`, place);
  }
  return [...places.values()];
}
