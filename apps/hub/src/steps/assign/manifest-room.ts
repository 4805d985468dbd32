import { MAX_MANIFEST_BYTES } from '#contract';
import type { ClusterUid, ManifestApplication } from '#domain';
import type { StoredResource, Unit } from '#ports';
import { termsOfSpec } from './application-terms.js';
import { Blocked } from './inputs.js';

/** Of the envelope: protocol, UID, sequence, key and signature; and whom to trust, two keys and some authorities. */
const ENVELOPE_BYTES = 8 * 1024;

/** What every application takes besides its terms; numbers as large as they become, and a bundle that a rollback exempts. */
const LARGEST_ROW: Omit<ManifestApplication, 'drift' | 'namespace'> = {
  release: 1_000_000,
  revision: 'f'.repeat(40),
  digest: 'f'.repeat(64),
  chunks: 100,
  generation: 1_000_000,
  healthyForMs: 86_400_000,
  maxDeletions: 1_000_000,
  exempt: { digest: 'f'.repeat(64), chunks: 100 },
  halted: true,
};

/** Bytes of an envelope that an application takes: JSON within JSON. */
export function bytesInManifest({ name, spec }: Pick<StoredResource, 'name' | 'spec'>): number {
  const entry = { [name]: { ...LARGEST_ROW, ...termsOfSpec(spec) } };
  return Buffer.byteLength(JSON.stringify(JSON.stringify(entry)));
}

/** Remembers what each Application takes until its spec is another: every application's reconcile asks for those of all. */
export class ManifestSizes {
  private readonly known = new Map<string, { readonly version: string; readonly bytes: number }>();

  of(applications: readonly StoredResource[]): ReadonlyMap<string, number> {
    const bytes = new Map(applications.map((each) => [each.name, this.ofOne(each)]));
    for (const name of this.known.keys()) if (!bytes.has(name)) this.known.delete(name);
    return bytes;
  }

  private ofOne(application: StoredResource): number {
    // Of a name that was deleted and declared again, the generations begin anew.
    const version = `${application.createdAt} ${application.generation}`;
    const known = this.known.get(application.name);
    if (known?.version === version) return known.bytes;
    const bytes = bytesInManifest(application);
    this.known.set(application.name, { version, bytes });
    return bytes;
  }
}

/**
 * Makes sure that the manifest of each cluster has room for the application beside those that the cluster runs. Asks for the
 * clusters' assignments only where all applications together would not fit into one.
 * @throws Blocked `manifest`, which names the application that takes most of it.
 */
export async function requireRoom(
  read: Unit,
  sizes: ManifestSizes,
  application: string,
  members: readonly { readonly uid: ClusterUid; readonly name: string }[],
): Promise<void> {
  const bytes = sizes.of(await read.resources.list('Application'));
  if (sum(bytes.values()) + ENVELOPE_BYTES <= MAX_MANIFEST_BYTES) return;
  const told = new Map(members.map(({ uid }) => [uid, new Set([application])]));
  for (const { uid, application: other } of await read.outbox.assignments([...told.keys()])) told.get(uid)?.add(other);
  for (const { uid, name } of members) {
    const names = [...(told.get(uid) ?? [])].filter((each) => bytes.has(each));
    const total = sum(names.map((each) => bytes.get(each) ?? 0)) + ENVELOPE_BYTES;
    if (total <= MAX_MANIFEST_BYTES) continue;
    const [largest = application] = names.sort((a, b) => (bytes.get(b) ?? 0) - (bytes.get(a) ?? 0));
    throw new Blocked(
      'manifest',
      `Cluster "${name}" would be told ${kib(total)} of its ${names.length} applications, and a manifest holds ${kib(MAX_MANIFEST_BYTES)}: ` +
        `Application "${largest}" takes most of it (${kib(bytes.get(largest) ?? 0)}): shorten its spec.health or spec.ignoreDifferences, or place fewer applications on that cluster`,
    );
  }
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const each of values) total += each;
  return total;
}

function kib(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`;
}
