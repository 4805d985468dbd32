import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Inject, Injectable } from '@nestjs/common';
import type { SchemaDocument } from '#domain';
import { keepNewest, RetryableError } from '#kit';
import type { Store } from '#ports';
import { STORE } from '../../parts.js';
import { ClusterApis } from '../../validation/cluster-apis.js';

const unpack = promisify(gunzip);

/** Most digests whose API versions are remembered: some 10 KB each. */
const MAX_KNOWN = 200;
/** Of one group version's schemas. */
const MAX_DOCUMENT_BYTES = 32 * 1024 * 1024;

/** API versions that clusters serve, as a chart asks for them: `apps/v1`, `apps/v1/Deployment`. */
@Injectable()
export class ServedApis {
  @Inject(ClusterApis) private readonly agents?: Pick<ClusterApis, 'bring'>;
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
    await this.agents?.bring(digest);
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
      if (gzipped) found.push(...(await kindsOf(gzipped)).map((kind) => `${groupVersion}/${kind}`));
      else if (hash !== '') isWhole = false;
    }
    if (isWhole) keepNewest(this.known, digest, found, MAX_KNOWN);
    return found;
  }
}

/** Kinds that a group version's stored document tells of. */
async function kindsOf(gzipped: Uint8Array): Promise<readonly string[]> {
  const json = await unpack(gzipped, { maxOutputLength: MAX_DOCUMENT_BYTES });
  const { kinds } = JSON.parse(json.toString('utf8')) as SchemaDocument;
  return Object.keys(kinds).sort();
}
