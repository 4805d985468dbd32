import { type JsonObject, sha256 } from '#domain';
import { RetryableError } from '#kit';
import { type Discovery, DISCOVERY_FAILED, type KindPath } from './discovery.js';
import { normaliseObject } from './normalise.js';
import { mapAt, mapsAt, type ObjectRef, refKey, refOf, textAt } from './object-ref.js';

/** What went wrong with one object. */
export interface ObjectError {
  readonly ref: ObjectRef;
  /** CamelCase word. */
  readonly reason: string;
  /** Never holds a Secret's values. */
  readonly message: string;
  /** Nobody's input is at fault: the same may go well later. */
  readonly transient: boolean;
  readonly retryAfterMs?: number;
}

/** An object on its way to the cluster. */
export interface ApplyItem {
  readonly ref: ObjectRef;
  readonly key: string;
  readonly kind: KindPath;
  /** Normalised. */
  readonly object: JsonObject;
  /** Of the object as the bundle has it, so that another way to normalise is no other object. */
  readonly digest: string;
}

export interface PrepareInput {
  readonly application: string;
  /** For namespaced objects that name none. */
  readonly namespace: string;
  readonly discovery: Discovery;
  /** Objects that no application may have, as the agent's own. */
  readonly forbidden?: (ref: ObjectRef) => boolean;
  /** Why an object is not for this agent, in words; null: it is. */
  readonly refuse?: (ref: ObjectRef, kind: KindPath) => string | null;
  /** An object as the bundle has it, where it was decrypted since: by that it is known, so that no digest is of a plain secret. */
  readonly origin?: (object: JsonObject) => JsonObject;
}

/**
 * Resolves each object's kind and normalises it. A kind that the cluster does not serve yet may be defined in the bundle. Where a
 * group version can't be asked for, as while the server behind an APIService is away, its objects alone are in error.
 * @throws RetryableError `kube-unreachable` when the API server does not answer.
 */
export async function prepareObjects(
  objects: readonly JsonObject[],
  input: PrepareInput,
): Promise<{ readonly items: readonly ApplyItem[]; readonly errors: readonly ObjectError[] }> {
  const defined = definedKinds(objects);
  const items = new Map<string, ApplyItem>();
  const errors: ObjectError[] = [];
  const reject = (ref: ObjectRef, reason: string, message: string, transient = false): void => {
    errors.push({ ref, reason, message, transient });
  };
  const find = findOnce(input.discovery);
  for (const object of objects) {
    const named = refOf(object);
    const kind = defined.get(`${named.apiVersion}/${named.kind}`) ?? (await find(named.apiVersion, named.kind));
    if (kind instanceof RetryableError) {
      reject(named, 'KindUnknown', kind.message, true);
      continue;
    }
    if (kind === null) {
      const message = `the cluster serves no kind ${named.kind} in ${named.apiVersion}, and the bundle does not define it`;
      reject(named, 'NoSuchKind', message);
      continue;
    }
    if (!kind.namespaced && named.namespace !== undefined) {
      reject(named, 'NotNamespaced', `a ${named.kind} belongs to the cluster: remove metadata.namespace`);
      continue;
    }
    const normal = normaliseObject(object, { ...input, namespaced: kind.namespaced });
    const ref = refOf(normal);
    const key = refKey(ref);
    const refusal = input.refuse?.(ref, kind) ?? null;
    if (refusal !== null) {
      reject(ref, 'BeyondReach', refusal);
    } else if (input.forbidden?.(ref) === true) {
      reject(ref, 'Forbidden', "it is one of the agent's own objects: no application may hold it");
    } else if (items.has(key)) {
      reject(ref, 'Twice', 'it is there twice once the default namespace is filled in: keep one of them');
    } else {
      items.set(key, { ref, key, kind, object: normal, digest: digestOf(input.origin?.(object) ?? object) });
    }
  }
  return { items: [...items.values()], errors };
}

/** Asks for each kind once, however many objects there are of one that is not served, or can't be asked for. */
function findOnce(
  discovery: Discovery,
): (apiVersion: string, kind: string) => Promise<KindPath | RetryableError | null> {
  const missing = new Map<string, RetryableError | null>();
  return async (apiVersion, kind) => {
    const failed = missing.get(apiVersion);
    if (failed instanceof RetryableError) return failed;
    const name = `${apiVersion}/${kind}`;
    if (missing.has(name)) return null;
    try {
      const found = await discovery.find(apiVersion, kind);
      if (found === null) missing.set(name, null);
      return found;
    } catch (error) {
      if (!(error instanceof RetryableError) || error.code !== DISCOVERY_FAILED) throw error;
      missing.set(apiVersion, error);
      return error;
    }
  };
}

/** A bundle is canonical JSON: its objects' keys are in order already. What the namespace would add is in the key. */
function digestOf(object: JsonObject): string {
  return sha256(JSON.stringify(object));
}

/** The kinds that a bundle's own definitions will make, by `apiVersion/kind`. */
function definedKinds(objects: readonly JsonObject[]): ReadonlyMap<string, KindPath> {
  const kinds = new Map<string, KindPath>();
  for (const object of objects) {
    if (object['kind'] !== 'CustomResourceDefinition') continue;
    const spec = mapAt(object, 'spec');
    const names = mapAt(spec, 'names');
    for (const version of mapsAt(spec, 'versions')) {
      if (version['served'] !== true) continue;
      const apiVersion = `${textAt(spec, 'group')}/${textAt(version, 'name')}`;
      const kind = textAt(names, 'kind');
      const namespaced = textAt(spec, 'scope') === 'Namespaced';
      const plural = textAt(names, 'plural');
      kinds.set(`${apiVersion}/${kind}`, { apiVersion, kind, namespaced, base: `/apis/${apiVersion}`, plural });
    }
  }
  return kinds;
}

/** The group versions that a definition serves. */
export function servedVersions(definition: JsonObject): readonly string[] {
  const spec = mapAt(definition, 'spec');
  return mapsAt(spec, 'versions').map((version) => `${textAt(spec, 'group')}/${textAt(version, 'name')}`);
}
