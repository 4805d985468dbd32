import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { MAX_BUNDLE_BYTES } from '#contract';
import type { JsonObject } from '#domain';
import type { Unit } from '#ports';

const unpack = promisify(gunzip);

/** The objects of a stored bundle; none where it is not stored any more. */
export async function readBundle(read: Unit, digest: string): Promise<readonly JsonObject[]> {
  const gzipped = await read.releases.getBundle(digest);
  if (gzipped === null) return [];
  const json = await unpack(gzipped, { maxOutputLength: MAX_BUNDLE_BYTES });
  return JSON.parse(json.toString('utf8')) as readonly JsonObject[];
}
