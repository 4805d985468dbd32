import type { JsonObject, ManifestApplication } from '#domain';
import {
  type ApplyInput,
  type ApplyItem,
  applyObjects,
  type ApplyResult,
  isHook,
  type ObjectError,
  prepareObjects,
  unknownHook,
} from '#kube';
import { type Unsealed, unsealObjects } from '../unseal/unseal-objects.js';
import type { ApplicationObjects } from './application-objects.js';
import type { BundleMask } from './bundle-mask.js';
import type { WatchPlace } from './kind-watches.js';
import { beyondReach, type Reach } from './reach.js';
import { asUserOf, namingAccount } from './service-account.js';
import type { WorkerContext } from './worker-context.js';

export interface PreparedBundle {
  readonly items: readonly ApplyItem[];
  /** Those of Helm's hooks, which are run at their time and are no part of what is kept as Git has it. */
  readonly hooks: readonly ApplyItem[];
  readonly errors: readonly ObjectError[];
}

/** The objects of a bundle as they can be read, and what must not be told of them. */
export interface OpenedBundle extends PreparedBundle, Pick<Unsealed, 'objects' | 'hidden'> {}

/**
 * Decrypts, resolves and normalises the objects of an application's bundle.
 * @param bundle all of it, where the objects are some
 * @throws RetryableError
 */
export async function prepareBundle(
  application: string,
  context: Pick<WorkerContext, 'kube' | 'discovery' | 'namespace' | 'reach'>,
  sealed: readonly JsonObject[],
  assignment: Pick<ManifestApplication, 'namespace' | 'decryption'>,
  bundle = sealed,
): Promise<OpenedBundle> {
  const unsealed = await unsealObjects(sealed, { ...context, assignment, bundle });
  const { objects, hidden, origin } = unsealed;
  const prepared = await resolveBundle(application, context, objects, assignment, origin);
  return { ...prepared, errors: [...unsealed.errors, ...prepared.errors], objects, hidden };
}

/** The same without decrypting anything: which objects there are, and what each is to be known by. @throws RetryableError */
export async function resolveBundle(
  application: string,
  context: Pick<WorkerContext, 'discovery' | 'namespace' | 'reach'>,
  objects: readonly JsonObject[],
  assignment: Pick<ManifestApplication, 'namespace'>,
  origin: Unsealed['origin'] = (object) => object,
): Promise<PreparedBundle> {
  const { discovery, namespace, reach } = context;
  const { items, errors } = await prepareObjects(objects, {
    application,
    origin,
    namespace: assignment.namespace,
    discovery,
    // Its own keys and records: whoever could write those would be the agent.
    forbidden: (ref) => ref.kind === 'Secret' && ref.namespace === namespace && ref.name.startsWith('flotilla-'),
    refuse: (ref, kind) => beyondReach(reach, ref, kind),
  });
  const unknown = items.flatMap(({ ref, object }): readonly ObjectError[] => {
    const word = unknownHook(object);
    if (word === null) return [];
    const message = `its helm.sh/hook is ${word.slice(0, 60)}, which is none: write pre-install, post-install, pre-upgrade or post-upgrade`;
    return [{ ref, reason: 'UnknownHook', message, transient: false }];
  });
  const hooks = items.filter(({ object }) => isHook(object));
  return { items: items.filter(({ object }) => !isHook(object)), hooks, errors: [...errors, ...unknown] };
}

/** Applies items on an assignment's terms, and lets what is found and made sure of be remembered. @throws RetryableError */
export async function applyItems(
  application: string,
  context: WorkerContext,
  objects: ApplicationObjects,
  {
    assignment,
    mask,
    isDoubted,
    ...input
  }: Pick<ApplyInput, 'items' | 'force' | 'write' | 'again' | 'signal'> & {
    readonly assignment: ManifestApplication;
    readonly mask: BundleMask;
    /** It failed: what is there is looked at, whatever its fingerprint says. */
    readonly isDoubted: (item: ApplyItem) => boolean;
  },
): Promise<ApplyResult> {
  const { kube, discovery } = context;
  const { ignoreDifferences } = assignment;
  const result = await applyObjects({
    ...input,
    mask: mask.mask,
    ...(ignoreDifferences !== undefined && { ignore: ignoreDifferences }),
    ...asUserOf(assignment),
    kube,
    discovery,
    application,
    known: (item) => {
      const known = objects.get(item.key)?.known() ?? { live: undefined };
      return known.live && isDoubted(item) ? { ...known, live: undefined } : known;
    },
    onSeen: (item, live) => {
      if (live !== null) mask.see(live);
      objects.seen(item, live);
    },
    onVerified: (item, live) => objects.verified(item, live),
  });
  return { ...result, errors: await namingAccount(result.errors, context, assignment) };
}

/** Whether the same bundle on other terms makes other objects, or may do what it could not. */
export function needsAnotherPass(before: ManifestApplication, after: ManifestApplication): boolean {
  const told = ({ drift, namespace, serviceAccount, ignoreDifferences, decryption }: ManifestApplication): string =>
    JSON.stringify([drift, namespace, serviceAccount ?? '', ignoreDifferences ?? [], decryption?.secret ?? '']);
  return told(before) !== told(after);
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
