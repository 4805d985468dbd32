import type { Manifest, ManifestApplication } from '#domain';

/** As many deletions as an agent can make: that everything goes was said in so many words. */
const ALL_OBJECTS = 1_000_000;

/**
 * What a manifest with `withdraw` asks for: all that is held goes, whether or not it is named, and nothing that is named comes.
 * `held`: by application, as it was accepted; null where what is remembered does not say.
 */
export function takeDownAll(
  { applications }: Pick<Manifest, 'applications'>,
  held: ReadonlyMap<string, ManifestApplication | null>,
): Readonly<Record<string, ManifestApplication>> {
  const all: Record<string, ManifestApplication> = {};
  for (const [name, told] of Object.entries(applications)) {
    if (!held.has(name)) all[name] = told.release === null ? told : withdrawal(told, told.generation);
  }
  for (const [name, own] of held) {
    const told = Object.hasOwn(applications, name) ? applications[name] : undefined;
    const generation = Math.max(own?.generation ?? 0, told?.generation ?? 0);
    // It is under way already, as it was named then or without being named.
    if (own?.release === null && own.generation === generation) all[name] = own;
    else if (told?.release === null && told.generation > (own?.generation ?? 0)) all[name] = told;
    else all[name] = withdrawal(own ?? told ?? NOTHING, generation + 1);
  }
  return all;
}

const NOTHING: Pick<ManifestApplication, 'namespace'> = { namespace: 'default' };

/** As whom it was applied it is deleted: a service account's rights end where they did. */
function withdrawal(
  { namespace, serviceAccount }: Pick<ManifestApplication, 'namespace' | 'serviceAccount'>,
  generation: number,
): ManifestApplication {
  return {
    release: null,
    revision: '',
    digest: '',
    chunks: 0,
    generation,
    healthyForMs: 0,
    maxDeletions: ALL_OBJECTS,
    drift: 'off',
    namespace,
    ...(serviceAccount !== undefined && { serviceAccount }),
  };
}
