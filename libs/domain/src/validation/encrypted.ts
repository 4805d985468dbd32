import type { JsonObject, JsonValue } from '../json.js';

/** Whether a value is one that SOPS encrypted: what it is shows in the cluster alone. */
export function isEncrypted(value: JsonValue): boolean {
  return typeof value === 'string' && value.startsWith('ENC[');
}

/** Whether an object is a SOPS file of its own. */
function isEncryptedObject(object: JsonObject): boolean {
  const { sops } = object;
  return typeof sops === 'object' && sops !== null;
}

/** Where encrypted values hide nothing but what the object is to hand on: what anything does is not decided by them. */
const HANDED_ON = new Map<JsonValue | undefined, readonly string[]>([
  ['Secret', ['data', 'stringData']],
  ['ConfigMap', ['data', 'binaryData']],
]);

/** The first field of an encrypted object whose value only its cluster can tell, and which may be about anything; null: there is none. */
export function hiddenField(object: JsonObject): string | null {
  if (!isEncryptedObject(object)) return null;
  const { sops: _, ...fields } = object;
  const fine = object['apiVersion'] === 'v1' ? (HANDED_ON.get(object['kind']) ?? []) : [];
  for (const [name, value] of Object.entries(fields)) {
    const found = fine.includes(name) ? null : hiddenIn(value, name);
    if (found !== null) return found;
  }
  return null;
}

function hiddenIn(value: JsonValue, field: string): string | null {
  if (isEncrypted(value)) return field;
  if (typeof value !== 'object' || value === null) return null;
  const isList = Array.isArray(value);
  for (const [key, each] of Object.entries(value as JsonObject)) {
    const found = hiddenIn(each, isList ? `${field}[${key}]` : `${field}.${key}`);
    if (found !== null) return found;
  }
  return null;
}
