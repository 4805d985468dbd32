import { types } from 'node:util';
import { carriedFiles, type JsonObject, type ManifestApplication } from '#domain';
import { RejectedError } from '#kit';
import { type ObjectError, refOf } from '#kube';
import type { Kube } from '#ports';
import { DEFAULT_KEYS, readAgeKeys } from './age-keys.js';
import { mayBeSealed } from './sealed-format.js';

/** Objects that can be read. */
export interface Unsealed {
  /** Those that could not be decrypted are left out. */
  readonly objects: readonly JsonObject[];
  /** Why they could not. */
  readonly errors: readonly ObjectError[];
  /** An object as the bundle has it. */
  readonly origin: (object: JsonObject) => JsonObject;
  /** What was encrypted, as Secrets that are in no cluster: for a mask. */
  readonly hidden: readonly JsonObject[];
}

export interface UnsealInput {
  readonly kube: Kube;
  /** The agent's own, where the keys are. */
  readonly namespace: string;
  readonly assignment: Pick<ManifestApplication, 'decryption' | 'namespace'>;
  /** All of the bundle, where the objects are some of it: files come with one object of theirs. */
  readonly bundle?: readonly JsonObject[];
}

/**
 * Decrypts what SOPS encrypted of a bundle, in memory, with the keys that the cluster has now. Nothing is asked for, nor loaded,
 * where nothing is encrypted.
 * @throws RetryableError where the keys can't be read
 */
export async function unsealObjects(objects: readonly JsonObject[], input: UnsealInput): Promise<Unsealed> {
  if (!objects.some(mayBeSealed)) return { objects, errors: [], origin: (object) => object, hidden: [] };
  const { kube, namespace, assignment, bundle = objects } = input;
  const keys = await readAgeKeys(kube, namespace, assignment.decryption?.secret ?? DEFAULT_KEYS);
  const { ObjectOpener } = await import('./open-object.js');
  const opener = new ObjectOpener(keys, carriedFiles(bundle));
  const origins = new Map<JsonObject, JsonObject>();
  const opened: JsonObject[] = [];
  const errors: ObjectError[] = [];
  const hidden: JsonObject[] = [];
  for (const sealed of objects) {
    if (!mayBeSealed(sealed)) {
      opened.push(sealed);
      continue;
    }
    try {
      const { object, values } = await opener.open(sealed);
      opened.push(object);
      origins.set(object, sealed);
      hidden.push(asSecret(values));
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null) throw error;
      const ref = refOf(sealed);
      // As whose it is tracked, where it names no namespace.
      const place =
        ref.namespace === undefined && sealed['kind'] === 'Secret' ? { namespace: assignment.namespace } : {};
      const reason = refusal.code === 'sops-key-missing' ? 'KeyMissing' : 'NotDecrypted';
      errors.push({ ref: { ...ref, ...place }, reason, message: refusal.message, transient: false });
    }
  }
  return { objects: opened, errors, origin: (object) => origins.get(object) ?? object, hidden };
}

/** Null: nothing is wrong with the object. */
function refusalOf(error: unknown): RejectedError | null {
  if (error instanceof RejectedError) return error;
  // So deep that whoever reads it runs out of stack.
  const isTooDeep = types.isNativeError(error) && error.name === 'RangeError';
  return isTooDeep ? new RejectedError('sops-file', 'it is nested too deep to be read') : null;
}

function asSecret(values: readonly string[]): JsonObject {
  const stringData = Object.fromEntries(values.map((value, at) => [String(at), value]));
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'hidden' }, stringData };
}
