import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Inject, Injectable } from '@nestjs/common';
import { RetryableError } from '#kit';
import type { Store } from '#ports';
import { STORE } from '../../parts.js';

const unpack = promisify(gunzip);

/** Most digests whose API versions are remembered: some 10 KB each. */
const MAX_KNOWN = 200;
/** Of one group version's schemas. */
const MAX_DOCUMENT_BYTES = 32 * 1024 * 1024;
const KINDS = 'x-kubernetes-group-version-kind';

/** What is read of a document. */
interface OpenApi {
  readonly components?: {
    readonly schemas?: Readonly<
      Record<string, { readonly [KINDS]?: readonly { group?: string; version?: string; kind?: string }[] }>
    >;
  };
}

/** API versions that clusters serve, as a chart asks for them: `apps/v1`, `apps/v1/Deployment`. */
@Injectable()
export class ServedApis {
  private readonly known = new Map<string, readonly string[]>();

  constructor(@Inject(STORE) private readonly store: Pick<Store, 'read'>) {}

  /**
   * @param digest as the agents tell it; undefined: none is asked for.
   * @throws RetryableError `apis-unknown`: the agents have told the digest, and not yet what it is of.
   */
  async of(digest: string | undefined): Promise<readonly string[]> {
    if (digest === undefined) return [];
    const known = this.known.get(digest);
    if (known) return known;
    const index = await this.store.read.apis.index(digest);
    if (index === null) {
      throw new RetryableError(
        'apis-unknown',
        'The chart asks which API versions the cluster serves, and its agent has not told them yet.',
      );
    }
    const found: string[] = [];
    let isWhole = true;
    for (const [groupVersion, hash] of Object.entries(index).sort(([a], [b]) => (a < b ? -1 : 1))) {
      found.push(groupVersion);
      // Without a hash nobody tells of what it is.
      const gzipped = hash === '' ? null : await this.store.read.apis.document(groupVersion, hash);
      if (gzipped) found.push(...(await kindsOf(groupVersion, gzipped)).map((kind) => `${groupVersion}/${kind}`));
      else if (hash !== '') isWhole = false;
    }
    if (isWhole) this.keep(digest, found);
    return found;
  }

  private keep(digest: string, found: readonly string[]): void {
    this.known.set(digest, found);
    const oldest = this.known.size > MAX_KNOWN ? this.known.keys().next().value : undefined;
    if (oldest !== undefined) this.known.delete(oldest);
  }
}

/** Kinds of a group version's own among those that its OpenAPI document describes. */
async function kindsOf(groupVersion: string, gzipped: Uint8Array): Promise<readonly string[]> {
  const json = await unpack(gzipped, { maxOutputLength: MAX_DOCUMENT_BYTES });
  const { components } = JSON.parse(json.toString('utf8')) as OpenApi;
  const kinds = new Set<string>();
  for (const schema of Object.values(components?.schemas ?? {})) {
    for (const { group = '', version = '', kind } of schema[KINDS] ?? []) {
      if (kind !== undefined && (group === '' ? version : `${group}/${version}`) === groupVersion) kinds.add(kind);
    }
  }
  return [...kinds].sort();
}
