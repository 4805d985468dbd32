import { Inject, Injectable } from '@nestjs/common';
import { keepNewest, RetryableError } from '#kit';
import { ClusterApis } from '../../validation/cluster-apis.js';

/** Most digests whose API versions are remembered: some 10 KB each. */
const MAX_KNOWN = 200;

/** API versions that clusters serve, as a chart asks for them: `apps/v1`, `apps/v1/Deployment`. */
@Injectable()
export class ServedApis {
  private readonly known = new Map<string, readonly string[]>();

  constructor(@Inject(ClusterApis) private readonly apis: Pick<ClusterApis, 'kinds'>) {}

  /**
   * @param digest as the agents tell it; undefined: none is asked for.
   * @throws RetryableError `apis-unknown`: the agents have told the digest, and not yet what it is of.
   */
  async of(digest: string | undefined): Promise<readonly string[]> {
    if (digest === undefined) return [];
    const known = this.known.get(digest);
    if (known) return known;
    const served = await this.apis.kinds(digest);
    if (served === null) {
      throw new RetryableError(
        'apis-unknown',
        'The chart asks which API versions the cluster serves, and its agent has not told them yet.',
      );
    }
    const found = [...served].flatMap(([groupVersion, kinds]) => [
      groupVersion,
      ...(kinds ?? []).map((kind) => `${groupVersion}/${kind}`),
    ]);
    found.sort();
    // What came later is told then.
    if (![...served.values()].includes(null)) keepNewest(this.known, digest, found, MAX_KNOWN);
    return found;
  }
}
