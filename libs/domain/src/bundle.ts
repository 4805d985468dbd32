import { canonicalJson, sha256 } from './canonical-json.js';
import type { JsonObject, JsonValue } from './json.js';
import { isEncrypted } from './validation/encrypted.js';

export interface BundleLimits {
  /** Of the canonical JSON in UTF-8. */
  readonly maxBytes: number;
  readonly maxObjects: number;
}

export const BUNDLE_LIMITS: BundleLimits = { maxBytes: 10 * 1024 * 1024, maxObjects: 5000 };

export interface BundleError {
  readonly code:
    'object-invalid' | 'generate-name' | 'duplicate-object' | 'bundle-empty' | 'too-many-objects' | 'bundle-too-large';
  readonly message: string;
}

export type BundleResult =
  | {
      readonly ok: true;
      readonly json: string;
      readonly digest: string;
      readonly count: number;
      readonly bytes: number;
    }
  /** At most 20 errors, each naming its object. */
  | { readonly ok: false; readonly errors: readonly BundleError[] };

const MAX_ERRORS = 20;

/**
 * A bundle of what a renderer printed: one canonical JSON array, objects ordered by kind, namespace and name, so that equal
 * content has equal bytes whatever order it was printed in. Kubernetes Lists are taken apart.
 * An empty bundle is refused: it would delete everything.
 */
export function makeBundle(objects: readonly JsonValue[], limits: BundleLimits = BUNDLE_LIMITS): BundleResult {
  const errors: BundleError[] = [];
  const entries: { readonly key: string; readonly object: JsonObject }[] = [];
  const seen = new Map<string, string>();
  flatten(objects).forEach((object, index) => {
    const problem = checkObject(object, index);
    if (problem !== null) {
      errors.push(problem);
      return;
    }
    const key = keyOf(object as JsonObject);
    const title = titleOf(object as JsonObject);
    const version = text((object as JsonObject)['apiVersion']);
    const earlier = seen.get(key);
    if (earlier !== undefined) {
      const versions = earlier === version ? '' : ` (as ${earlier} and as ${version})`;
      errors.push({ code: 'duplicate-object', message: `${title} is there twice${versions}: keep one of them` });
      return;
    }
    seen.set(key, version);
    entries.push({ key, object: object as JsonObject });
  });
  const count = entries.length;
  if (errors.length === 0 && count === 0) {
    errors.push({
      code: 'bundle-empty',
      message: 'there is no object in it: an empty bundle would delete everything, so it is refused',
    });
  }
  if (count > limits.maxObjects) {
    errors.push({
      code: 'too-many-objects',
      message: `it has ${count} objects, the limit is ${limits.maxObjects}: split the application`,
    });
  }
  if (errors.length > 0) return { ok: false, errors: errors.slice(0, MAX_ERRORS) };

  entries.sort((a, b) => (a.key < b.key ? -1 : 1));
  const json = canonicalJson(entries.map(({ object }) => object));
  const bytes = new TextEncoder().encode(json).length;
  if (bytes > limits.maxBytes) {
    const message = `it has ${bytes} bytes of canonical JSON in ${count} objects, the limit is ${limits.maxBytes}: split the application`;
    return { ok: false, errors: [{ code: 'bundle-too-large', message }] };
  }
  return { ok: true, json, digest: sha256(json), count, bytes };
}

/** Lists (`kind: List`, `ConfigMapList`, …) hold objects; an empty document is none. Nested ones too, to a depth of 8. */
function flatten(values: readonly JsonValue[], depth = 0): JsonValue[] {
  const flat: JsonValue[] = [];
  for (const value of values) {
    if (value === null) continue;
    if (isList(value) && depth < 8) flat.push(...flatten(value['items'], depth + 1));
    else flat.push(value);
  }
  return flat;
}

function isList(value: JsonValue): value is JsonObject & { readonly items: readonly JsonValue[] } {
  if (!isObject(value) || !Array.isArray(value['items'])) return false;
  // `items` alone is no sign: a ConfigMapList is one, a kind of somebody's own with a name is an object.
  return value['kind'] === 'List' || (text(value['kind']).endsWith('List') && text(metadataOf(value)['name']) === '');
}

function checkObject(object: JsonValue, index: number): BundleError | null {
  const at = `object ${index + 1}`;
  if (!isObject(object))
    return { code: 'object-invalid', message: `${at} is not a Kubernetes object but ${describe(object)}` };
  const kind = text(object['kind']);
  const metadata = metadataOf(object);
  const name = text(metadata['name']);
  const title = [kind || at, name].filter(Boolean).join(' ');
  if (
    [object['kind'], object['apiVersion'], ...Object.values(metadata)].some(
      (each) => each !== undefined && isEncrypted(each),
    )
  ) {
    return {
      code: 'object-invalid',
      message: `${at} has its apiVersion, kind or metadata encrypted: encrypt it again with --encrypted-regex '^(data|stringData)$'`,
    };
  }
  if (kind === '') return { code: 'object-invalid', message: `${title} has no kind` };
  if (text(object['apiVersion']) === '') return { code: 'object-invalid', message: `${title} has no apiVersion` };
  if (metadata['generateName'] !== undefined) {
    return {
      code: 'generate-name',
      message: `${title} (${at}) has metadata.generateName: each apply would make another one; give it a name`,
    };
  }
  if (name === '') return { code: 'object-invalid', message: `${title} (${at}) has no metadata.name` };
  if (metadata['namespace'] !== undefined && text(metadata['namespace']) === '') {
    return { code: 'object-invalid', message: `${title} has a metadata.namespace that is empty or no text` };
  }
  const part = unfitPart(object, metadata);
  return part === null ? null : { code: 'object-invalid', message: `${title} (${at}) has ${part}` };
}

const kindForm = /^[A-Za-z][A-Za-z0-9]{0,62}$/;
const versionForm = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const namespaceForm = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const noName = /^\.{1,2}$|[/%\p{Cc}\p{Cf}\p{Cs}]/u;

/**
 * What of an object's name is none that Kubernetes gives to anything. They become a path at the API server: behind a proxy that tidies
 * paths, `..` as the name of a ConfigMap is its namespace.
 */
function unfitPart(object: JsonObject, metadata: JsonObject): string | null {
  if (!kindForm.test(text(object['kind']))) return 'a kind that is none: letters and digits only';
  if (!versionForm.test(text(object['apiVersion']))) return 'an apiVersion that is none: write it as v1 or apps/v1';
  const name = text(metadata['name']);
  if (name.length > 253) return 'a metadata.name of more than 253 characters';
  if (noName.test(name))
    return 'a metadata.name that no object may have: ".", "..", or with /, % or what is not seen in it';
  if (metadata['namespace'] !== undefined && !namespaceForm.test(text(metadata['namespace']))) {
    return 'a metadata.namespace that is none: lower-case letters, digits and dashes, at most 63';
  }
  return null;
}

/** An object is the same whatever version of its group it is written in. */
function keyOf(object: JsonObject): string {
  const apiVersion = text(object['apiVersion']);
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  const metadata = metadataOf(object);
  return [group, text(object['kind']), text(metadata['namespace']), text(metadata['name'])].join('\u0000');
}

function titleOf(object: JsonObject): string {
  const metadata = metadataOf(object);
  return `${text(object['kind'])} ${[text(metadata['namespace']), text(metadata['name'])].filter(Boolean).join('/')}`;
}

function metadataOf(object: JsonObject): JsonObject {
  const metadata = object['metadata'];
  return isObject(metadata) ? metadata : {};
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function describe(value: JsonValue): string {
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
