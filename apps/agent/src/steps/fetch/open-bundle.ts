import { gunzipSync } from 'node:zlib';
import { MAX_BUNDLE_BYTES, MAX_BUNDLE_OBJECTS } from '#contract';
import { type JsonObject, type JsonValue, sha256 } from '#domain';
import { RejectedError } from '#kit';
import { isMap, mapAt, textAt } from '#kube';

/**
 * The objects of a gzipped bundle whose content has the digest.
 * @throws RejectedError `bundle-digest`, `bundle-invalid`
 */
export function openBundle(gzipped: Uint8Array, digest: string): readonly JsonObject[] {
  let bytes: Buffer;
  try {
    bytes = gunzipSync(gzipped, { maxOutputLength: MAX_BUNDLE_BYTES });
  } catch {
    throw new RejectedError(
      'bundle-invalid',
      `the bundle can't be unpacked, or has more than ${MAX_BUNDLE_BYTES} bytes`,
    );
  }
  const found = sha256(bytes);
  if (found !== digest) {
    throw new RejectedError('bundle-digest', `the bundle's digest is ${found}, not ${digest} as the manifest says`);
  }
  let parsed: JsonValue;
  try {
    parsed = JSON.parse(bytes.toString('utf8')) as JsonValue;
  } catch {
    throw new RejectedError('bundle-invalid', 'the bundle is no JSON');
  }
  const objects = Array.isArray(parsed) ? (parsed as readonly JsonValue[]) : [];
  if (objects.length === 0) throw new RejectedError('bundle-invalid', 'the bundle holds no object');
  if (objects.length > MAX_BUNDLE_OBJECTS) {
    throw new RejectedError('bundle-invalid', `the bundle holds more than ${MAX_BUNDLE_OBJECTS} objects`);
  }
  return objects.map((object, index) => {
    if (
      isMap(object) &&
      textAt(object, 'apiVersion') &&
      textAt(object, 'kind') &&
      textAt(mapAt(object, 'metadata'), 'name')
    ) {
      return object;
    }
    throw new RejectedError('bundle-invalid', `object ${index + 1} of the bundle lacks its apiVersion, kind or name`);
  });
}
