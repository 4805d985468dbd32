import type { JsonObject } from '#domain';
import { isMap, isSecret, mapAt } from '#kube';

export type SealedFormat = 'yaml' | 'json' | 'env' | 'ini';

const SEALED = 'ENC[AES256_GCM,';
/** The beginning of that in base64, at each of its three places. */
const SEALED_BASE64 = ['RU5DW0FFUzI1Nl9HQ0', 'VOQ1tBRVMyNTZfR0NN', 'FTkNbQUVTMjU2X0dDTS'];

/** Whether an object may hold anything that SOPS encrypted, at a glance. */
export function mayBeSealed(object: JsonObject): boolean {
  if (isMap(object['sops'])) return true;
  if (!isSecret(object)) return false;
  // Kustomize writes long values in several lines.
  const holds = (value: unknown, words: readonly string[]): boolean =>
    typeof value === 'string' && hasSome(value.replace(/\s+/g, ''), words);
  return (
    Object.values(mapAt(object, 'data')).some((value) => holds(value, [...SEALED_BASE64, SEALED])) ||
    Object.values(mapAt(object, 'stringData')).some((value) => holds(value, [SEALED]))
  );
}

function hasSome(text: string, words: readonly string[]): boolean {
  return words.some((word) => text.includes(word));
}

/** What kind of file a text is that SOPS encrypted; null: it is none. */
export function sealedFormat(text: string): SealedFormat | null {
  if (!text.includes(SEALED)) return null;
  if (/^\s*\{/.test(text)) return /"sops"\s*:/.test(text) ? 'json' : null;
  if (/^sops_mac=/m.test(text)) return 'env';
  if (/^\[sops\]\s*$/m.test(text)) return 'ini';
  return /^sops:/m.test(text) ? 'yaml' : null;
}
