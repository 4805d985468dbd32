import type { JsonObject, JsonValue } from '../json.js';

/** Whether a value is one that SOPS encrypted: what it is shows in the cluster alone. */
export function isEncrypted(value: JsonValue): boolean {
  return typeof value === 'string' && value.startsWith('ENC[');
}

/** Whether an object is a SOPS file of its own. */
export function isEncryptedObject(object: JsonObject): boolean {
  const { sops } = object;
  return typeof sops === 'object' && sops !== null;
}
