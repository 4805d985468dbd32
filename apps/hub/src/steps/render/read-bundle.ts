import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { MAX_BUNDLE_BYTES } from '#contract';
import type { JsonObject } from '#domain';
import type { Unit } from '#ports';

const unpack = promisify(gunzip);

/** The objects of a stored bundle; null: it is not stored. */
export async function readBundle(
  { releases }: Pick<Unit, 'releases'>,
  digest: string,
): Promise<readonly JsonObject[] | null> {
  const gzipped = await releases.getBundle(digest);
  if (gzipped === null) return null;
  const json = await unpack(gzipped, { maxOutputLength: MAX_BUNDLE_BYTES });
  return JSON.parse(json.toString('utf8')) as readonly JsonObject[];
}
